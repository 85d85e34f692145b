// What the tables say of open deliveries: in what trouble each is, and how many are in the same. Most are counted where they
// lie, for after a night without PKB there are tens of thousands. It refuses to change anything, and to hand out a patient
// but to be counted.
import type { Pool } from 'pg'
import { failingOf, type Failing, type Trouble } from '../decide/cause.ts'
import type { DeliveryState, OutcomeKind } from '../types.ts'
import { pausedUntil } from './accounts.ts'
import type { Ages } from './failure-words.ts'
import type { FailureRow } from './ledger.ts'
import { instant, present } from './rows.ts'
import type { Row } from './rows.ts'

/** More open deliveries than these are counted no further. */
const MOST_LOOKED_AT = 50_000
/** What is owed for longer behind a destination whose last exchange failed, waits for that destination. */
const WAITS_SECS = 60
const HOUR_MS = 3_600_000
/** So far back in the log a destination's last exchange is looked for. */
const EVENTS_BACK = 5_000
/** What a process said of its circuits longer ago counts no more. */
const HEARD_SECS = 60

// ---------------------------------------------------------------- one row for each

const BAD: readonly OutcomeKind[] = ['unavailable', 'unsure', 'refused', 'unregistered', 'forbidden']
/** After these nothing else is sent either, until one is answered. */
const AWAY: ReadonlySet<unknown> = new Set<OutcomeKind>(['unavailable', 'unsure', 'forbidden'])
/** Of an answer to the question whether there is an account, and not about the letter. */
const ACCOUNTS = 'Accounts'

/** What a person has stopped does not wait for a destination. Where there is no stop at all, none is looked for. */
export const STOPPED = `(exists (select from stops where lifted_at is null) and exists (
    select from stops s where s.lifted_at is null and o.state <> 'recalling' and (s.scope = 'all' or upper(btrim(s.value)) = upper(btrim(case s.scope when 'code' then d.code when 'service' then d.team else d.directorate end)))))`

const FAILED = `a.outcome not in ('accepted', 'started')`
const WAS_TRIED = `(o.attempt_id is not null or o.state not in ('owed', 'sending'))`

/** Only what is failed, blocked or due has anything open; each has an index. The oldest come first. */
const NEEDED = 'id, document_id, destination, state, tries, last_outcome, last_code, last_detail, changed_at, owed_since, opened_at, due_at, nhs_number, attempt_id'
const OPEN = `
  select * from (select ${NEEDED} from deliveries where state in ('failed', 'blocked') union all select ${NEEDED} from deliveries where due_at is not null and state in ('owed', 'sending', 'recalling')) o
  where $4::uuid is null or not exists (select from run_members m where m.run_id = $4 and m.delivery_id = o.id)
  order by coalesce(o.owed_since, o.opened_at), o.id limit $3`

/** What is alike of deliveries, one text for each: to compare that is less work than to compare so many columns. The other side's words come last. */
const SAME = [
  'k.destination', 'k.state', 'k.tries = 0', 'k.own', 'k.waits', 'k.unasked', 'k.policy', 'case when t.by_attempts then k.failed_at[2] > $1 else t.last > $1 and t.last <= $5 end', 'case when t.by_attempts then k.failed_at[3] is not null else t.last > $2 and t.last <= $1 end',
  "case when k.since > $1 then 'hour' when k.since > $5::timestamptz - interval '4 hours' then 'fourHours' when k.since > $5::timestamptz - interval '1 day' then 'day' else 'older' end",
  'k.last_outcome', 'k.last_code', 'k.last_detail', 'k.account_code', 'k.attempt[1]', 'k.attempt[2]', 'k.attempt[3]', 'k.attempt[4]',
] as const
const BETWEEN = '\u001f'

