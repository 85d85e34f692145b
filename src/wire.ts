// Builds the edges and hands them to each other: the one place where everything meets. It refuses to start with a
// policy that has problems, and takes down what it has built when a later part does not start.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { checkable } from './commands/environment.ts'
import { dashboard } from './dashboard/dashboard.ts'
import { refusePublic, startHttp } from './dashboard/listen.ts'
import { signInWays } from './dashboard/sign-in/provider-settings.ts'
import { openWake } from './deliver/wake.ts'
import { channelDesk } from './engine/channel-desk.ts'
import { openAlerts } from './engine/alerts.ts'
import { readAlertSettings } from './engine/alert-ways.ts'
import { watchChannels, type ChannelWatch } from './engine/channel-watch.ts'
import { openDestinationStates } from './engine/destination-states.ts'
import { openFeeds, type Feeds, type Listening } from './engine/feeds.ts'
import { acceptable, putInForce } from './engine/first-policy.ts'
import { holdPolicy, type PolicyHolder, type Reloaded } from './engine/in-force.ts'
import { keptPolicies } from './engine/kept-policies.ts'
import { openLines, type Lines } from './engine/lines.ts'
import { followPolicy } from './engine/one-policy.ts'
import { openThings, type OpenThings } from './engine/open-things.ts'
import { pkbOrSandbox } from './engine/pkb-address.ts'
import { policyStatus } from './engine/policy-status.ts'
import { readiness } from './engine/readiness.ts'
import { openRetryRuns } from './engine/retry-runs.ts'
import { openReviews } from './engine/reviews.ts'
import { tryDesk } from './engine/try.ts'
import { openSignIn } from './engine/sign-in.ts'
import { Failure } from './errors.ts'
import { makeTake } from './intake/take.ts'
import { openContent } from './ledger/content-files.ts'
import { connect, endPool } from './ledger/database.ts'
import { startEmbedded } from './ledger/embedded/embedded.ts'
import type { Ledger } from './ledger/ledger.ts'
import { migrate } from './ledger/migrate.ts'
import { openLedger } from './ledger/open.ts'
import type { Say } from './observe/events.ts'
import { watchCircuits, watchPolicy as watchPolicyMetrics } from './observe/metrics.ts'
import { makeSay } from './observe/say.ts'
import { plan } from './plan.ts'
import { loadPolicy } from './policy/load.ts'
import type { Policy } from './policy/policy.ts'
import { overdueInWords } from './policy/reviews.ts'
import { watchPolicy } from './policy/watch.ts'
import { checkValues, logLevel, makeDataDir, port, readSetting, reloadsOnChange, withTokens, type Environment } from './settings.ts'

export const PARTS = ['feeds', 'worker', 'dashboard'] as const
export type Part = (typeof PARTS)[number]

export type Engine = {
  /** Where pages, API and the HTTP feed are; absent where only a worker runs. */
  readonly url?: string
  /** At the moment: another policy may move a feed. */
  readonly mllp: readonly Listening[]
  readonly sandboxUrl?: string
  readonly env: Environment
  /** The policy in force. */
  readonly policy: Policy
  /** Reads channels and mappings again, and takes what they say if it can be taken. */
  reload(): Promise<Reloaded>
  /** Makes the first account at /sign-in/code; absent where there is one, or no pages. */
  readonly firstCode?: string
  /** What should be done about the policy, in sentences. */
  warnings(): readonly string[]
  stop(): Promise<void>
}

export type StartOptions = {
  readonly parts?: readonly Part[]
  /** One line of JSON; standard error if left out. */
  readonly log?: (line: string) => void
  /** How often it looks at what is wrong and tells what is due, in milliseconds. */
  readonly alertsEveryMs?: number
}
type Options = Omit<StartOptions, 'parts'>

export const startEngine = async (given: Environment, { parts = PARTS, ...options }: StartOptions = {}): Promise<Engine> => {
  const whole = PARTS.every((part) => parts.includes(part))
  if (!whole && readSetting('DATABASE_URL', given) === undefined) throw new Failure('DATABASE_NEEDED', `serve ${parts.join(' ')} runs a part of the engine.`)
  const open = openThings()
  try {
    return await build(given, parts, options, open)
  } catch (error) {
    await open.closeAll().catch(() => undefined)
    throw error
  }
}

const now = (): Date => new Date()

/** Stage by stage, each below: what a stage has opened is closed before that of the stages above it. */
const build = async (given: Environment, parts: readonly Part[], options: Options, open: OpenThings): Promise<Engine> => {
  const start = checked(given, parts, options, open)
  const ground = await openGround(start)
  const kept = await openKept(start, ground)
  const moving = await openMoving(start, kept)
  const watching = openWatching(start, ground, kept, moving)
  const listening = await openPages(start, ground, kept, moving, watching)
  follow(watching.holder, ground.env, open)
  open.add(followPolicy({ ledger: kept.ledger, holder: watching.holder, say: start.say }).close)
  watching.reviews.tell()
  const firstCode = parts.includes('dashboard') ? await watching.signIn.firstCode() : undefined
  start.say('engine_started', { parts: parts.join(' '), policy: kept.first.policy.hash })
  return engineOf(start, ground, kept, moving, watching, { ...(listening ? { url: listening.url } : {}), ...(firstCode === undefined ? {} : { firstCode }) })
}

