// `npm run torture`: uploads without pause while the engine is killed again and again, clients send again what was not
// acknowledged, and PKB stumbles. Then everything is counted. Exit code 1 if anything that was acknowledged is lost,
// doubled, shown to somebody who must not have it, or not where the messages say.
import { setTimeout as delay } from 'node:timers/promises'
import { checkChain } from './chain.ts'
import { startClient, type Counts } from './clients.ts'
import { makeEngine, type Engine } from './engine.ts'
import { throwFaults } from './faults.ts'
import { killAgainAndAgain, type Killed } from './kills.ts'
import { makeModel } from './model.ts'
import { redisVersion } from './machine.ts'
import { readOptions, wholeNumber, wrong } from './options.ts'
import { asControl, people, type Patient } from './people.ts'
import { policyCopy } from './policy-copy.ts'
import { seeded } from './random.ts'
import { startRedis } from './redis.ts'
import { startSandbox, type SandboxChild } from './sandbox.ts'
import { storyTeller, type Step } from './stories.ts'
import { quantile, rounded, table } from './table.ts'
import { TRANSPORTS, type Transport } from '../src/types.ts'
import { verdict, type Verdict } from './verdict.ts'
import { watchRecords } from './watch.ts'

const USAGE = `Usage: npm run torture -- [options]

  --kills N     how often the engine is killed (20)
  --seconds N   how long that takes, about (4 for each kill)
  --clients N   how many upload at the same time (8)
  --queue NAME  postgresql or redis (postgresql)
  --transport T fhir or hl7-soap (fhir)
  --seed N      the same seed, the same stories, and the same moments as far as the machine allows (1)`

const PATIENTS = 16
const GIVE_UP_MS = 60_000
const SETTLE_MS = 300_000
const SHOWN_LINES = 40
/** What may still be under way is given time to arrive: here a short one, so that a run comes to its end. */
const SHORT = { timeout_secs: 2, settle_secs: 4 }

type Plan = { readonly kills: number; readonly seconds: number; readonly clients: number; readonly seed: number; readonly queue: string; readonly transport: Transport }

const readPlan = (): Plan => {
  const text = { type: 'string' } as const
  const given = readOptions({ kills: { ...text, default: '20' }, seconds: text, clients: { ...text, default: '8' }, queue: { ...text, default: 'postgresql' }, seed: { ...text, default: '1' }, transport: { ...text, default: 'fhir' } }, USAGE)
  const kills = wholeNumber('kills', given.kills, 0, USAGE)
  if (given.queue !== 'postgresql' && given.queue !== 'redis') wrong('--queue takes postgresql or redis.', USAGE)
  if (given.queue === 'redis' && redisVersion() === undefined) wrong('redis-server is not installed.', USAGE)
  const transport = TRANSPORTS.find((one) => one === given.transport) ?? wrong('--transport takes fhir or hl7-soap.', USAGE)
  return {
    kills, queue: given.queue, transport,
    seconds: wholeNumber('seconds', given.seconds ?? String(Math.max(4, kills * 4)), 1, USAGE),
    clients: wholeNumber('clients', given.clients, 1, USAGE),
    seed: wholeNumber('seed', given.seed, 0, USAGE),
  }
}

const tell = (line: string): void => console.error(line)

/** Nothing is owed any more; the seconds that it took, or undefined. */
const settled = async (engine: Engine): Promise<number | undefined> => {
  const began = performance.now()
  for (let quiet = 0; performance.now() - began < SETTLE_MS;) {
    const owed = await engine.documents('&state=waiting,sent,recalling')
    quiet = owed.length === 0 ? quiet + 1 : 0
    if (quiet === 3) return (performance.now() - began) / 1000
    if (owed.length > 0) tell(`${owed.length} documents still wait`)
    await delay(owed.length > 0 ? 2_000 : 500)
  }
  return undefined
}

