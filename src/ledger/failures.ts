// Deliveries in trouble, grouped by where they go, why, and by what signature. It refuses to change anything, to look at
// deliveries of which nothing is open, and to tell of patients more than how many they are.
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { CAUSES, type Cause, type Failing } from '../decide/cause.ts'
import type { DeliveryState } from '../types.ts'
import type { Ages } from './failure-words.ts'
import type { FailureGroup, FailureRow, Ledger } from './ledger.ts'
import { instant, listRowOf, present } from './rows.ts'
import type { Row } from './rows.ts'
import { behindWhat, counted, found, pausedUntilWhen, type Alike, type Found, type Member, type Wrong } from './trouble.ts'

/** The same trouble has the same key at any time and in any process; it holds what the group says of itself and nothing else. */
const groupKey = (destination: string, { cause, signature }: Failing): string =>
  `${cause}-${createHash('sha256').update(JSON.stringify([destination, cause, signature])).digest('hex').slice(0, 16)}`

const keyOf = ({ destination, failing }: Wrong): string => groupKey(destination, failing)

// ---------------------------------------------------------------- counted

const least = (texts: readonly string[]): string => texts.reduce((one, other) => (other < one ? other : one))
const greatest = (texts: readonly string[]): string => texts.reduce((one, other) => (other > one ? other : one))

const different = (lists: readonly (readonly string[])[]): number => new Set(lists.flat()).size
const documentsIn = (alike: readonly Alike[]): number => different(alike.map(({ documents }) => documents))

/** What is due behind a destination that is paused is tried when it is over. */
const nextAt = (dueAt: string, until: string | undefined): string => greatest([dueAt, ...(until === undefined ? [] : [until])])

type Paused = ReadonlyMap<string, string>

const groupOf = (key: string, alike: readonly Alike[], paused: Paused): FailureGroup => {
  const [one] = alike
  const dueAts = alike.flatMap(({ fate, dueAt }) => (fate !== 'person' && dueAt !== undefined ? [dueAt] : []))
  const owedFor = (age: keyof Ages): number => documentsIn(alike.filter((each) => each.age === age))
  const fate = (which: Wrong['fate']): number => documentsIn(alike.filter((each) => each.fate === which))
  return {
    key, destination: one!.destination, ...one!.failing,
    documents: documentsIn(alike), patients: different(alike.map(({ patients }) => patients)), unidentified: different(alike.map(({ unidentified }) => unidentified)),
    person: fate('person'), again: fate('again'), behind: fate('behind'),
    ages: { hour: owedFor('hour'), fourHours: owedFor('fourHours'), day: owedFor('day'), older: owedFor('older') },
    oldestSince: least(alike.map(({ since }) => since)), firstSeen: least(alike.map(({ firstSeen }) => firstSeen)), lastSeen: greatest(alike.map(({ lastSeen }) => lastSeen)),
    thisHour: documentsIn(alike.filter(({ thisHour }) => thisHour)), hourBefore: documentsIn(alike.filter(({ hourBefore }) => hourBefore)),
    policies: [...Map.groupBy(alike, ({ policy }) => policy)].map(([hash, those]) => ({ hash, documents: documentsIn(those) })).sort((a, b) => b.documents - a.documents || a.hash.localeCompare(b.hash)),
    ...(dueAts.length === 0 ? {} : { nextAt: nextAt(least(dueAts), paused.get(one!.destination)) }),
  }
}

const rank = (cause: Cause): number => CAUSES.indexOf(cause)

/** What waits for a person first, then by how many documents. */
const byWeight = (a: FailureGroup, b: FailureGroup): number =>
  Number(b.person > 0) - Number(a.person > 0) || b.documents - a.documents || rank(a.cause) - rank(b.cause) || a.key.localeCompare(b.key)