/** $1, $2: one and two hours ago; $3, $4: of OPEN; $5: now; $6: what is owed since later does not wait yet; $7: since when an account has to have been asked. */
const EACH = (open: string): string => `
  with known as materialized (
    select o.id, o.document_id, o.destination, o.state, o.tries, o.last_outcome, o.last_code, case when o.state = 'blocked' or o.last_code = 'SECOND_KEY' then o.last_detail end as last_detail, o.changed_at,
      coalesce(o.owed_since, o.opened_at) as since, coalesce(o.nhs_number, d.nhs_number) as nhs_number,
      coalesce(d.policy, (select v.decision->>'policy' from revisions v where v.document_id = d.id and v.revision = d.revision)) as policy,
      r.code as account_code, r.at as account_at, case when o.tries = 0 and r.at is not null then greatest(o.due_at, ${pausedUntil('r')}) else o.due_at end as due_at,
      -- The first and the last failure since it arrived, and the last one of the hour before. What never was exchanged has no attempts to be looked for.
      case when ${WAS_TRIED} then (
        select array[min(a.at), max(a.at), max(a.at) filter (where a.at > $2 and a.at <= $1)]
        from (select at, outcome, max(at) filter (where outcome = 'accepted' and action <> 'look') over () as arrived_at from attempts where delivery_id = o.id) a
        where ${FAILED} and (a.arrived_at is null or a.at > a.arrived_at)) end as failed_at,
      case when ${WAS_TRIED} then (
        select array[a.outcome, a.code, case when a.code = 'SECOND_KEY' then a.detail end, a.trace->>'answer'] from attempts a where a.delivery_id = o.id and ${FAILED} order by a.at desc, a.id desc limit 1) end as attempt,
      o.state = 'blocked' or o.state = 'failed' or o.tries > 0 or coalesce(o.last_outcome = any('{${BAD.join(',')}}'), false) or r.code is not null as own,
      coalesce(o.owed_since, o.opened_at) <= $6 and not ${STOPPED} as waits,
      $7::timestamptz is not null and o.destination = 'pkb' and o.state = 'owed' and not exists (select from people p where p.nhs_number = o.nhs_number and p.as_of >= $7) as unasked
    from (${open}) o
    -- Each by its key, whatever the planner expects: it would read every document there is for ten thousand of them.
    cross join lateral (select id, revision, nhs_number, policy, code, team, directorate from documents where id = o.document_id offset 0) d
    left join account_refusals r on r.nhs_number = o.nhs_number and o.destination = 'pkb' and o.state = 'owed')
  select k.id, k.document_id, k.nhs_number, k.since, t.first, t.last, k.due_at, concat_ws('${BETWEEN}', ${SAME.map((column) => `coalesce((${column})::text, '')`).join(', ')}) as same
  from known k cross join lateral (select k.state <> 'blocked' and k.failed_at[1] is not null as by_attempts,
    -- What was never tried, or not refused by an exchange, has been so since it changed.
    case when not k.own then k.since when k.state = 'blocked' then k.changed_at else coalesce(k.failed_at[1], k.account_at, k.changed_at) end as first,
    case when not k.own then k.since when k.state = 'blocked' then k.changed_at else coalesce(k.failed_at[2], k.account_at, k.changed_at) end as last) t`

/** How the last exchange ended that each destination had, whichever process made it. */
const LAST = `
  with ended as materialized (
    select e.seq, (e.detail::json->>'attempt')::uuid as attempt, e.detail::json->>'destination' as destination from (select seq, kind, detail from events order by seq desc limit $1) e where e.kind = 'attempt-ended'),
  -- Entries of old do not name the destination: each of them is looked up.
  latest as materialized ((select distinct on (destination) seq, attempt from ended where destination is not null order by destination, seq desc) union all select seq, attempt from ended where destination is null)
  select distinct on (y.destination) y.destination, a.outcome, a.code, a.trace->>'answer' as answer
  from latest e join attempts a on a.id = e.attempt join deliveries y on y.id = a.delivery_id
  order by y.destination, e.seq desc`

/** Until when nothing is tried, as every process says that sends there. */
const PAUSED = `
  select destination, min(until) as until from destination_states where seen_at > $1::timestamptz - interval '${HEARD_SECS} seconds'
  group by destination having bool_and(circuit = 'open') and min(until) > $1`

/** Destinations at which nothing is tried before this moment, whatever is due there. */
export const pausedUntilWhen = async (pool: Pool, now: string): Promise<ReadonlyMap<string, string>> =>
  new Map((await pool.query<Row>(PAUSED, [now])).rows.map((row) => [row['destination'] as string, instant(row['until'])!]))

/** Nobody can be asked whether there is an account: as any process says that sends. */
const UNASKED = `select code from destination_states where destination = 'pkb-accounts' and circuit in ('open', 'half-open') and seen_at > $1::timestamptz - interval '${HEARD_SECS} seconds' order by since desc limit 1`

// ---------------------------------------------------------------- what is wrong with it

const told = (state: unknown, outcome: unknown, code: unknown, detail: unknown, answer: unknown): Trouble => present<Trouble>({
  state: state as DeliveryState, outcome: outcome as OutcomeKind, code: String(code ?? 'unknown'), detail: detail as string | null, answer: answer as string | null,
})

