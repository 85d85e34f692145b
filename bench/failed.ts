// How long a person waits for the console where letters fail in masses: every page of the menu, the pages and the API of what
// failed, and the plan of a retry run, of a real engine over a scratch PostgreSQL. Each beside the cheapest page, or beside
// the same rows read and nothing more, in the same run. It refuses to send anything: the engine has no worker.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { SECTIONS } from '../src/dashboard/navigation.ts'
import { MOST_MEMBERS } from '../src/decide/retry-run.ts'
import { codeIn, firstAccount } from '../test/support/sign-in.ts'
import { fillFailures } from './failed-deliveries.ts'
import { atEnd, freePorts, startChild } from './processes.ts'
import { bareEnvironment, NODE, ROOT } from './sandbox.ts'
import { quantile, rounded } from './table.ts'

type Row = readonly string[]
type Group = { readonly key: string; readonly documents: number }
type Run = { readonly id: string; readonly part: number }

export const FAILED_HEAD: Row = ['what a person or a program waits for', 'p50 ms', 'p95 ms', 'longest ms', 'KB', 'ratio']

/** As many as a retry run may have, of 200,000 documents. */
const LARGE = MOST_MEMBERS
const ONE_IN = 20
const [WARM_UP, TIMES, PLANS] = [20, 20, 5]
const READY_MS = 60_000
const TOKEN = 'bench-token-of-no-worth-0123456789abcdef'
/** Nothing is looked up for it but who asks. */
const CHEAPEST = '/account'

// ---------------------------------------------------------------- the engine

type Console = {
  page(path: string): Promise<string>
  api<T>(path: string, body?: object): Promise<T>
}

/** Pages and API alone, on a ledger that is there, with somebody signed in. */
const withConsole = async <T>(databaseUrl: string, ask: (to: Console) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-bench-failed-'))
  chmodSync(folder, 0o711)
  const forget = atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const [httpPort] = await freePorts(1)
  const [url, log] = [`http://127.0.0.1:${httpPort}`, join(folder, 'engine.log')]
  const [node, ...flags] = NODE
  const env = { ...bareEnvironment(), DATABASE_URL: databaseUrl, DATA_DIR: join(folder, 'data'), HTTP_PORT: String(httpPort), API_TOKEN: TOKEN, RIO_HTTP_TOKEN: TOKEN, LOG_LEVEL: 'warn' }
  const child = startChild(node, [...flags, '--max-semi-space-size=8', 'src/main.ts', 'serve', 'dashboard'], { env, cwd: ROOT, log })
  const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  try {
    const began = performance.now()
    // It says the code of the first account when all of it is up, a moment after it answers.
    const isUp = async (): Promise<boolean> => codeIn(said()) !== '' && (await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false))
    while (!(await isUp())) {
      if (child.hasEnded() || performance.now() - began > READY_MS) throw new Error(`The engine was not ready.\n${said()}`)
      await delay(50)
    }
    const cookie = await firstAccount({ url, firstCode: codeIn(said()) })
    return await ask({ page: (path) => textOf(url + path, { headers: cookie }), api: async (path, body) => JSON.parse(await textOf(url + path, asked(body))) as never })
  } finally {
    await child.stop()
    forget()
    rmSync(folder, { recursive: true, force: true })
  }
}

const asked = (body: object | undefined): RequestInit => ({
  headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }, ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
})

const textOf = async (url: string, how: RequestInit): Promise<string> => {
  const answer = await fetch(url, { redirect: 'manual', ...how })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`The engine answered ${answer.status} to ${new URL(url).pathname}: ${text.slice(0, 300)}`)
  return text
}

// ---------------------------------------------------------------- measured

type Measured = { readonly took: readonly number[]; readonly bytes: number }

const measure = async (times: number, work: () => Promise<string>): Promise<Measured> => {
  await work()
  const took: number[] = []
  let bytes = 0
  for (let time = 0; time < times; time += 1) {
    const began = performance.now()
    bytes = Buffer.byteLength(await work())
    took.push(performance.now() - began)
  }
  return { took, bytes }
}

