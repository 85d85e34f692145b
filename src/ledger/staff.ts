// The accounts of those who may sign in, and the codes that open one. Each change is written into the log in the same
// transaction. It refuses to leave nobody who can say who may come in, and to take the same code twice.
import type { Pool, PoolClient } from 'pg'
import type { AuditKind } from '../observe/events.ts'
import { inTransaction } from './database.ts'
import type { CodeUse, NewCode, Provided, Staff, StaffBy, Staffing } from './staff-words.ts'
import { isUuid } from './queries.ts'
import { instant, present, toJson } from './rows.ts'
import type { Row } from './rows.ts'

export const staffOf = (row: Row): Staff => present<Staff>({
  id: row['id'] as string, userName: row['user_name'] as string, name: row['name'] as string, roles: row['roles'] as readonly string[],
  origin: row['origin'] === 'oidc' ? { kind: 'oidc', issuer: row['issuer'] as string, subject: row['subject'] as string } : { kind: 'local' },
  hasPassword: row['password'] !== null, disabledAt: instant(row['disabled_at']), madeAt: instant(row['made_at'])!, seenAt: instant(row['seen_at']),
})

type Detail = { readonly [name: string]: unknown }

/** The last statement of its transaction: see `append_events`. */
export const writeDown = (client: PoolClient, kind: AuditKind, at: string, actor: string, detail: Detail): Promise<unknown> =>
  client.query('select append_events($1)', [toJson([{ at: new Date(at).toISOString(), kind, actor, detail: JSON.stringify(detail) }])])

const changed = (client: PoolClient, { userName, id }: Staff, what: string, { actor, reason, at }: StaffBy, more: Detail = {}): Promise<unknown> =>
  writeDown(client, 'staff-changed', at, actor, { staff: id, userName, what, ...more, reason })

/** One change of accounts after another, so that two administrators cannot each take the other's role away. */
const alone = <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  inTransaction(pool, async (client) => {
    await client.query('lock table staff in share row exclusive mode')
    return work(client)
  })

const one = async (client: Pool | PoolClient, sql: string, values: readonly unknown[]): Promise<Row | undefined> => (await client.query<Row>(sql, [...values])).rows[0]

// ---------------------------------------------------------------- look

export const staff = async (pool: Pool): Promise<readonly Staff[]> => (await pool.query<Row>('select * from staff order by user_name')).rows.map(staffOf)

export const staffNamed: (pool: Pool, ...asked: Parameters<Staffing['staffNamed']>) => ReturnType<Staffing['staffNamed']> = async (pool, userName) => {
  const row = await one(pool, 'select * from staff where user_name = $1', [userName])
  return row && { ...staffOf(row), ...(typeof row['password'] === 'string' ? { passwordHash: row['password'] } : {}) }
}

// ---------------------------------------------------------------- make and change

const MAKE = `
  insert into staff (id, user_name, name, roles, origin, issuer, subject, password, made_at) values (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (user_name) do nothing returning *`

const keepCode = (client: PoolClient, staffId: string | null, { sha256, until }: NewCode): Promise<unknown> =>
  client.query('insert into sign_in_codes (sha256, staff_id, until) values ($1, $2, $3)', [sha256, staffId, until])

export const inviteStaff = (pool: Pool, { userName, name, roles }: Pick<Staff, 'userName' | 'name' | 'roles'>, code: NewCode, by: StaffBy): Promise<Staff | 'taken'> =>
  alone(pool, async (client) => {
    const row = await one(client, MAKE, [userName, name, roles, 'local', null, null, null, by.at])
    if (!row) return 'taken'
    await keepCode(client, row['id'] as string, code)
    // Somebody can come in by this code now: the one for whoever is first is void.
    await client.query('delete from sign_in_codes where staff_id is null')
    await changed(client, staffOf(row), 'invited', by, { roles })
    return staffOf(row)
  })

const endAll = (client: PoolClient, staffId: string): Promise<unknown> => client.query('delete from sessions where staff_id = $1', [staffId])

/** Codes that were sent before are void, and so are the browsers that somebody else may have signed in with. */
const forget = (client: PoolClient, staffId: string): Promise<unknown> =>
  client.query('with codes as (delete from sign_in_codes where staff_id = $1) delete from browsers where staff_id = $1', [staffId])

export const resetStaff = (pool: Pool, staffId: string, code: NewCode, by: StaffBy): Promise<Staff | 'not-local' | undefined> =>
  alone(pool, async (client) => {
    const before = await withId(client, staffId)
    if (!before || before.origin.kind === 'oidc') return before && 'not-local'
    const row = await one(client, 'update staff set password = null where id = $1 returning *', [staffId])
    await endAll(client, staffId)
    await forget(client, staffId)
    await keepCode(client, staffId, code)
    await changed(client, before, 'reset', by)
    return staffOf(row!)
  })

const withId = async (client: PoolClient, staffId: string): Promise<Staff | undefined> => {
  const row = isUuid(staffId) ? await one(client, 'select * from staff where id = $1', [staffId]) : undefined
  return row && staffOf(row)
}

const OTHER_ADMIN = `select 1 from staff where id <> $1 and 'admin' = any(roles) and disabled_at is null and (origin = 'oidc' or password is not null) limit 1`

const isLastAdmin = async (client: PoolClient, { id, roles, disabledAt }: Staff): Promise<boolean> =>
  roles.includes('admin') && disabledAt === undefined && (await one(client, OTHER_ADMIN, [id])) === undefined

