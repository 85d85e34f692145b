// Builds the edges and hands them to each other: the one place where everything meets. It refuses to start with a
// policy that has problems, and takes down what it has built when a later part does not start.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Router } from 'express'
import type { Pool } from 'pg'
import { startSandboxChild } from './commands/sandbox-child.ts'
import { checkable, usesSandbox } from './commands/environment.ts'
import { dashboard } from './dashboard/dashboard.ts'
import type { PartState } from './dashboard/parts.ts'
import { refusePublic, startHttp } from './dashboard/listen.ts'
import { openAccounts } from './deliver/pkb/accounts.ts'
import { openPkb } from './deliver/pkb/pkb.ts'
import { watchAcknowledgements } from './deliver/print/acknowledgements.ts'
import { printDestination } from './deliver/print/destination.ts'
import { openWake, type Wake } from './deliver/wake.ts'
import { openWorker } from './deliver/worker.ts'
import { Failure } from './errors.ts'
import { startFolderFeed } from './intake/folder/folder.ts'
import { httpFeed } from './intake/http/router.ts'
import { startMllpFeed } from './intake/mllp/server.ts'
import { makeTake, type RejectMessage } from './intake/take.ts'
import { openContent } from './ledger/content-files.ts'
import type { ContentStore } from './ledger/content.ts'
import { connect } from './ledger/database.ts'
import { startEmbedded } from './ledger/embedded.ts'
import type { Ledger } from './ledger/ledger.ts'
import { migrate } from './ledger/migrate.ts'
import { openLedger } from './ledger/open.ts'
import type { Say } from './observe/events.ts'
import { makeSay } from './observe/say.ts'
import { plan } from './plan.ts'
import { loadPolicy } from './policy/load.ts'
import type { Policy } from './policy/policy.ts'
import { inOrder, printProblem, type PolicyProblem } from './policy/problem.ts'
import { checkValues, logLevel, makeDataDir, port, readSetting, sandboxSettings, withTokens, type Environment } from './settings.ts'

export const PARTS = ['feeds', 'worker', 'dashboard'] as const
export type Part = (typeof PARTS)[number]

export type Engine = {
  /** Where pages, API and the HTTP feed are; absent where only a worker runs. */
  readonly url?: string
  readonly mllp: readonly { readonly feed: string; readonly host: string; readonly port: number }[]
  readonly sandboxUrl?: string
  readonly env: Environment
  readonly policy: Policy
  stop(): Promise<void>
}

