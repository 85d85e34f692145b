// Who has signed in, in which browser, and until when; and how often somebody tried. All processes see the same, at once.
// It refuses a session of somebody who was disabled, and to let those who guess at a name keep its owner out.
import type { Pool } from 'pg'
import { inTransaction } from './database.ts'
import { isUuid } from './queries.ts'
import { instant } from './rows.ts'
import type { Row } from './rows.ts'
import type { LiveSession, NewSession, Session, Sessions, Tries } from './staff-words.ts'
import { staffOf, writeDown } from './staff.ts'

/** A use is written down this often at most. */
const SEEN_SECS = 30

const sessionOf = (row: Row): Session => ({
  id: row['session_id'] as string, madeAt: instant(row['session_made_at'])!, seenAt: instant(row['session_seen_at'])!, until: instant(row['until'])!, how: row['how'] as string,
})
const liveOf = (row: Row): LiveSession => ({ ...sessionOf(row), formToken: row['form_token'] as string, staff: staffOf(row) })

const COLUMNS = 's.*, e.id as session_id, e.made_at as session_made_at, e.seen_at as session_seen_at, e.until, e.how, e.form_token'
const GOOD = 's.disabled_at is null and e.until > $2 and e.seen_at > $2::timestamptz - make_interval(secs => $3)'

// The account first, as whoever changes accounts does: two that each wait for the other would both fail.
const START = `
  with s as (update staff set seen_at = $5 where id = $1 and disabled_at is null and ($7::text is null or password = $7) returning *),
  e as (
    insert into sessions (id, staff_id, token_sha256, form_token, how, made_at, seen_at, until)
    select gen_random_uuid(), id, $2, $3, $4, $5, $5, $6 from s returning *)
  select ${COLUMNS} from e join s on s.id = e.staff_id`
const OVER = 'delete from sessions where id in (select id from sessions where token_sha256 = $1 or until <= $2 for update skip locked)'

export const startSession = async (pool: Pool, session: NewSession, at: string): Promise<LiveSession | undefined> =>
  inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>(START, [session.staffId, session.tokenSha256, session.formToken, session.how, at, session.until, session.passwordHash ?? null])
    if (!row) return undefined
    await client.query(OVER, [session.insteadOf ?? '', at])
    await client.query('delete from browsers where token_sha256 in (select token_sha256 from browsers where until <= $1 for update skip locked)', [at])
    if (session.browser)
      await client.query('insert into browsers (token_sha256, staff_id, until) values ($1, $2, $3) on conflict (token_sha256) do update set staff_id = excluded.staff_id, until = excluded.until', [session.browser.sha256, session.staffId, session.browser.until])
    const live = liveOf(row)
    await writeDown(client, 'signed-in', at, `${live.staff.userName} (pages)`, { staff: live.staff.id, session: live.id, how: session.how })
    return live
  })

export const session = async (pool: Pool, tokenSha256: string, at: string, idleSecs: number, unused = false): Promise<LiveSession | undefined> => {
  const { rows: [row] } = await pool.query<Row>(`select ${COLUMNS} from sessions e join staff s on s.id = e.staff_id where e.token_sha256 = $1 and ${GOOD}`, [tokenSha256, at, idleSecs])
  if (!row) return undefined
  const live = liveOf(row)
  if (!unused && Date.parse(at) - Date.parse(live.seenAt) >= SEEN_SECS * 1000)
    await pool.query('with e as (update sessions set seen_at = $2 where id = $1 returning staff_id) update staff set seen_at = $2 where id = (select staff_id from e)', [live.id, at])
  return live
}

export const sessionsOf = async (pool: Pool, staffId: string, at: string, idleSecs: number): Promise<readonly Session[]> =>
  isUuid(staffId) ? (await pool.query<Row>(`select ${COLUMNS} from sessions e join staff s on s.id = e.staff_id where e.staff_id = $1 and ${GOOD} order by e.made_at desc, e.id`, [staffId, at, idleSecs])).rows.map(sessionOf) : []

export const endSessions = async (pool: Pool, ...[of, actor, at]: Parameters<Sessions['endSessions']>): Promise<number> => {
  const [condition, id] = 'sessionId' in of ? ['id = $2', of.sessionId] : ['id <> $2', of.except]
  if (!isUuid(of.staffId) || !isUuid(id)) return 0
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<Row>(`delete from sessions where staff_id = $1 and ${condition} returning id`, [of.staffId, id])
    if (rows.length > 0) await writeDown(client, 'signed-out', at, actor, { staff: of.staffId, sessions: rows.map((row) => row['id']) })
    return rows.length
  })
}

// ---------------------------------------------------------------- tries

export const knownBrowser = async (pool: Pool, sha256: string, userName: string, at: string): Promise<boolean> =>
  (await pool.query('select 1 from browsers b join staff s on s.id = b.staff_id where b.token_sha256 = $1 and s.user_name = $2 and b.until > $3', [sha256, userName, at])).rows.length > 0

// A key is used up to a moment that each try moves on by one step; as many steps as `burst` may lie ahead.
const COUNT = `
  insert into sign_in_tries as t (key, used_until) values ($1, $2::timestamptz + make_interval(secs => $3))
  on conflict (key) do update set used_until = greatest(t.used_until, $2) + make_interval(secs => $3)
  where t.used_until <= $2::timestamptz + make_interval(secs => $3 * ($4 - 1)) returning key`

export const countTry = async (pool: Pool, tries: readonly Tries[], at: string): Promise<boolean> => {
  const usedUp = Symbol('used up')
  const counted = inTransaction(pool, async (client) => {
    // Always in one order, so that two that count the same keys wait for each other and no more.
    for (const { key, burst, everySecs } of tries.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
      if ((await client.query(COUNT, [key, at, everySecs, burst])).rows.length === 0) throw usedUp
    await client.query('delete from sign_in_tries where key in (select key from sign_in_tries where used_until < $1 limit 100 for update skip locked)', [at])
  })
  return counted.then(() => true, (error: unknown) => { if (error === usedUp) return false; throw error })
}

export const uncountTry = async (pool: Pool, tries: readonly Tries[], at: string): Promise<void> => {
  for (const { key, everySecs } of tries)
    await pool.query('update sign_in_tries set used_until = greatest($2, used_until - make_interval(secs => $3)) where key = $1', [key, at, everySecs])
}

export const signInRefused = async (pool: Pool, { userName, why, address }: Parameters<Sessions['signInRefused']>[0], at: string): Promise<void> => {
  await inTransaction(pool, (client) => writeDown(client, 'sign-in-refused', at, userName === undefined ? 'unknown' : `${userName} (pages)`, { why, address }))
}