export const changeRoles = (pool: Pool, staffId: string, roles: readonly string[], by: StaffBy): Promise<Staff | 'last-admin' | undefined> =>
  alone(pool, async (client) => {
    const before = await withId(client, staffId)
    if (!before) return undefined
    if (!roles.includes('admin') && (await isLastAdmin(client, before))) return 'last-admin'
    const row = await one(client, 'update staff set roles = $2 where id = $1 returning *', [staffId, roles])
    await endAll(client, staffId)
    await changed(client, before, 'roles', by, { before: before.roles, roles })
    return staffOf(row!)
  })

export const disableStaff = (pool: Pool, staffId: string, by: StaffBy): Promise<Staff | 'last-admin' | undefined> =>
  alone(pool, async (client) => {
    const before = await withId(client, staffId)
    if (!before) return undefined
    if (await isLastAdmin(client, before)) return 'last-admin'
    const row = await one(client, 'update staff set disabled_at = coalesce(disabled_at, $2) where id = $1 returning *', [staffId, by.at])
    await endAll(client, staffId)
    await forget(client, staffId)
    await changed(client, before, 'disabled', by)
    return staffOf(row!)
  })

export const enableStaff = (pool: Pool, staffId: string, by: StaffBy): Promise<Staff | undefined> =>
  alone(pool, async (client) => {
    const row = isUuid(staffId) ? await one(client, 'update staff set disabled_at = null where id = $1 returning *', [staffId]) : undefined
    if (row) await changed(client, staffOf(row), 'enabled', by)
    return row && staffOf(row)
  })

export const changePassword = (pool: Pool, staffId: string, passwordHash: string, at: string): Promise<void> =>
  alone(pool, async (client) => {
    const row = await one(client, `update staff set password = $2 where id = $1 and origin = 'local' and password is not null and disabled_at is null returning *`, [staffId, passwordHash])
    if (!row) return
    await endAll(client, staffId)
    await forget(client, staffId)
    await changed(client, staffOf(row), 'password', itself(staffOf(row), at))
  })

const itself = ({ userName }: Pick<Staff, 'userName'>, at: string): StaffBy => ({ actor: `${userName} (pages)`, reason: '', at })

// ---------------------------------------------------------------- from an identity provider

export const provideStaff = (pool: Pool, given: Provided): Promise<Staff | 'taken' | 'disabled'> =>
  alone(pool, async (client) => {
    const by: StaffBy = { actor: 'identity provider', reason: '', at: given.at }
    const known = await one(client, `select * from staff where origin = 'oidc' and issuer = $1 and subject = $2`, [given.issuer, given.subject])
    if (!known) {
      const row = await one(client, MAKE, [given.userName, given.name, given.roles, 'oidc', given.issuer, given.subject, null, given.at])
      if (!row) return 'taken'
      if (given.roles.includes('admin')) await client.query('delete from sign_in_codes where staff_id is null')
      await changed(client, staffOf(row), 'provided', by, { roles: given.roles })
      return staffOf(row)
    }
    const before = staffOf(known)
    if (before.disabledAt !== undefined) return 'disabled'
    if (before.name === given.name && sameRoles(before.roles, given.roles)) return before
    const row = await one(client, 'update staff set name = $2, roles = $3 where id = $1 returning *', [before.id, given.name, given.roles])
    if (sameRoles(before.roles, given.roles)) {
      // Whose decisions they read, people know by this name.
      await changed(client, before, 'name', by)
      return staffOf(row!)
    }
    await endAll(client, before.id)
    await changed(client, before, 'roles', by, { before: before.roles, roles: given.roles })
    return staffOf(row!)
  })

const sameRoles = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join(' ') === b.toSorted().join(' ')

// ---------------------------------------------------------------- codes

/** Who came from an identity provider, and may say nothing of who comes in, does not keep the first administrator out. */
const HAS_STAFF = `select 1 from staff where origin = 'local' or 'admin' = any(roles) limit 1`

export const firstCode = (pool: Pool, code: NewCode, at: string): Promise<boolean> =>
  alone(pool, async (client) => {
    await client.query('delete from sign_in_codes where until <= $1', [at])
    if (await one(client, HAS_STAFF, [])) return false
    await keepCode(client, null, code)
    return true
  })

const CODE = 'select s.*, c.staff_id from sign_in_codes c left join staff s on s.id = c.staff_id where c.sha256 = $1 and c.until > $2'

export const codeUse = async (pool: Pool | PoolClient, sha256: string, at: string): Promise<CodeUse | undefined> => {
  const row = await one(pool, CODE, [sha256, at])
  if (!row) return undefined
  if (row['staff_id'] === null) return (await one(pool, HAS_STAFF, [])) ? undefined : { kind: 'first' }
  return row['disabled_at'] === null ? { kind: 'password', staff: staffOf(row) } : undefined
}

export const useFirstCode = (pool: Pool, sha256: string, given: Pick<Staff, 'userName' | 'name'> & { readonly passwordHash: string }, at: string): Promise<Staff | 'taken' | undefined> =>
  alone(pool, async (client) => {
    if ((await codeUse(client, sha256, at))?.kind !== 'first') return undefined
    const row = await one(client, MAKE, [given.userName, given.name, ['admin'], 'local', null, null, given.passwordHash, at])
    if (!row) return 'taken'
    await client.query('delete from sign_in_codes where staff_id is null')
    await changed(client, staffOf(row), 'first', itself(given, at), { roles: ['admin'] })
    return staffOf(row)
  })

export const usePasswordCode = (pool: Pool, sha256: string, passwordHash: string, at: string): Promise<Staff | undefined> =>
  alone(pool, async (client) => {
    const use = await codeUse(client, sha256, at)
    if (use?.kind !== 'password') return undefined
    const row = await one(client, 'update staff set password = $2 where id = $1 returning *', [use.staff.id, passwordHash])
    await endAll(client, use.staff.id)
    await forget(client, use.staff.id)
    await changed(client, use.staff, 'password', itself(use.staff, at))
    return staffOf(row!)
  })