/** The policy has problems: each with its place. */
export class PolicyRefused extends Failure {
  readonly problems: readonly PolicyProblem[]
  constructor(problems: readonly PolicyProblem[], breaksFloor: boolean) {
    super(breaksFloor ? 'FLOOR_BROKEN' : 'POLICY_INVALID', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:\n${inOrder(problems).map(printProblem).join('\n')}`)
    this.problems = problems
  }
}

/** What was opened, closed in the opposite order. */
const openThings = () => {
  const close: (() => Promise<unknown> | undefined)[] = []
  return {
    add: (one: () => Promise<unknown> | undefined): void => { close.push(one) },
    /** One that fails does not keep the others open: PostgreSQL, which closes last, least of all. */
    closeAll: async (): Promise<void> => {
      const failed: unknown[] = []
      for (const one of close.splice(0).toReversed()) {
        try { await one() } catch (error) { failed.push(error) }
      }
      if (failed.length > 0) throw failed[0]
    },
  }
}
type Open = ReturnType<typeof openThings>

export type StartOptions = { readonly parts?: readonly Part[]; /** One line of JSON; standard error if left out. */ readonly log?: (line: string) => void }

export const startEngine = async (given: Environment, { parts = PARTS, log }: StartOptions = {}): Promise<Engine> => {
  const whole = PARTS.every((part) => parts.includes(part))
  if (!whole && readSetting('DATABASE_URL', given) === undefined) throw new Failure('DATABASE_NEEDED', `serve ${parts.join(' ')} runs a part of the engine.`)
  const open = openThings()
  try {
    return await build(given, parts, log, open)
  } catch (error) {
    await open.closeAll().catch(() => undefined)
    throw error
  }
}

const now = (): Date => new Date()

const build = async (given: Environment, parts: readonly Part[], log: StartOptions['log'], open: Open): Promise<Engine> => {
  checkValues(given)
  const { say, metrics } = makeSay({ level: logLevel(given), ...(log ? { write: log } : {}) })
  const http = { host: readSetting('HTTP_HOST', given)!, port: port('HTTP_PORT', given), behindProxy: readSetting('HTTP_BEHIND_PROXY', given) === 'true' }
  const hasPages = parts.includes('dashboard') || parts.includes('feeds')
  if (hasPages) refusePublic(http)
  const dataDir = makeDataDir(given)

  // The policy first, so that a refused one starts nothing; the database next, so that a second engine on this folder
  // is told of the first. Meanwhile the sandbox starts; only then is it known where it is, which the policy names.
  const settings = withTokens(given)
  const assumed = checkable(settings)
  const looked = acceptable(await loadPolicy(assumed))
  const pkb = pkbOrSandbox(settings, parts, dataDir, open)
  const pool = await database(settings, dataDir, say, open)
  const { env, sandboxUrl } = await pkb()
  const { policy, proof, files } = Object.keys(env).every((name) => !env[name]?.trim() || env[name] === assumed[name]) ? looked : acceptable(await loadPolicy(env))
  const inForce = () => policy

  const content = await openContent(join(dataDir, 'content'))
  const ledger = await openLedger({
    pool, now, newId: randomUUID, say, accountFreshHours: policy.destinations.pkb?.account_fresh_hours ?? 24,
    plan: (receipt, person, prior) => {
      const planned = plan(receipt, inForce(), person, prior)
      if (!planned.ok) throw new Failure('INTERNAL', `A receipt that was parsed once is refused under the policy in force: ${planned.refusal.code}.`)
      return planned.plan
    },
  })
  open.add(() => ledger.close())
  await ledger.savePolicy({ hash: policy.hash, files }, now().toISOString())
  say('policy_loaded', { policy: policy.hash, combinations: proof.combinations, classes: proof.walked })

  const redisUrl = readSetting('REDIS_URL', env)
  const wake = await openWake({ ...(redisUrl ? { redisUrl } : { pool }), say, now })
  open.add(() => wake.close())
  ledger.onOwed((owed) => { void wake.wake(owed) })

  if (parts.includes('worker')) await worker({ ledger, wake, policy: inForce, content, say, now }, open)
  const routers: Router[] = []
  const mllp = parts.includes('feeds') ? await feeds({ ledger, policy: inForce, content, say, now }, routers, open) : []
  const ready = readiness(ledger, wake, parts)
  if (hasPages)
    routers.push(dashboard({
      ledger, metrics, say, apiToken: env['API_TOKEN']!, policy: inForce, now, ready, ...(sandboxUrl ? { sandboxUrl } : {}),
      wake: (documentId, destination) => wake.wake([{ documentId, destination, dueAt: now().toISOString() }]),
      banners: () => banners(policy, sandboxUrl),
    }))
  const listening = hasPages ? await startHttp({ ...http, routers, say }) : undefined
  if (listening) open.add(() => listening.close())
  say('engine_started', { parts: parts.join(' '), policy: policy.hash })
  return { ...(listening ? { url: listening.url } : {}), mllp, ...(sandboxUrl ? { sandboxUrl } : {}), env, policy, stop: () => open.closeAll() }
}

const acceptable = ({ policy, proof, problems, files }: Awaited<ReturnType<typeof loadPolicy>>) => {
  if (!policy || !proof) throw new PolicyRefused(problems, (proof?.counterExamples.length ?? 0) > 0)
  return { policy, proof, files }
}

type Pkb = { readonly env: Environment; readonly sandboxUrl?: string }

/** Where no PKB address is configured the sandbox stands in; a part that does not deliver needs only its address. */
const pkbOrSandbox = (env: Environment, parts: readonly Part[], dataDir: string, open: Open): (() => Promise<Pkb>) => {
  if (!usesSandbox(env)) return async () => ({ env })
  if (!parts.includes('worker')) return async () => ({ env: { ...env, ...sandboxSettings(`http://127.0.0.1:${port('SANDBOX_PORT', env)}`) } })
  const sandbox = startSandboxChild(env, join(dataDir, 'sandbox'))
  open.add(() => sandbox.stop())
  return async () => {
    const sandboxUrl = await sandbox.url
    return { env: { ...env, ...sandboxSettings(sandboxUrl) }, sandboxUrl }
  }
}

const database = async (env: Environment, dataDir: string, say: Say, open: Open): Promise<Pool> => {
  let url = readSetting('DATABASE_URL', env)
  if (url === undefined) {
    const embedded = await startEmbedded({ dataDir, say })
    open.add(() => embedded.stop())
    url = embedded.url
  }
  const pool = connect(url, { max: 24, say })
  open.add(() => pool.end())
  await migrate(pool, { say })
  return pool
}

type Delivering = { readonly ledger: Ledger; readonly wake: Wake; readonly policy: () => Policy; readonly content: ContentStore; readonly say: Say; readonly now: () => Date }

const worker = async ({ ledger, wake, policy, content, say, now }: Delivering, open: Open): Promise<void> => {
  const { pkb, print } = policy().destinations
  const accounts = pkb ? openAccounts(pkb, { now }) : undefined
  if (accounts) open.add(() => accounts.close())
  const destinations = [
    ...(pkb ? [{ destination: openPkb(pkb, { content, now }), settings: pkb }] : []),
    ...(print ? [{ destination: printDestination({ settings: print, content, now }), settings: print }] : []),
  ]
  for (const { destination } of destinations) open.add(() => destination.close())
  const running = await openWorker({ ledger, wake, destinations, ...(accounts ? { accounts } : {}), policy, say, now, random: Math.random })
  open.add(() => running.close())
  if (print) {
    const acknowledgements = watchAcknowledgements({ settings: print, say, acknowledge: ledger.acknowledgePrint, now })
    open.add(() => acknowledgements.close())
  }
}

const feeds = async ({ ledger, policy, content, say, now }: Omit<Delivering, 'wake'>, routers: Router[], open: Open): Promise<Engine['mllp']> => {
  const take = makeTake({ ledger, policy, say })
  const reject: RejectMessage = async (rejected) => {
    await ledger.reject(rejected)
    say('receipt_rejected', { feed: rejected.feed, code: rejected.code, at: 'message' })
  }
  const listening: { feed: string; host: string; port: number }[] = []
  for (const [name, feed] of Object.entries(policy().feeds)) {
    const parts = { name, content, take, reject, say, now, newId: randomUUID }
    if (feed.type === 'http') { routers.push(httpFeed({ ...parts, feed })); continue }
    if (feed.type === 'folder') {
      const watching = await startFolderFeed({ ...parts, feed })
      open.add(() => watching.close())
      continue
    }
    const running = await startMllpFeed({ ...parts, feed })
    open.add(() => running.close())
    listening.push({ feed: name, ...running.address })
  }
  return listening
}

const readiness = (ledger: Ledger, wake: Wake, parts: readonly Part[]) => async (): Promise<readonly PartState[]> => [
  await state('postgresql', () => ledger.ping()),
  await state('queue', () => wake.counts('pkb')),
  ...parts.map((part) => ({ part, ok: true })),
]

const state = async (part: string, ask: () => Promise<unknown>): Promise<PartState> => {
  try {
    await ask()
    return { part, ok: true }
  } catch {
    return { part, ok: false, detail: 'It does not answer.' }
  }
}

const banners = (policy: Policy, sandboxUrl: string | undefined): readonly string[] => [
  ...(sandboxUrl ? ['The PKB sandbox stands in for PKB: no document leaves this machine.'] : []),
  ...(policy.testPatients ? ['Test patients are accepted: NHS numbers that begin with 999.'] : []),
]
