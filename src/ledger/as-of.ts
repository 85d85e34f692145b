// What the ledger knows of one document, now or at an earlier moment: all that a plan is made from. What was then is
// put together again from the log, from revisions and from releases, which nobody changes. It refuses to fill a gap
// with what is known today: what the ledger does not tell any more is named, and counts as not known.
import type { Pool, PoolClient } from 'pg'
import { birthDateDiffers, nhsNumberOf } from '../decide/identity.ts'
import { isAddendum } from '../plan.ts'
import type { FactValue, Person, PostReason, Prior, RioDocument } from '../types.ts'
import { UNKNOWN_PERSON } from '../types.ts'
import { inTransaction } from './database.ts'
import { contentOf, personFrom, personOf, priorOf } from './decided.ts'
import { countOf, DOOR } from './doors.ts'
import { eventOf } from './events.ts'
import type { AuditEvent, KeptPolicy, Known, KnownThen } from './ledger.ts'
import { look } from './load.ts'
import { isUuid } from './queries.ts'
import { documentOf, instant, REVISION_COLUMNS, revisionOf } from './rows.ts'
import type { DocumentRecord, Revision, Row } from './rows.ts'
import { deliveriesOf } from './workspace.ts'
import type { LedgerParts } from './workspace.ts'

/** One moment, and nothing written. */
const OPENING = 'begin isolation level repeatable read, read only'

const rowsOf = async (client: PoolClient, text: string, values: readonly unknown[]): Promise<readonly Row[]> => (await client.query<Row>(text, [...values])).rows

// ---------------------------------------------------------------- policies

const POLICY = `select p.hash, p.files, e.at from events e join policies p on p.hash = e.detail::json->>'policy' where e.kind = 'policy-loaded'`
const keptPolicy = (row: Row | undefined): KeptPolicy | undefined =>
  row && { hash: row['hash'] as string, since: instant(row['at'])!, files: row['files'] as KeptPolicy['files'] }

export const policyAt = async (pool: Pool, at: string): Promise<KeptPolicy | undefined> =>
  keptPolicy((await pool.query<Row>(`${POLICY} and e.at <= $1 order by e.seq desc limit 1`, [at])).rows[0])

export const policyOf = async (pool: Pool, hash: string): Promise<KeptPolicy | undefined> =>
  keptPolicy((await pool.query<Row>(`${POLICY} and p.hash = $1 order by e.seq desc limit 1`, [hash])).rows[0])

// ---------------------------------------------------------------- now

export const known = async (pool: Pool, id: string, parts: LedgerParts, at: string): Promise<Known | undefined> => {
  if (!isUuid(id)) return undefined
  return inTransaction(pool, async (client) => {
    const space = await look(client, [id], parts)
    const record = space.documents.get(id.toLowerCase())
    if (!record?.inForce) return undefined
    const { source, sourceId, identifier, revision, nhsNumber, inForce: { receipt, facts, decision } } = record
    return {
      source, sourceId, identifier, revision, ...(nhsNumber ? { nhsNumber } : {}), receipt, facts, decision,
      person: personOf(space, nhsNumber, at), prior: priorOf(space, record), deliveries: deliveriesOf(space, record.id),
    }
  }, OPENING)
}

// ---------------------------------------------------------------- then

type Past = { readonly record: DocumentRecord; readonly events: readonly AuditEvent[]; readonly revision: number; readonly inForce: Revision }

/** The document as it stood: its log until then, and the revision that was in force. */
const pastOf = async (client: PoolClient, where: string, values: readonly unknown[], at: string): Promise<Past | undefined> => {
  const [row] = await rowsOf(client, `select * from documents where ${where}`, values)
  if (!row) return undefined
  const record = documentOf(row)
  const events = (await rowsOf(client, 'select * from events where document_id = $1 and at <= $2 order by seq', [record.id, at])).map(eventOf)
  const revision = Number(events.findLast(({ kind }) => kind === 'received')?.detail['revision'] ?? 0)
  const [inForce] = await rowsOf(client, `select ${REVISION_COLUMNS} from revisions v join receipts r on r.id = v.receipt_id where v.document_id = $1 and v.revision = $2`, [record.id, revision])
  return inForce && { record, events, revision, inForce: revisionOf(inForce) }
}