const middle = ({ took }: Measured): number => quantile(took, 0.5)!

const rowOf = (name: string, measured: Measured, least: Measured): Row =>
  [name, ...[0.5, 0.95, 1].map((share) => rounded(quantile(measured.took, share), 1)), rounded(measured.bytes / 1000), rounded(middle(measured) / middle(least), 1)]

/** What a plan of this group has to read, in one statement and without a thought. */
const BARE = `
  select y.id, y.state, y.last_outcome, y.last_code, d.policy, d.nhs_number, v.facts, v.decision from deliveries y join documents d on d.id = y.document_id join revisions v on v.document_id = d.id and v.revision = d.revision
  where y.state = 'failed' and y.last_code = '422'`

export const failedRows = async (pool: Pool, databaseUrl: string, documents: number): Promise<readonly Row[]> => {
  const large = Math.min(LARGE, Math.floor(documents / ONE_IN))
  console.error(`${large} deliveries that fail for one reason, ${Math.floor(large / 4)} for seven others`)
  await fillFailures(pool, large)
  return withConsole(databaseUrl, (to) => rowsOf(pool, to))
}

const rowsOf = async (pool: Pool, { page, api }: Console): Promise<readonly Row[]> => {
  // A program that has just started is slow at everything.
  for (let time = 0; time < WARM_UP; time += 1) await page(CHEAPEST)
  const cheapest = await measure(TIMES, () => page(CHEAPEST))
  const bare = await measure(PLANS, async () => JSON.stringify((await pool.query(BARE)).rows))
  const rows: Row[] = []
  const add = (row: Row): void => {
    rows.push(row)
    console.error(row.slice(0, 3).join(' | '))
  }
  add(rowOf(`${CHEAPEST}: the cheapest page`, cheapest, cheapest))
  const get = async (name: string, ask: () => Promise<string>): Promise<void> => add(rowOf(name, await measure(TIMES, ask), cheapest))

  const { groups } = await api<{ readonly groups: readonly Group[] }>('/api/failures')
  const largest = groups.reduce((one, other) => (other.documents > one.documents ? other : one))
  const { deliveries, cursor } = await api<{ readonly deliveries: readonly { readonly document: { readonly id: string } }[]; readonly cursor: string }>(`/api/failures/${largest.key}`)
  for (const { href } of SECTIONS.flatMap(({ pages }) => pages)) await get(href, () => page(href))
  await get('/documents?state=failed', () => page('/documents?state=failed'))
  await get('/documents/:id, one that failed', () => page(`/documents/${deliveries[0]!.document.id}`))
  await get('/failed/:group, the largest', () => page(`/failed/${largest.key}`))
  await get('its second page', () => page(`/failed/${largest.key}?cursor=${encodeURIComponent(cursor)}`))
  await get('/api/failures', async () => JSON.stringify(await api('/api/failures')))
  await get('/api/failures/:group, the largest', async () => JSON.stringify(await api(`/api/failures/${largest.key}`)))
  await get('/api/today', async () => JSON.stringify(await api('/api/today')))

  add(rowOf(`${largest.documents} deliveries of the largest group with what was decided, read and nothing more`, bare, bare))
  let last: Run | undefined
  for (const kind of ['retry', 'decide-again', 'print']) {
    const plan = async (): Promise<string> => JSON.stringify(last = await api<Run>('/api/runs/plan', { kind, group: largest.key, changed: 'The destination takes this type now.' }))
    const measured = await measure(PLANS, plan)
    if (last?.part !== largest.documents) throw new Error(`The plan has ${last?.part} deliveries, and the group ${largest.documents}.`)
    add(rowOf(`plan of a run over ${last.part} deliveries: ${kind}`, measured, bare))
    await get(`/runs/:id, that plan: ${kind}`, () => page(`/runs/${last!.id}`))
  }
  await get(`/runs, with ${3 * (PLANS + 1)} such plans`, () => page('/runs'))
  return rows
}