const isBad = (outcome: unknown): boolean => (BAD as readonly unknown[]).includes(outcome)

/** What SAME says. */
type Same = {
  readonly destination: string
  readonly state: string
  readonly untried: boolean
  /** Something is wrong with it by itself. */
  readonly own: boolean
  readonly waits: boolean
  /** Its account is not known, and nobody can be asked. */
  readonly unasked: boolean
  readonly policy: string
  readonly thisHour: boolean
  readonly hourBefore: boolean
  readonly age: keyof Ages
  readonly last: Told
  readonly accountCode?: string
  readonly attempt: Told
}
type Told = { readonly outcome?: string; readonly code?: string; readonly detail?: string; readonly answer?: string }

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

const sameOf = (row: Row): Same => {
  const [destination = '', state = '', untried, own, waits, unasked, policy = '', thisHour, hourBefore, age, lastOutcome, lastCode, lastDetail, accountCode, outcome, code, detail, ...answer] = String(row['same']).split(BETWEEN)
  return {
    destination, state, untried: untried === 'true', own: own === 'true', waits: waits === 'true', unasked: unasked === 'true', policy, thisHour: thisHour === 'true', hourBefore: hourBefore === 'true', age: age as keyof Ages,
    last: present<Told>({ outcome: given(lastOutcome), code: given(lastCode), detail: given(lastDetail) }), attempt: present<Told>({ outcome: given(outcome), code: given(code), detail: given(detail), answer: given(answer.join(' ')) }),
    ...(given(accountCode) === undefined ? {} : { accountCode: accountCode! }),
  }
}

/** What is wrong with it by itself; undefined where nothing is, as far as it has been tried. */
const troubleOf = ({ state, own, untried, last, attempt, accountCode }: Same): Trouble | undefined => {
  if (!own) return undefined
  if (state === 'blocked') return told(state, 'refused', last.code, last.detail, undefined)
  if (isBad(last.outcome)) return told(state, last.outcome, last.code, last.detail, last.outcome === attempt.outcome && last.code === attempt.code ? attempt.answer : undefined)
  if (state !== 'failed' && untried) return told(state, 'unavailable', accountCode, undefined, ACCOUNTS)
  if (attempt.outcome !== undefined) return told(state, attempt.outcome, attempt.code, attempt.detail, attempt.answer)
  return told(state, last.outcome ?? 'accepted', last.code, last.detail, undefined)
}

/** What keeps deliveries from being tried at all. */
export type Behind = { readonly away: ReadonlyMap<string, Trouble>; readonly unasked?: Trouble; readonly askedBefore: string }

export type Wrong = { readonly destination: string; readonly failing: Failing; /** See `FailureRow`. */ readonly fate: FailureRow['fate'] }

const wrongOf = (same: Same, { away, unasked }: Behind): Wrong | undefined => {
  const { destination, state } = same
  const own = troubleOf(same)
  const trouble = own ?? (same.waits ? (same.unasked ? unasked : undefined) ?? away.get(destination) : undefined)
  return trouble && { destination, failing: failingOf(trouble), fate: state === 'failed' || state === 'blocked' ? 'person' : own ? 'again' : 'behind' }
}

const lastOf = async (pool: Pool): Promise<ReadonlyMap<string, Trouble>> =>
  new Map((await pool.query<Row>(LAST, [EVENTS_BACK])).rows.filter(({ outcome }) => AWAY.has(outcome)).map((row) => [row['destination'] as string, told('owed', row['outcome'], row['code'], undefined, row['answer'])]))

/** Destinations whose last exchange failed so that nothing else is sent either, until one is answered; with the code of that. */
export const destinationsAway = async (pool: Pool): Promise<ReadonlyMap<string, string>> => new Map([...(await lastOf(pool))].map(([destination, { code }]) => [destination, code]))

/** `accountFreshHours`: an answer of PKB that is older counts as none. */
export const behindWhat = async (pool: Pool, now: string, accountFreshHours: number): Promise<Behind> => {
  const [away, { rows: [unasked] }] = await Promise.all([lastOf(pool), pool.query<Row>(UNASKED, [now])])
  return { away, askedBefore: ago(now, accountFreshHours * HOUR_MS), ...(unasked ? { unasked: told('owed', 'unavailable', unasked['code'], undefined, ACCOUNTS) } : {}) }
}

// ---------------------------------------------------------------- all of them, counted

const ago = (now: string, ms: number): string => new Date(Date.parse(now) - ms).toISOString()