export const failures = async (pool: Pool, freshHours: number, now: string): ReturnType<Ledger['failures']> => {
  const [behind, paused] = await Promise.all([behindWhat(pool, now, freshHours), pausedUntilWhen(pool, now)])
  const { alike, all } = await counted(pool, { now, behind })
  return { groups: [...Map.groupBy(alike, keyOf)].map(([key, those]) => groupOf(key, those, paused)).sort(byWeight), documents: documentsIn(alike), patients: different(alike.map(({ patients }) => patients)), all }
}

// ---------------------------------------------------------------- of one group

const place = ({ since, id }: Member): string => `${since}~${id}`

const oldestFirst = (alike: readonly Alike[]): readonly Member[] => {
  const members = alike.flatMap((each) => each.members())
  return members.map((member) => [place(member), member] as const).sort(([one], [other]) => (one < other ? -1 : 1)).map(([, member]) => member)
}

/** Deliveries of a group, oldest first; undefined where there are none. */
export const inGroup = async (pool: Pool, freshHours: number, now: string, key: string): Promise<{ readonly wrong: Wrong; readonly members: readonly Member[] } | undefined> => {
  const { alike } = await counted(pool, { now, behind: await behindWhat(pool, now, freshHours), members: true })
  const those = alike.filter((each) => keyOf(each) === key)
  return those[0] && { wrong: those[0], members: oldestFirst(those) }
}

/** How many are in a group and not in a run. */
export const joinedSince = async (pool: Pool, freshHours: number, now: string, key: string, run: string): Promise<number> => {
  const { alike } = await counted(pool, { now, behind: await behindWhat(pool, now, freshHours), notIn: run })
  return alike.filter((each) => keyOf(each) === key).reduce((sum, { deliveries }) => sum + deliveries, 0)
}

/** Of these deliveries those in trouble. */
export const troubleOf = async (pool: Pool, freshHours: number, now: string, ids: readonly string[]): Promise<ReadonlyMap<string, Found>> =>
  found(pool, now, await behindWhat(pool, now, freshHours), ids)

const ROWS = `
  select y.id as delivery_id, y.state as delivery_state, y.tries, y.due_at, y.last_code, y.last_detail, d.*, v.decision->>'because' as because
  from deliveries y join documents d on d.id = y.document_id join revisions v on v.document_id = d.id and v.revision = d.revision where y.id = any($1::uuid[])`

/** Oldest first. */
export const failuresIn = async (pool: Pool, freshHours: number, now: string, key: string, limit: number, after?: string): ReturnType<Ledger['failuresIn']> => {
  const [behind, paused] = await Promise.all([behindWhat(pool, now, freshHours), pausedUntilWhen(pool, now)])
  const alike = (await counted(pool, { now, behind, members: true })).alike.filter((each) => keyOf(each) === key)
  if (alike.length === 0) return undefined
  const rest = oldestFirst(alike).filter((one) => after === undefined || place(one) > after)
  const page = rest.slice(0, limit)
  const ids = page.map(({ id }) => id)
  const [wrong, { rows }] = await Promise.all([found(pool, now, behind, ids), pool.query<Row>(ROWS, [ids])])
  const byId = new Map(rows.map((row) => [row['delivery_id'] as string, row]))
  const last = page.at(-1)
  return {
    group: groupOf(key, alike, paused),
    rows: ids.flatMap((id) => {
      const [one, row] = [wrong.get(id), byId.get(id)]
      return one && row ? [rowOf(one, row, paused)] : []
    }),
    ...(rest.length > limit && last ? { cursor: place(last) } : {}),
  }
}

const rowOf = ({ id, destination, fate, since, firstSeen, lastSeen, policy, ...one }: Found, row: Row, paused: Paused): FailureRow => {
  const dueAt = one.dueAt ?? instant(row['due_at'])
  return present<FailureRow>({
    deliveryId: id, state: row['delivery_state'] as DeliveryState, fate, since, firstSeen, lastSeen, policy, tries: row['tries'] as number,
    dueAt: dueAt === undefined || fate === 'person' ? dueAt : nextAt(dueAt, paused.get(destination)),
    lastCode: row['last_code'] as string | null, lastDetail: row['last_detail'] as string | null, document: listRowOf(row),
  })
}