export const knownAt = async (pool: Pool, id: string, at: string, freshHours: number): Promise<KnownThen | undefined> => {
  if (!isUuid(id)) return undefined
  return inTransaction(pool, async (client) => {
    const past = await pastOf(client, 'id = $1', [id], at)
    if (!past) return undefined
    const { record, revision, inForce } = past
    const decided = decidedIn(past)
    const marks = marksOf(past)
    const parent = marks.addendum ? await parentOf(client, past, at) : undefined
    const { person, ...asked } = await personThen(client, past, at, decided?.at, freshHours)
    return {
      source: record.source, sourceId: record.sourceId, revision, receipt: inForce.receipt, person,
      prior: {
        firstReceivedAt: record.firstReceivedAt ?? inForce.receipt.receivedAt, ...marks, ...(await postedThen(client, past)), released: await releasedThen(client, past, at, person),
        parentStanding: parent !== undefined && standsThen(parent) && samePerson(parent, past),
        current: { receiptId: inForce.receipt.id, feed: inForce.receipt.feed, document: inForce.document, tightened: inForce.tightened },
      },
      ...(decided ? { decided } : {}),
      rebuilt: [
        `the receipt in force, revision ${revision}, from the log and the revisions`,
        'holds, releases, cancels, replacements, moves and deadlines that had passed, from the log',
        ...(marks.addendum ? ['whether the document that it adds to stood with the patient, from that document\'s log'] : []),
        ...asked.rebuilt,
      ],
      unknown: asked.unknown,
    }
  }, OPENING)
}

/** What messages and people had put on it by then. */
const marksOf = ({ events }: Past): { readonly cancelled: boolean; readonly superseded: boolean; readonly moved: boolean; readonly held: boolean; readonly addendum: boolean } => {
  const has = (kind: AuditEvent['kind']): boolean => events.some((event) => event.kind === kind)
  const said = events.filter(({ kind }) => kind === 'received' || kind === 'late')
  return {
    cancelled: said.some(({ detail }) => detail['event'] === 'cancelled'),
    superseded: has('superseded'),
    moved: has('moved'),
    held: events.findLast(({ kind }) => kind === 'held' || kind === 'hold-lifted')?.kind === 'held',
    addendum: said.reduce((addendum, { detail }) => {
      const event = detail['event'] as RioDocument['event']
      return detail['bearing'] === 'in-order' ? isAddendum({ event }, { addendum }) : addendum || event === 'addendum'
    }, false),
  }
}

const decidedIn = ({ events }: Past): KnownThen['decided'] => {
  const last = events.findLast(({ kind }) => kind === 'decided')
  return last && ({ at: last.at, ...last.detail } as unknown as KnownThen['decided'])
}

const releasedThen = async (client: PoolClient, { record, revision, inForce }: Past, at: string, person: Person): Promise<0 | 1 | 2> => {
  const people = await rowsOf(client, `
    select distinct r.actor, ${DOOR} as door from releases r left join staff s on s.user_name = r.actor
    where r.document_id = $1 and r.revision = $2 and r.sha256 = $3 and r.at <= $4 and (r.birth_date_differs or not $5)`,
    [record.id, revision, contentOf(inForce), at, birthDateDiffers(inForce.document.patient, person)])
  return countOf(new Map(people.map((row) => [row['actor'] as string, row['door'] as string])))
}

/** A deadline had passed for the content in force, and since then neither other content came nor another patient. */
const postedThen = async (client: PoolClient, { record, revision, inForce, events }: Past): Promise<Pick<Prior, 'post'>> => {
  const posted = events.findLast(({ kind }) => kind === 'posted-instead' || kind === 'moved')
  if (posted?.kind !== 'posted-instead') return {}
  const others = await rowsOf(client, `
    select from revisions where document_id = $1 and revision between $2 and $3 and coalesce(document->'contents'->0->'ref'->>'sha256', '') <> $4 limit 1`,
  [record.id, Number(posted.detail['revision']), revision, contentOf(inForce)])
  return others.length > 0 ? {} : { post: posted.detail['because'] as PostReason }
}

// ---------------------------------------------------------------- the parent of an addendum