const upload = ({ clients, seed }: Plan, engine: Engine, patients: readonly Patient[]) => {
  const counts: Counts = { begun: 0, sent: 0, acknowledged: 0, sentAgain: 0, refused: [] }
  const model = makeModel()
  const files = new Map<string, { documentId: string; mayBeShown: boolean }>()
  const acknowledgedFiles = new Set<string>()
  /** Noted before it is sent: what was taken and not acknowledged may show, too. */
  const noted = (steps: readonly Step[]): readonly Step[] => {
    for (const { says } of steps) {
      if (says?.sha256 === undefined) continue
      const mayBeShown = files.get(says.sha256)?.mayBeShown === true || (says.share && says.code === 'CLIN')
      files.set(says.sha256, { documentId: says.documentId, mayBeShown })
    }
    return steps
  }
  const random = seeded(seed)
  const all = Array.from({ length: clients }, (_, index) => {
    const mine = random.fork()
    const next = storyTeller(`${seed}-${index}`, patients as readonly [Patient, ...Patient[]], mine.fork(), () => new Date())
    return startClient({
      doors: engine.doors, random: mine, counts, tell: () => noted(next()),
      acknowledged: (says) => {
        model.acknowledge(says)
        if (says.sha256 !== undefined) acknowledgedFiles.add(says.sha256)
      },
    })
  })
  return { counts, model, files, acknowledgedFiles, stop: () => Promise.all(all.map((client) => client.stop(GIVE_UP_MS))) }
}

type Outcome = {
  readonly killed: Killed
  readonly counts: Counts
  readonly documents: number
  readonly faults: number
  readonly settledSecs: number | undefined
  readonly verdict: Verdict
  readonly chain: string
  readonly troubles: readonly string[]
}

const run = async (plan: Plan, engine: Engine, sandbox: SandboxChild): Promise<Outcome> => {
  const random = seeded(plan.seed + 1_000_003)
  const patients = people(PATIENTS)
  await sandbox.control(asControl(patients))
  engine.launch()
  const firstReady = await engine.ready()
  tell(`ready after ${rounded(firstReady, 1)} s, ${plan.clients} clients upload; ${engine.folder}`)
  const uploads = upload(plan, engine, patients)
  const watched = watchRecords(sandbox, patients.filter(({ registered }) => registered))
  const faults = throwFaults(sandbox, random.fork(), plan.transport)
  const killed = await killAgainAndAgain(engine, { kills: plan.kills, meanMs: meanLife(plan), random, tell })
  if (plan.kills === 0) await delay(plan.seconds * 1000)
  await uploads.stop()
  const set = await faults.stop()
  tell(`no more uploads: ${uploads.counts.acknowledged} messages acknowledged, ${uploads.counts.sentAgain} sent again`)
  const settledSecs = await settled(engine)
  await watched.stop()

  const expected = uploads.model.expected()
  const judged = await verdict({ engine, sandbox, patients, expected, files: uploads.files, acknowledgedFiles: uploads.acknowledgedFiles })
  const nameOf = (sha256: string): string => uploads.files.get(sha256)?.documentId ?? sha256
  const neverToBeShown = [...watched.ever].filter((sha256) => uploads.files.get(sha256)?.mayBeShown !== true)
  const addsUp = judged.inRecords + judged.inPrint + judged.inReview + judged.withNobody === expected.size
  await engine.stop()
  const chain = await checkChain(engine.dataDir)
  const { counts } = uploads
  const unanswered = counts.begun - counts.acknowledged - counts.refused.length
  return {
    killed, counts, documents: expected.size, faults: set, settledSecs, chain,
    verdict: {
      ...judged,
      doubled: [...judged.doubled, ...[...watched.doubled].map((sha256) => `${nameOf(sha256)}: stood twice in a record for a while`)],
      wronglyShown: [...judged.wronglyShown, ...neverToBeShown.map((sha256) => `${nameOf(sha256)}: was in a record for a while, and never may be`)],
    },
    troubles: [
      ...killed.byItself.map((how) => `the engine ended by itself ${how}`),
      ...counts.refused.map((refused) => `refused: ${refused}`),
      ...(unanswered === 0 ? [] : [`${unanswered} messages were never answered`]),
      ...(settledSecs === undefined ? [`something is still owed after ${SETTLE_MS / 1000} s`] : []),
      ...(addsUp ? [] : [`${judged.inRecords} in records + ${judged.inPrint} in print + ${judged.inReview} in review + ${judged.withNobody} with nobody are not ${expected.size} documents`]),
      ...(chain === 'holds' ? [] : [`the hash chain: ${chain}`]),
    ],
  }
}

