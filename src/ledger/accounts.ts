// What PKB says about people's accounts, and of whom it has to be asked. An answer about thousands is one commit; what
// waits for it is planned again right after, in small groups, so that nobody else waits long. It refuses to let an
// older answer take the place of a newer one, and to have PKB asked again and again about somebody of whom it will not
// say anything.
import type { Pool, PoolClient } from 'pg'
import type { Commit } from './committer.ts'
import { inTransaction } from './database.ts'
import { replan } from './decided.ts'
import type { Ledger } from './ledger.ts'
import { toJson } from './rows.ts'
import type { Row } from './rows.ts'
import { deliveriesOf, putDelivery, tellOwed } from './workspace.ts'
import type { Workspace } from './workspace.ts'

// ---------------------------------------------------------------- who is to be asked about

/** The first pause after a refusal; each further one is twice as long, up to a day. */
const FIRST_PAUSE = '5 minutes'
const LONGEST_PAUSE = '1 day'
/** When somebody of whom PKB would not say anything may be asked about again. */
export const pausedUntil = (refusals: string): string => `${refusals}.at + least(interval '${FIRST_PAUSE}' * 2 ^ least(${refusals}.times - 1, 20), interval '${LONGEST_PAUSE}')`

/** No question takes so long: an answer, or a refusal, that is newer than the present by more was dated by a clock that was wrong. */
const WRONG_CLOCK = "interval '1 hour'"

const WANTED = (people: string): string => `
  select w.nhs_number from (${people}) w
  left join people p on p.nhs_number = w.nhs_number left join account_refusals r on r.nhs_number = w.nhs_number
  where (p.as_of is null or p.as_of < $1 or p.as_of > $2::timestamptz + ${WRONG_CLOCK}) and (r.at is null or ${pausedUntil('r')} <= $2 or r.at > $2::timestamptz + ${WRONG_CLOCK})
  order by r.at nulls first, w.nhs_number limit $3`
const OWED = WANTED(`
  select nhs_number from deliveries where state = 'owed' and nhs_number is not null and destination = 'pkb'
  union select nhs_number from deliveries where $4 and state = 'printing' and nhs_number is not null and destination = 'print'`)
const AMONG = WANTED('select distinct unnest($4::text[]) as nhs_number')

export const accountsWanted = async (pool: Pool, now: string, askedBefore: string, limit: number, { printing = false, among }: Parameters<Ledger['accountsWanted']>[2] = {}): Promise<readonly string[]> => {
  const values = [askedBefore, now, limit, among ?? printing]
  return (await pool.query<Row>({ name: among ? 'ledger-accounts-among' : 'ledger-accounts', text: among ? AMONG : OWED, values })).rows.map((row) => row['nhs_number'] as string)
}

// The code is ours or a status: it says nothing about the person.
const REFUSED = `
  insert into account_refusals (nhs_number, code, at, times) values ($1, $2, $3, 1)
  on conflict (nhs_number) do update set code = excluded.code, at = excluded.at, times = account_refusals.times + 1`

export const accountRefused = async (pool: Pool, nhsNumber: string, code: string, at: string): Promise<void> => { await pool.query(REFUSED, [nhsNumber, code, at]) }

// ---------------------------------------------------------------- what was answered

type People = Parameters<Ledger['savePeople']>[0]

// In the order in which everybody locks: documents, then people.
const LOCK = `
  select id from documents where id in (
    select document_id from deliveries where state = 'owed' and nhs_number = any($1::text[])
    union select document_id from deliveries where state = 'printing' and nhs_number = any($2::text[])
    union select unnest($3::uuid[]))
  order by id for update`
// PKB says nothing of the date of birth to whom it gives no access: what it said before still counts.
const PEOPLE = `
  insert into people select * from json_populate_recordset(null::people, $1) order by nhs_number
  on conflict (nhs_number) do update set registered = excluded.registered, deceased = excluded.deceased, birth_date = coalesce(excluded.birth_date, people.birth_date), as_of = excluded.as_of
  where people.as_of <= excluded.as_of or people.as_of > excluded.as_of + ${WRONG_CLOCK} returning nhs_number`