const values = (now: string, { unasked, askedBefore }: Behind, third: unknown, notIn?: string): readonly unknown[] =>
  [ago(now, HOUR_MS), ago(now, 2 * HOUR_MS), third, notIn ?? null, now, ago(now, WAITS_SECS * 1000), unasked ? askedBefore : null]

/** Where members are asked for, each stands there with when it began, in any order. */
const COUNTED = (members: boolean): string => `
  select same, count(*)::int as deliveries, min(since) as since, min(first) as first, max(last) as last, min(due_at) as due_at,
    string_agg(document_id::text, ' ') as documents, string_agg(nhs_number, ' ') as patients, string_agg(document_id::text, ' ') filter (where nhs_number is null) as unidentified
    ${members ? ", string_agg((extract(epoch from since) * 1000)::bigint || ' ' || id || ' ' || document_id, ',') as members" : ''}
  from (${EACH(OPEN)}) e group by same`

export type Member = { readonly id: string; readonly documentId: string; readonly since: string }

/** Deliveries of which the tables say the same. */
export type Alike = Wrong & {
  readonly policy: string
  readonly thisHour: boolean
  readonly hourBefore: boolean
  readonly age: keyof Ages
  readonly deliveries: number
  readonly documents: readonly string[]
  /** NHS numbers, once for each delivery. */
  readonly patients: readonly string[]
  readonly unidentified: readonly string[]
  readonly since: string
  readonly firstSeen: string
  readonly lastSeen: string
  readonly dueAt?: string
  /** Only where they were asked for. */
  readonly members: () => readonly Member[]
}

const words = (text: unknown): readonly string[] => (typeof text === 'string' ? text.split(' ') : [])

const memberOf = (text: string): Member => {
  const [ms = '', id = '', documentId = ''] = text.split(' ')
  return { id, documentId, since: new Date(Number(ms)).toISOString() }
}

const alikeOf = (row: Row, behind: Behind): Alike | undefined => {
  const same = sameOf(row)
  const wrong = wrongOf(same, behind)
  return wrong && present<Alike>({
    ...wrong, policy: same.policy, thisHour: same.thisHour, hourBefore: same.hourBefore, age: same.age, deliveries: row['deliveries'] as number,
    documents: words(row['documents']), patients: words(row['patients']), unidentified: words(row['unidentified']),
    since: instant(row['since'])!, firstSeen: instant(row['first'])!, lastSeen: instant(row['last'])!, dueAt: instant(row['due_at']),
    members: () => String(row['members'] ?? '').split(',').filter((text) => text !== '').map(memberOf),
  })
}

export type Asked = { readonly now: string; readonly behind: Behind; /** A run whose members are left out. */ readonly notIn?: string; readonly members?: boolean }

/** `all`: nothing was left uncounted. */
export const counted = async (pool: Pool, { now, behind, notIn, members = false }: Asked): Promise<{ readonly alike: readonly Alike[]; readonly all: boolean }> => {
  const { rows } = await pool.query<Row>(COUNTED(members), [...values(now, behind, MOST_LOOKED_AT + 1, notIn)])
  const looked = rows.reduce((sum, row) => sum + (row['deliveries'] as number), 0)
  return { alike: rows.flatMap((row) => alikeOf(row, behind) ?? []), all: looked <= MOST_LOOKED_AT }
}

// ---------------------------------------------------------------- some of them, one by one

export type Found = Wrong & Member & { readonly policy: string; readonly firstSeen: string; readonly lastSeen: string; readonly dueAt?: string }

const CHOSEN = `select ${NEEDED} from deliveries where id = any($3::uuid[]) and $4::uuid is null and (state in ('failed', 'blocked') or (due_at is not null and state in ('owed', 'sending', 'recalling')))`

/** Of these deliveries those that are in trouble. */
export const found = async (pool: Pool, now: string, behind: Behind, ids: readonly string[]): Promise<ReadonlyMap<string, Found>> => {
  const { rows } = await pool.query<Row>(EACH(CHOSEN), [...values(now, behind, ids)])
  return new Map(rows.flatMap((row): [string, Found][] => {
    const same = sameOf(row)
    const [wrong, id] = [wrongOf(same, behind), row['id'] as string]
    return wrong ? [[id, present<Found>({
      ...wrong, id, documentId: row['document_id'] as string, policy: same.policy, since: instant(row['since'])!, firstSeen: instant(row['first'])!, lastSeen: instant(row['last'])!, dueAt: instant(row['due_at']),
    })]] : []
  }))
}