// ---------------------------------------------------------------- its stages

const checked = (given: Environment, parts: readonly Part[], { log, alertsEveryMs }: Options, open: OpenThings) => {
  checkValues(given)
  readAlertSettings(given)
  signInWays(given)
  const { say, metrics } = makeSay({ level: logLevel(given), ...(log ? { write: log } : {}) })
  const http = { host: readSetting('HTTP_HOST', given)!, port: port('HTTP_PORT', given), behindProxy: readSetting('HTTP_BEHIND_PROXY', given) === 'true' }
  const hasPages = parts.includes('dashboard') || parts.includes('feeds')
  if (hasPages) refusePublic(http)
  return { given, parts, open, say, metrics, http, hasPages, dataDir: makeDataDir(given), every: alertsEveryMs === undefined ? {} : { everyMs: alertsEveryMs } }
}
type Start = ReturnType<typeof checked>

/**
 * The policy first, so that a refused one starts nothing; the database next, so that a second engine on this folder
 * is told of the first. Meanwhile the sandbox starts; only then is it known where it is, which the policy names.
 */
const openGround = async ({ given, parts, dataDir, say, open }: Start) => {
  const settings = withTokens(given)
  const assumed = checkable(settings)
  const looked = acceptable(await loadPolicy(assumed))
  const pkb = pkbOrSandbox({ env: settings, delivers: parts.includes('worker'), dataDir, pkb: looked.policy.destinations.pkb, say }, open)
  const pool = await database(settings, dataDir, say, open)
  const { env, sandboxUrl } = await pkb()
  const loaded = Object.keys(env).every((name) => !env[name]?.trim() || env[name] === assumed[name]) ? looked : acceptable(await loadPolicy(env))
  return { env, sandboxUrl, pool, loaded }
}
type Ground = Awaited<ReturnType<typeof openGround>>

/** The files, the ledger with the policy that is in force from now on, and the queue that wakes whoever delivers. */
const openKept = async ({ dataDir, say, open }: Start, { env, pool, loaded }: Ground) => {
  let holder: PolicyHolder | undefined
  const policy = (): Policy => (holder ? holder.now() : loaded).policy
  const content = await openContent(join(dataDir, 'content'))
  const ledger = await openLedger({
    pool, now, newId: randomUUID, say,
    get accountFreshHours() { return policy().destinations.pkb?.account_fresh_hours ?? 24 },
    plan: (receipt, person, prior) => {
      const planned = plan(receipt, policy(), person, prior)
      if (!planned.ok) throw new Failure('INTERNAL', `A receipt that was parsed once is refused under the policy in force: ${planned.refusal.code}.`)
      return planned.plan
    },
  })
  open.add(() => ledger.close())
  const first = await putInForce(loaded, env, ledger, say, now)

  const redisUrl = readSetting('REDIS_URL', env)
  const wake = await openWake({ ...(redisUrl ? { redisUrl } : { pool }), say, now })
  open.add(() => wake.close())
  ledger.onOwed((owed) => { void wake.wake(owed) })
  return { content, ledger, wake, policy, first, /** From now on it says which policy is in force. */ heldBy: (one: PolicyHolder): void => { holder = one } }
}
type Kept = Awaited<ReturnType<typeof openKept>>

type Moving = { readonly feeds?: Feeds; readonly lines?: Lines; readonly channelWatch: ChannelWatch }

/** What comes in and what leaves, with what a person has stopped closed from the beginning. */
const openMoving = async ({ parts, metrics, say, open }: Start, { content, ledger, wake, policy, first }: Kept): Promise<Moving> => {
  const lines = parts.includes('worker') ? openLines({ ledger, wake, policy, content, say, now }) : undefined
  if (lines) watchCircuits(metrics, lines.circuits)
  const feeds = parts.includes('feeds') ? openFeeds({ content, take: makeTake({ ledger, policy, say }), reject: rejectInto(ledger, say), say, now, newId: randomUUID }) : undefined
  const id = randomUUID()
  const moves = { ...(feeds ? { feeds } : {}), ...(lines ? { lines } : {}) }
  const channelWatch = await watchChannels({ ledger, ...moves, say, now, id })
  await startAll(first.policy, lines, feeds, open)
  open.add(() => channelWatch.close())
  channelWatch.begin()
  if (lines) open.add(openDestinationStates({ ledger, circuits: lines.circuits, process: id, say, now }).close)
  if (lines) open.add(openRetryRuns({ ledger, say, now }).close)
  return { ...moves, channelWatch }
}

