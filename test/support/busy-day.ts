// A day on which everything happens to a whole engine: a document in each state, reviews for many reasons, failures and
// runs over them, an alert, a stop, people, a token, a daily outcome. For tests that want a page of each kind with
// something on it. It refuses to be a model of anything: who needs one thing makes that one thing.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openOutcomeRound } from '../../src/engine/outcome-round.ts'
import { connect } from '../../src/ledger/database.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { DOCUMENT_STATES, type DocumentState } from '../../src/types.ts'
import { formOf, formTokenIn } from './dashboard.ts'
import type { TestEngine } from './engine.ts'
import { aPdf } from './pdf.ts'
import { firstAccount } from './sign-in.ts'
import { until } from './until.ts'
import type { UploadOverrides } from './upload.ts'

export type BusyDay = {
  /** An administrator's, as a browser sends it. */
  readonly cookie: string
  readonly documents: Readonly<Record<DocumentState, string>>
  readonly reviews: readonly string[]
  readonly groups: readonly string[]
  /** One that is planned, one that has stopped by itself, one that is done. */
  readonly runs: readonly string[]
  readonly people: readonly string[]
  /** Hashes of those that were in force. */
  readonly policies: readonly string[]
}

const LETTER = readFileSync(new URL('../../samples/letter.pdf', import.meta.url))
const BEN = { patient: { nhsNumber: '9990000026', clientId: 'C124', given: 'Ben', family: 'Sample', birthDate: '1985-05-05' } }
const REVIEWS: readonly UploadOverrides[] = [
  { name: 'EXTL Letter from another trust.pdf', author: { name: 'Dr Else', organisation: 'RAL' } }, { name: 'ZZZZ Something new.pdf' }, { documentType: 'MH perhaps' }, { patient: { nhsNumberStatus: '02' } },
  { patient: { birthDate: '1970-02-02' } }, { author: { name: 'Dr Nobody' } }, { patient: { nhsNumber: undefined } }, { team: 'NEWTEAM' },
]
/** Gone in a blink, or only with another policy: written down as such. */
const WRITTEN = ['sent', 'read', 'left-to-team', 'blocked'] as const satisfies readonly DocumentState[]
const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }

export const aBusyDay = async (engine: TestEngine): Promise<BusyDay> => {
  const { cookie } = await firstAccount(engine.engine)
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await engine.api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} was refused: ${answer.status} ${await answer.text()}`)
    return answer.json() as Promise<T>
  }
  let nth = 1_000_200
  const upload = async (overrides: UploadOverrides = {}, file: Buffer | null = LETTER): Promise<string> => {
    const { status, body } = await engine.upload({ documentId: `RIO-${nth += 1}`, uploadedAt: new Date().toISOString(), ...overrides }, file)
    if (status >= 300) throw new Error(`an upload was refused: ${status} ${body.code}`)
    return body.id
  }
  const reaches = (id: string, state: DocumentState) => until(`a document is ${state}`, async () => (await engine.document(id)).state === state, 30_000)

  // What goes where the policy says.
  const [acknowledged, recalled, ...written] = [await upload(), await upload(), ...(await WRITTEN.reduce<Promise<readonly string[]>>(async (before) => [...(await before), await upload({}, aPdf())], Promise.resolve([])))]
  for (const id of [acknowledged, recalled, ...written]) await reaches(id, 'acknowledged')
  const withheld = await upload({ documentType: 'MH DO NOT share with patient' })
  await upload({ name: 'HMHR Report.pdf' })
  await upload({ name: 'APPT Appointment.pdf', documentType: 'MH DO NOT share with patient' })
  const observed = await upload({ team: 'ADULT2' })
  const printed = await upload(BEN)
  await reaches(printed, 'printing')
  postIsDone(engine)
  await reaches(printed, 'printed')
  const printing = await upload(BEN)
  await reaches(printing, 'printing')
  const reviews: string[] = []
  for (const one of REVIEWS) reviews.push(await upload(one))
  reviews.push(await upload({ name: 'CLIN Notes.docx' }, Buffer.from('PK\u0003\u0004 not a letter')))
  await engine.hl7('MSH|^~\\&|RIO|RWK|||20261120||MDM^T02|T1|P|2.4')

  // What people do.
  await post(`/api/documents/${recalled}/hold`, { reason: 'the wrong letter was attached' })
  await reaches(recalled, 'recalled')
  await post('/api/stops', { scope: 'code', value: 'ASMT', reason: 'The template shows the wrong clinic.' })
  const waiting = await upload({ name: 'ASMT Outcome.pdf' })
  await reaches(waiting, 'waiting')
  const page = async (path: string, fields?: Record<string, string>): Promise<string> => {
    const answer = await fetch(engine.engine.url! + path, { ...(fields ? formOf({ formToken: formTokenIn(await page(path)), ...fields }) : {}), headers: { cookie } })
    if (answer.status >= 400) throw new Error(`${path} was refused: ${answer.status}`)
    return answer.text()
  }
  await page('/people', { userName: 'jane', name: 'Jane Example', roles: 'reviewer', reason: 'joins the records team' })
  await page('/tokens', { name: 'reporting', rights: 'see', expires: new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10), reason: 'for the monthly report' })
  const people = [...(await page('/people')).matchAll(/"\/people\/([0-9a-f-]{36})"/gu)].map(([, id]) => id!)

  const { groups, runs, failed } = await troubles(engine, { upload, reaches, post })
  await written.reduce(async (before, id, index) => { await before; await writeState(engine, id, WRITTEN[index]!) }, Promise.resolve())
  await until('an alert is open', async () => ((await (await engine.api('/api/alerts')).json()) as { readonly open: readonly object[] }).open.length > 0, 60_000)
  await tellTeams(engine)

  // PKB is away at the end: what has to be taken back cannot be.
  const recalling = await upload()
  await reaches(recalling, 'acknowledged')
  await engine.control({ faults: [{ path: '/fhir/DocumentReference', times: 0, status: 503, retryAfter: 600 }] })
  await post(`/api/documents/${recalling}/hold`, { reason: 'the letter belongs to somebody else' })
  await reaches(recalling, 'recalling')

  const [sent, read, leftToTeam, blocked] = written
  return {
    cookie, reviews, groups, runs, people, policies: [engine.engine.policy.hash],
    documents: { waiting, sent: sent!, acknowledged, read: read!, printing, printed, 'left-to-team': leftToTeam!, withheld, review: reviews[0]!, observed, recalling, recalled, blocked: blocked!, failed },
  }
}

type Doing = { upload(overrides?: UploadOverrides, file?: Buffer | null): Promise<string>; reaches(id: string, state: DocumentState): Promise<unknown>; post<T>(path: string, body: object): Promise<T> }

/** Letters that PKB refuses, and runs over them: one that goes well, one that stops, one that is only planned. */
const troubles = async (engine: TestEngine, { upload, reaches, post }: Doing): Promise<{ readonly groups: readonly string[]; readonly runs: readonly string[]; readonly failed: string }> => {
  const refused = async (times: number): Promise<string> => {
    await engine.control({ faults: [{ ...CREATE, times, status: 422 }] })
    const ids: string[] = []
    for (let n = 0; n < times; n += 1) ids.push(await upload())
    for (const id of ids) await reaches(id, 'failed')
    return ids.at(-1)!
  }
  const groups = async () => ((await (await engine.api('/api/failures')).json()) as { readonly groups: readonly { readonly key: string }[] }).groups.map(({ key }) => key)
  const planned = async (): Promise<string> => (await post<{ readonly id: string }>('/api/runs/plan', { group: (await groups())[0]!, changed: 'the type of letters was mended', perMinute: 600 })).id
  const ended = async (): Promise<string> => {
    const id = await planned()
    await post(`/api/runs/${id}/start`, { reason: 'the mapping was mended' })
    await until('the run ended', async () => ['done', 'stopped'].includes(((await (await engine.api(`/api/runs/${id}`)).json()) as { readonly run: { readonly state: string } }).run.state), 60_000)
    return id
  }
  await refused(2)
  const done = await ended()
  const failed = await refused(3)
  await engine.control({ faults: [{ ...CREATE, times: 1, status: 422 }] })
  const stopped = await ended()
  return { runs: [await planned(), stopped, done], groups: await groups(), failed }
}

/** As the print house says it, of all that it has got so far. */
const postIsDone = (engine: TestEngine): void => {
  const folder = join(engine.printDir, 'acknowledgements')
  mkdirSync(folder, { recursive: true })
  for (const { batch, manifest: { items } } of engine.printed()) writeFileSync(join(folder, `${batch}.json`), JSON.stringify({ batch, items: items.map(({ item }) => ({ item, status: 'printed' })) }))
}

const writeState = async (engine: TestEngine, id: string, state: DocumentState): Promise<void> => {
  if (!DOCUMENT_STATES.includes(state)) throw new Error(`there is no state ${state}`)
  const pool = connect(engine.databaseUrl, { max: 1 })
  try {
    await pool.query('update documents set state = $2 where id = $1', [id, state])
    if (state === 'blocked') await pool.query("update deliveries set state = 'blocked' where document_id = $1", [id])
  } finally {
    await pool.end()
  }
}

/** The day is worked out, as it would be at five tomorrow morning. */
export const tellTeams = async (engine: Pick<TestEngine, 'databaseUrl' | 'dataDir' | 'engine'>): Promise<void> => {
  const tomorrow = (): Date => new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000 + 30 * 3_600_000)
  const pool = connect(engine.databaseUrl, { max: 2 })
  const ledger = await openLedger({ pool, now: tomorrow, newId: randomUUID, say: () => undefined, accountFreshHours: 24, plan: () => { throw new Error('nothing is planned here') } })
  const round = openOutcomeRound({ ledger, policy: () => engine.engine.policy, folder: join(engine.dataDir, 'told'), say: () => undefined, now: tomorrow })
  await round.look()
  await round.close()
  await ledger.close()
  await pool.end()
}