const parentOf = async (client: PoolClient, { record, revision }: Past, at: string): Promise<Past | undefined> => {
  // A later edit need not name it again; one that came late is not among the revisions, and the document still says it.
  const [named] = await rowsOf(client, `
    select document->>'parentId' as id from revisions where document_id = $1 and revision <= $2 and document->>'parentId' is not null order by revision desc limit 1`, [record.id, revision])
  const sourceId = (named?.['id'] as string | undefined) ?? record.parentSourceId
  return sourceId === undefined || sourceId === record.sourceId ? undefined : pastOf(client, 'source = $1 and source_id = $2', [record.source, sourceId], at)
}

const standsThen = (parent: Past): boolean => {
  const { cancelled, superseded, held } = marksOf(parent)
  const route = decidedIn(parent)?.route
  return !cancelled && !superseded && !held && (route === 'pkb' || route === 'print' || stayedAtPkb(parent))
}

/** A copy that was sent, or may have been, and that nobody wanted back: the log tells each step of it. */
const stayedAtPkb = ({ events }: Past): boolean => {
  const stays = new Map<unknown, boolean>()
  for (const { kind, detail } of events) {
    const { delivery, destination, action, outcome } = detail
    const isSent = kind === 'attempt-started' && (action === 'create' || action === 'update')
    if (destination === 'pkb' && (isSent || kind === 'left-standing')) stays.set(delivery, true)
    if (kind === 'recall-owed' || (kind === 'attempt-ended' && action === 'create' && outcome !== 'accepted' && outcome !== 'unsure')) stays.delete(delivery)
  }
  return stays.size > 0
}

const samePerson = (parent: Past, child: Past): boolean => {
  const [theirs, its] = [parent, child].map(({ inForce }) => nhsNumberOf(inForce.document.patient))
  return theirs === undefined || its === undefined || theirs === its
}

// ---------------------------------------------------------------- the person

// Of any document of theirs that waited for the answer: it was written down with each.
const ASKED = `
  select e.* from events e join documents d on d.id = e.document_id
  where e.kind = 'account-checked' and d.nhs_number = $1 and e.at <= $2 order by e.at desc, e.seq desc limit 1`

type Asked = { readonly person: Person; readonly rebuilt: readonly string[]; readonly unknown: readonly string[] }

/** PKB's answer counts if it was fresh when the document was decided, or came after that. */
const personThen = async (client: PoolClient, { inForce }: Past, at: string, decidedAt: string | undefined, freshHours: number): Promise<Asked> => {
  const nhsNumber = nhsNumberOf(inForce.document.patient)
  if (nhsNumber === undefined) return { person: UNKNOWN_PERSON, rebuilt: ['no account: without one NHS number PKB is not asked'], unknown: [] }
  const judged = (answer: { registered: boolean; deceased: boolean; birthDate?: string; asOf: string }): Person =>
    personFrom(answer, decidedAt !== undefined && decidedAt > answer.asOf ? decidedAt : answer.asOf, freshHours)
  const [row] = await rowsOf(client, 'select * from people where nhs_number = $1', [nhsNumber])
  const asOf = instant(row?.['as_of'])
  if (!row || asOf === undefined) return { person: UNKNOWN_PERSON, rebuilt: ['PKB\'s answer on the account: there was none'], unknown: [] }
  if (asOf <= at) {
    const birthDate = row['birth_date'] as string | null
    return { person: judged({ registered: row['registered'] as boolean, deceased: row['deceased'] as boolean, asOf, ...(birthDate ? { birthDate } : {}) }), rebuilt: [`PKB's answer on the account, of ${asOf}`], unknown: [] }
  }
  const later = `PKB answered again on ${asOf}, and the ledger keeps the last answer only`
  const [event] = (await rowsOf(client, ASKED, [nhsNumber, at])).map(eventOf)
  if (!event) return { person: UNKNOWN_PERSON, rebuilt: [], unknown: [`PKB's answer on the account, if there was one then: ${later}. It counts as not asked.`] }
  return {
    person: judged({ registered: (event.detail['account'] as FactValue<'account'>) === 'registered', deceased: event.detail['deceased'] === true, asOf: event.at }),
    rebuilt: [`PKB's answer on the account, of ${event.at}, from the log`],
    unknown: [`PKB's date of birth then: ${later}. It is not compared.`],
  }
}
