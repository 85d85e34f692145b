// Two bad days, measured: one letter that PKB refuses among forty-one, and PKB away for twenty seconds.
import { setTimeout as delay } from 'node:timers/promises'
import { allArrived, arrivals } from './arrivals.ts'
import { makeEngine, type Engine } from './engine.ts'
import { sendAll } from './load.ts'
import { asControl } from './people.ts'
import { letters, readers } from './samples.ts'
import { startSandbox, type Requests, type SandboxChild } from './sandbox.ts'
import { quantile, rounded } from './table.ts'

const DOCUMENTS = '/fhir/DocumentReference'
const postsOf = ({ byPath }: Requests): number => byPath[`POST ${DOCUMENTS}`] ?? 0
const BEFORE = 20
const BEHIND = 20
const SOON_MS = 30_000
const OUTAGE_MS = 20_000

const withEngine = async <T>(work: (engine: Engine, sandbox: SandboxChild) => Promise<T>): Promise<T> => {
  const sandbox = await startSandbox()
  const engine = await makeEngine(sandbox.url)
  try {
    await sandbox.control(asControl(readers))
    await engine.start()
    // Accounts are asked for once a day: here, before it counts.
    const known = letters('known', readers.length, '1.5 KB', 'mllp')
    await sendAll(engine.doors, known.messages, 4)
    await allArrived(sandbox, readers, known.sha256s, SOON_MS)
    return await work(engine, sandbox)
  } finally {
    await engine.close()
    await sandbox.stop()
  }
}

/** Milliseconds from its turn to be sent to its arrival, of the slowest. */
const slowest = (at: ReadonlyMap<string, number>, sha256s: readonly string[], beganAt: number): number =>
  Math.max(...sha256s.flatMap((sha256) => (at.has(sha256) ? [at.get(sha256)! - beganAt] : [])))

/** One of the letters behind the twentieth meets a 422: the others must not wait for it. */
export const poison = (): Promise<readonly (readonly string[])[]> => withEngine(async (engine, sandbox) => {
  const before = letters('before', BEFORE, '1.5 KB', 'mllp')
  const clean = await sendAll(engine.doors, before.messages, 1)
  const first = await allArrived(sandbox, readers, before.sha256s, SOON_MS)
  const posts = postsOf(await sandbox.requests())
  await sandbox.control({ faults: [{ path: DOCUMENTS, method: 'POST', status: 422, times: 1 }] })
  const rest = letters('rest', 1 + BEHIND, '1.5 KB', 'mllp')
  const poisoned = await sendAll(engine.doors, rest.messages, 1)
  const end = Date.now() + SOON_MS
  const came = async () => {
    const { at } = await arrivals(sandbox, readers)
    return rest.sha256s.filter((sha256) => at.has(sha256))
  }
  while ((await came()).length < BEHIND && Date.now() < end) await delay(50)
  // Long enough for a second try of the refused one, if there is any.
  await delay(5_000)
  const { at } = await arrivals(sandbox, readers)
  const failed = await engine.documents('&state=failed')
  return [
    ['delivered, of 41', String(BEFORE + (await came()).length)],
    ['stopped for a person to look at', String(failed.length)],
    ['POSTs for the 21 from the refused one on', String(postsOf(await sandbox.requests()) - posts)],
    ['20 letters before it: first byte to last in the record, ms', rounded(slowest(first.at, before.sha256s, clean.beganAt))],
    ['20 letters with or behind it, the same, ms', rounded(slowest(at, rest.sha256s, poisoned.beganAt))],
  ]
})

/** Everything answers 503 for twenty seconds, while letters keep coming. */
export const outage = (count: number): Promise<readonly (readonly string[])[]> => withEngine(async (engine, sandbox) => {
  await sandbox.control({ faults: [{ path: '/fhir', status: 503, times: 0 }] })
  const began = Date.now()
  const before = await sandbox.requests()
  const waiting = letters('outage', count, '1.5 KB', 'mllp')
  const loaded = await sendAll(engine.doors, waiting.messages, 4)
  await delay(began + OUTAGE_MS - Date.now())
  const during = await sandbox.requests()
  await sandbox.control({ faults: [] })
  const back = Date.now()
  const { at, copies } = await allArrived(sandbox, readers, waiting.sha256s, 300_000)
  const times = waiting.sha256s.map((sha256) => at.get(sha256)!).toSorted((a, b) => a - b)
  const inOneSecond = Math.max(...times.map((time, index) => times.filter((other, later) => later >= index && other < time + 1_000).length))
  return [
    ['letters uploaded meanwhile', String(count)],
    ['acknowledged while PKB was away, p50 ms', rounded(quantile(loaded.latenciesMs, 0.5), 1)],
    ['POSTs of documents during the 20 s', String(postsOf(during) - postsOf(before))],
    ['requests of any kind during the 20 s', String(during.total - before.total)],
    ['PKB back: first letter in the record after, s', rounded((times[0]! - back) / 1000, 1)],
    ['PKB back: last letter in the record after, s', rounded((times.at(-1)! - back) / 1000, 1)],
    ['most letters in one second after it', String(inOneSecond)],
    ['duplicates', String(copies - count - readers.length)],
  ]
})