/** What waits is due now; and a letter in the outbox of somebody who has an account is looked at once more, and so is a copy of somebody who is said to be born on another day. */
const DUE = `
  update deliveries set due_at = $4
  where document_id = any($1::uuid[]) and ((state = 'owed' and nhs_number = any($2::text[])) or (state = 'printing' and nhs_number = any($3::text[]))
    or (destination = 'pkb' and standing in ('present', 'unsure') and due_at is null and nhs_number = any($2::text[]) and document_id = any($5::uuid[])))
  returning document_id, nhs_number`

/** Copies that stand at PKB for people whose date of birth is not what PKB said before: rare, and one may be in the wrong record. */
const BORN = `
  select n.nhs_number from json_populate_recordset(null::people, $1) n join people p using (nhs_number) where n.birth_date is not null and n.birth_date is distinct from p.birth_date`
const STANDING = `
  select distinct y.document_id from documents d join deliveries y on y.document_id = d.id
  where d.nhs_number = any($1::text[]) and y.destination = 'pkb' and y.standing in ('present', 'unsure')`

const standing = async (client: PoolClient, rows: string): Promise<readonly string[]> => {
  const born = (await client.query<Row>(BORN, [rows])).rows.map((row) => row['nhs_number'] as string)
  return born.length === 0 ? [] : (await client.query<Row>(STANDING, [born])).rows.map((row) => row['document_id'] as string)
}

const registered = (people: People): readonly string[] => people.filter((one) => one.registered).map(({ nhsNumber }) => nhsNumber)

/** One commit: the answer, and that what waits for it is due. */
const write = async (client: PoolClient, people: People, at: string): Promise<readonly string[]> => {
  const rows = toJson(people.map((one) => ({ nhs_number: one.nhsNumber, registered: one.registered, deceased: one.deceased, birth_date: one.birthDate, as_of: at })))
  const bornOtherwise = await standing(client, rows)
  const { rows: locked } = await client.query<Row>(LOCK, [people.map(({ nhsNumber }) => nhsNumber), registered(people), bornOtherwise])
  const taken = new Set((await client.query<Row>(PEOPLE, [rows])).rows.map((row) => row['nhs_number'] as string))
  const newest = people.filter(({ nhsNumber }) => taken.has(nhsNumber))
  await client.query('delete from account_refusals where nhs_number = any($1::text[])', [[...taken]])
  const { rows: due } = await client.query<Row>(DUE, [locked.map((row) => row['id']), [...taken], registered(newest), at, bornOtherwise])
  const documents = new Map(due.map((row) => [row['document_id'] as string, row['nhs_number'] as string]))
  if (documents.size > 0) {
    const said = new Map(newest.map((one) => [one.nhsNumber, one]))
    const events = [...documents].map(([id, nhsNumber]) => ({ at, document_id: id, kind: 'account-checked', actor: 'pkb', detail: JSON.stringify({ account: said.get(nhsNumber)!.registered ? 'registered' : 'unregistered', deceased: said.get(nhsNumber)!.deceased }) }))
    await client.query('select append_events($1)', [toJson(events)])
  }
  return [...documents.keys()]
}

/** Documents planned again in one commit. */
const AT_ONCE = 50

/** When it resolves the answer is kept; and where planning again failed, the letter is due, and is planned when it is looked at. */
export const savePeople = async (pool: Pool, commit: Commit, people: People, asOf: string): Promise<void> => {
  if (people.length === 0) return
  const at = new Date(asOf).toISOString()
  const last = [...new Map(people.map((one) => [one.nhsNumber, one])).values()]
  const documents = await inTransaction(pool, (client) => write(client, last, at))
  for (let from = 0; from < documents.length; from += AT_ONCE) {
    const some = documents.slice(from, from + AT_ONCE)
    await commit({ needs: { documents: some, plans: true }, run: (space) => { for (const id of some) follow(space, id, at) } }).catch(() => undefined)
  }
}

/** To print, to a person, to nobody, or to the record: as the answer has it, whatever the line to PKB is doing meanwhile. */
const follow = (space: Workspace, documentId: string, at: string): void => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return
  replan(space, record, at)
  for (const delivery of deliveriesOf(space, documentId)) {
    if (delivery.state !== 'owed' && delivery.state !== 'printing') continue
    // A worker that looked before the answer came may have put it off since.
    const due = delivery.state === 'owed' ? { ...delivery, dueAt: at } : delivery
    if (due.dueAt !== delivery.dueAt) putDelivery(space, due, at)
    tellOwed(space, due)
  }
}