/** What is left of the time for a kill, once the engine has started again. */
const meanLife = ({ kills, seconds }: Plan): number => Math.max(300, (seconds * 1000) / Math.max(1, kills) - 1_500)

const report = ({ killed, counts, documents, faults, settledSecs, verdict: judged, chain }: Outcome): string =>
  table([
    ['what', 'count'],
    ['kills of the engine', String(killed.kills)],
    ['… with its PostgreSQL', String(killed.withDatabase)],
    ['… while it started', String(killed.whileStarting)],
    ['faults set at the sandbox', String(faults)],
    ['documents', String(documents)],
    ['messages sent', String(counts.sent)],
    ['… acknowledged', String(counts.acknowledged)],
    ['… sent again', String(counts.sentAgain)],
    ['lost', String(judged.lost.length)],
    ['doubled', String(judged.doubled.length)],
    ['wrongly shown', String(judged.wronglyShown.length)],
    ['in another state than expected', String(judged.astray.length)],
    ['in records', String(judged.inRecords)],
    ['in the print folder', String(judged.inPrint)],
    ['in review', String(judged.inReview)],
    ['with nobody', String(judged.withNobody)],
    ['… of these taken back', String(judged.recalled)],
    ['restart to ready, median s', rounded(quantile(killed.readySecs.slice(1), 0.5), 2)],
    ['restart to ready, longest s', rounded(quantile(killed.readySecs.slice(1), 1), 2)],
    ['until nothing was owed, s', rounded(settledSecs, 1)],
    ['hash chain', chain],
  ])

const tellFindings = ({ verdict: { lost, doubled, wronglyShown, astray }, troubles }: Outcome): boolean => {
  const all = [['Lost', lost], ['Doubled', doubled], ['Wrongly shown', wronglyShown], ['In another state', astray], ['Troubles', troubles]] as const
  for (const [name, lines] of all) {
    if (lines.length === 0) continue
    console.log(`\n${name}:`)
    for (const line of lines.slice(0, SHOWN_LINES)) console.log(`- ${line}`)
    if (lines.length > SHOWN_LINES) console.log(`- … and ${lines.length - SHOWN_LINES} more`)
  }
  return all.every(([, lines]) => lines.length === 0)
}

const torture = async (): Promise<number> => {
  const plan = readPlan()
  const sandbox = await startSandbox()
  const redis = plan.queue === 'redis' ? await startRedis() : undefined
  const policy = policyCopy({ transport: plan.transport, ...SHORT })
  const engine = await makeEngine(sandbox.url, { ...policy.env, ...(redis ? { REDIS_URL: redis.url } : {}) })
  let keep = true
  try {
    const outcome = await run(plan, engine, sandbox)
    console.log(report(outcome))
    keep = !tellFindings(outcome)
    return keep ? 1 : 0
  } finally {
    await engine.close(keep)
    await redis?.stop()
    await sandbox.stop()
    policy.forget()
    if (keep) console.log(`\nSeed ${plan.seed}. What the engine kept, for a look: ${engine.dataDir} (its log: ${engine.folder}/engine.log)`)
  }
}

// Clients may still be at it after an error: nothing is waited for.
process.exit(await torture().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
}))