/** Whoever may change the policy, tells people what is wrong, and knows who they are. */
const openWatching = ({ given, metrics, dataDir, every, say, open }: Start, { env }: Ground, kept: Kept, { lines, feeds }: Moving) => {
  const { ledger, wake, policy, first, heldBy } = kept
  const reviews = openReviews({ policy, say, now })
  open.add(() => reviews.close())
  const settingsNow = (): Environment => ({ ...env, RIO_HTTP_TOKEN: withTokens(given)['RIO_HTTP_TOKEN'] })
  const holder = holdPolicy({ first, env: settingsNow, ledger, parts: [feeds, lines].filter((part) => part !== undefined), say, now, onTaken: reviews.tell })
  heldBy(holder)
  const alerts = openAlerts({ env, ledger, holder, ...(feeds ? { feeds } : {}), ...(lines ? { lines } : {}), wake, dataDir, ...every, say, now })
  open.add(() => alerts.close())
  watchPolicyMetrics(metrics, () => ({ hash: policy().hash, refused: holder.refused() !== undefined, overdue: reviews.overdue().length }))
  return { reviews, settingsNow, holder, alerts, signIn: openSignIn({ ledger, env, now }) }
}
type Watching = ReturnType<typeof openWatching>

/** Where the pages, their API and the HTTP feed are; undefined where only a worker runs. */
const openPages = async (start: Start, { env, sandboxUrl }: Ground, kept: Kept, { lines, feeds, channelWatch }: Moving, watching: Watching): Promise<{ readonly url: string } | undefined> => {
  const { parts, http, hasPages, metrics, say, open } = start
  const { content, ledger, wake, policy } = kept
  const { reviews, settingsNow, holder, alerts, signIn } = watching
  if (!hasPages) return undefined
  const pages = dashboard({
    ledger, content, metrics, say, now, policy, policyStatus: policyStatus(holder, reviews), alerting: alerts, policies: keptPolicies({ ledger, env: settingsNow }),
    visitors: signIn.visitors, signIn: signIn.settings, ...(signIn.provider ? { provider: signIn.provider } : {}),
    channels: channelDesk({ holder, env: settingsNow, watch: channelWatch, now }), tryIt: tryDesk({ inForce: holder.now, env, now }),
    ...(sandboxUrl ? { sandboxUrl } : {}),
    ready: readiness({ ledger, wake, parts, down: () => [...(feeds?.down() ?? []), ...(lines?.down() ?? [])] }),
    wake: (documentId, destination) => wake.wake([{ documentId, destination, dueAt: now().toISOString() }]),
    banners: () => banners(policy(), sandboxUrl),
  })
  const listening = await startHttp({ ...http, routers: [...(feeds ? [feeds.routes] : []), pages], say })
  open.add(() => listening.close())
  return listening
}

const engineOf = ({ say, open }: Start, { env, sandboxUrl }: Ground, { policy }: Kept, { feeds }: Moving, { holder, reviews }: Watching, more: Pick<Engine, 'url' | 'firstCode'>): Engine => ({
  ...more, ...(sandboxUrl ? { sandboxUrl } : {}), env,
  get policy() { return policy() },
  get mllp() { return feeds?.listening() ?? [] },
  reload: holder.reload, warnings: () => reviews.overdue().map(overdueInWords),
  stop: () => { say('engine_stopping', {}); return open.closeAll() },
})

// ---------------------------------------------------------------- the parts

/** Looks at the files whenever they have changed. */
const follow = (holder: PolicyHolder, env: Environment, open: OpenThings): void => {
  open.add(() => holder.close())
  if (!reloadsOnChange(env)) return
  const watching = watchPolicy({
    folders: [readSetting('CHANNELS_DIR', env)!, readSetting('MAPPINGS_DIR', env)!],
    onChange: () => void holder.reload(),
  })
  open.add(() => watching.close())
}

const database = async (env: Environment, dataDir: string, say: Say, open: OpenThings): Promise<Pool> => {
  let url = readSetting('DATABASE_URL', env)
  if (url === undefined) {
    const embedded = await startEmbedded({ dataDir, say })
    open.add(() => embedded.stop())
    url = embedded.url
  }
  const pool = connect(url, { max: 24, say })
  open.add(() => endPool(pool))
  await migrate(pool, { say })
  return pool
}

const rejectInto = (ledger: Ledger, say: Say): Parameters<typeof openFeeds>[0]['reject'] => async (rejected) => {
  await ledger.reject(rejected)
  say('receipt_rejected', { feed: rejected.feed, code: rejected.code, at: 'message' })
}

/** The lines first: what comes in has somewhere to go. */
const startAll = async (policy: Policy, lines: Lines | undefined, feeds: Feeds | undefined, open: OpenThings): Promise<void> => {
  for (const part of [lines, feeds]) {
    if (!part) continue
    open.add(() => part.close())
    const ready = await part.change(policy)
    if (!ready.ok) throw ready.failure
    await ready.commit()
  }
  const [down] = lines?.down() ?? []
  if (down !== undefined) throw new Failure('INTERNAL', `No line to ${down} could be opened.`)
}

const banners = (policy: Policy, sandboxUrl: string | undefined): readonly string[] => [
  ...(sandboxUrl ? ['The PKB sandbox stands in for PKB: no document leaves this machine.'] : []),
  ...(policy.testPatients ? ['Test patients are accepted: NHS numbers that begin with 999.'] : []),
]
