// `npm run bench`: how many uploads the engine acknowledges and delivers, beside the bare limit of the same machine in
// the same run, and how it fares when PKB refuses a letter or is away. Prints tables in Markdown and writes nothing.
// It refuses to say how another machine would do.
import { FAILED_HEAD, failedRows } from './failed.ts'
import { poison, outage } from './hardship.ts'
import { machineFacts, redisVersion } from './machine.ts'
import { readOptions, wholeNumber, wrong } from './options.ts'
import { POLICY_HEAD, policyRows } from './policy.ts'
import { PAIRS_HEAD, pairRows } from './search-pairs.ts'
import { overDocuments, SEARCH_HEAD, searchRows } from './search.ts'
import { rounded, table } from './table.ts'
import { measureEngine, measureLimit, type Case, type Measured, type Queue } from './throughput.ts'
import { accountRows, ACCOUNTS_HEAD, transportRows, TRANSPORTS_HEAD } from './transports.ts'

const USAGE = `Usage: npm run bench -- [options]

  --quick        few documents: whether it works, not how fast it is
  --only TEXT    only cases whose name contains TEXT, such as "1 MB", "poison", "outage", "policy", "transports", "search", "pairs" or "failed"
  --documents N  how many documents a search looks through; 1000000 if it is not given, 20000 with --quick. Of failed: 200000, and 20000
  --queue NAME   postgresql or redis only`

const QUEUES = ['postgresql', 'redis'] as const
/** As channels/pkb.yaml has it. */
const AT_ONCE = 1

const cases = (quick: boolean): readonly Case[] => {
  const small = { size: '1.5 KB', count: quick ? 200 : 2_000, warmUp: quick ? 40 : 200 } as const
  const large = { size: '1 MB', count: quick ? 10 : 100, warmUp: quick ? 5 : 10 } as const
  return [
    { name: '1.5 KB, MLLP, 1 connection', door: 'mllp', connections: 1, ...small },
    { name: '1.5 KB, MLLP, 8 connections', door: 'mllp', connections: 8, ...small },
    { name: '1.5 KB, HTTP, 8 connections', door: 'json', connections: 8, ...small },
    { name: '1 MB, MLLP, 1 connection', door: 'mllp', connections: 1, ...large },
    { name: '1 MB, HTTP, 8 connections', door: 'json', connections: 8, ...large },
  ]
}

const HEAD = ['case', 'run', 'acknowledged/s', 'ACK p50 ms', 'ACK p99 ms', 'end to end/s', 'of the limit', 'peak MB'] as const

const row = (name: string, run: string, { acknowledgedPerSec, p50Ms, p99Ms, endToEndPerSec, peakMb }: Measured, limit: Measured | undefined): readonly string[] => [
  name, run, rounded(acknowledgedPerSec), rounded(p50Ms, 1), rounded(p99Ms, 1), rounded(endToEndPerSec, endToEndPerSec < 100 ? 1 : 0),
  limit ? `${rounded((100 * acknowledgedPerSec) / limit.acknowledgedPerSec)} %, ${rounded((100 * endToEndPerSec) / limit.endToEndPerSec)} %` : '',
  limit ? (peakMb === undefined ? 'not available' : String(peakMb)) : '',
]

const runCase = async (one: Case, queues: readonly Queue[]): Promise<readonly (readonly string[])[]> => {
  const measured: [Queue, Measured & { readonly resource: unknown }][] = []
  for (const queue of queues) {
    console.error(`${one.name}: engine, queue on ${queue}`)
    measured.push([queue, await measureEngine(one, queue)])
  }
  console.error(`${one.name}: bare limit`)
  const limit = await measureLimit(one, measured[0]![1].resource, AT_ONCE)
  return [...measured.map(([queue, figures]) => row(one.name, `engine, ${queue}`, figures, limit)), row(one.name, 'bare limit', limit, undefined)]
}

const bench = async (): Promise<number> => {
  const given = readOptions({ quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' }, queue: { type: 'string' }, documents: { type: 'string' } }, USAGE)
  if (given.queue !== undefined && !(QUEUES as readonly string[]).includes(given.queue)) wrong('--queue takes postgresql or redis.', USAGE)
  if (given.queue === 'redis' && redisVersion() === undefined) wrong('redis-server is not installed.', USAGE)
  const queues = QUEUES.filter((queue) => (given.queue ?? queue) === queue && (queue === 'postgresql' || redisVersion() !== undefined))
  const isWanted = (name: string): boolean => name.includes(given.only)
  const wanted = cases(given.quick).filter(({ name }) => isWanted(name))
  if (wanted.length === 0 && !isWanted('poison') && !isWanted('outage') && !isWanted('policy') && !isWanted('transports') && !isWanted('search') && !isWanted('pairs') && !isWanted('failed')) wrong(`--only ${given.only} fits no case.`, USAGE)

  const documents = wholeNumber('documents', given.documents ?? (given.quick ? '20000' : '1000000'), 1_000, USAGE)
  console.log(`${machineFacts()}\n`)
  const rows: (readonly string[])[] = []
  for (const one of wanted) rows.push(...(await runCase(one, queues)))
  if (rows.length > 0) console.log(`${table([HEAD, ...rows])}\n\n"Of the limit": acknowledged/s, then end to end/s. Load, engine, PostgreSQL, Redis and sandbox share the cores.\n`)
  if (isWanted('poison')) {
    console.error('one refused letter among 41')
    console.log(`${table([['one letter answered 422, among 41', ''], ...(await poison())])}\n`)
  }
  if (isWanted('outage')) {
    console.error('PKB away for 20 s')
    console.log(table([['PKB answers 503 for 20 s', ''], ...(await outage(given.quick ? 60 : 300))]))
  }
  if (isWanted('policy')) {
    console.error('policy: check, test, diff, replay, reload, folder')
    console.log(`\n${table([POLICY_HEAD, ...(await policyRows(given.quick))])}`)
  }
  if (isWanted('transports')) {
    console.error('transports: FHIR and HL7 over SOAP, and accounts')
    console.log(`\n${table([TRANSPORTS_HEAD, ...(await transportRows(given.quick))])}\n\n${table([ACCOUNTS_HEAD, ...(await accountRows(given.quick))])}`)
  }
  if (isWanted('search')) {
    console.error(`search: ${documents} documents`)
    console.log(`\n${table([SEARCH_HEAD, ...(await overDocuments(documents, searchRows))])}`)
  }
  // Thousands of questions: only where they are asked for.
  if (given.only !== '' && isWanted('pairs')) {
    console.error(`search, every pair of filters: ${documents} documents`)
    console.log(`\n${table([PAIRS_HEAD, ...(await overDocuments(documents, pairRows))])}`)
  }
  if (isWanted('failed')) {
    const among = wholeNumber('documents', given.documents ?? (given.quick ? '20000' : '200000'), 2_000, USAGE)
    console.error(`failed: among ${among} documents`)
    console.log(`\n${table([FAILED_HEAD, ...(await overDocuments(among, (pool, url) => failedRows(pool, url, among)))])}`)
  }
  return 0
}

process.exit(await bench().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
}))
