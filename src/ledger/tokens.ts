// Tokens by which programs come in: made by a person, good until a day, revoked at once. Each change is in the log with the
// person and the reason. It refuses to keep a token, only its hash, and to call two programs by one name, ever.
import type { Pool, PoolClient } from 'pg'
import type { AuditKind } from '../observe/events.ts'
import { inTransaction } from './database.ts'
import { isUuid } from './queries.ts'
import { instant, present, toJson } from './rows.ts'
import type { Row } from './rows.ts'

export type Token = {
  readonly id: string
  /** What the log calls the program by. */
  readonly name: string
  /** As they were given; a word that is no right gives none. */
  readonly rights: readonly string[]
  readonly madeAt: string
  readonly madeBy: string
  readonly expiresAt: string
  readonly lastUsedAt?: string
  readonly revokedAt?: string
  readonly revokedBy?: string
}

type By = { readonly actor: string; readonly reason: string; readonly at: string }

export type Tokening = {
  /** Undefined: there is, or was, one of this name. */
  makeToken(given: { readonly name: string; readonly sha256: string; readonly rights: readonly string[]; readonly expiresAt: string }, by: By): Promise<Token | undefined>
  /** Undefined: there is no such token, or it was revoked before. */
  revokeToken(tokenId: string, by: By): Promise<Token | undefined>
  /** The one that is good at this moment and has this hash; counts as a use. */
  tokenBy(sha256: string, at: string): Promise<Token | undefined>
  /** All there ever were, newest first. */
  tokens(): Promise<readonly Token[]>
}

const tokenOf = (row: Row): Token => present<Token>({
  id: row['id'] as string, name: row['name'] as string, rights: row['rights'] as readonly string[], madeAt: instant(row['made_at'])!, madeBy: row['made_by'] as string,
  expiresAt: instant(row['expires_at'])!, lastUsedAt: instant(row['last_used_at']), revokedAt: instant(row['revoked_at']), revokedBy: row['revoked_by'] as string | null,
})

/** The last statement of its transaction: see `append_events`. */
const append = (client: PoolClient, kind: AuditKind, { id, name, rights, expiresAt }: Token, { actor, reason, at }: By): Promise<unknown> =>
  client.query('select append_events($1)', [toJson([{ at: new Date(at).toISOString(), kind, actor, detail: JSON.stringify({ token: id, name, rights, expiresAt, reason }) }])])

const MAKE = `
  insert into tokens (id, name, sha256, rights, made_at, made_by, expires_at) values (gen_random_uuid(), $1, $2, $3, $4, $5, $6)
  on conflict (lower(name)) do nothing returning *`

export const makeToken: (pool: Pool, ...asked: Parameters<Tokening['makeToken']>) => ReturnType<Tokening['makeToken']> = (pool, { name, sha256, rights, expiresAt }, by) =>
  inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>(MAKE, [name, sha256, rights, by.at, by.actor, expiresAt])
    if (!row) return undefined
    await append(client, 'token-made', tokenOf(row), by)
    return tokenOf(row)
  })

export const revokeToken: (pool: Pool, ...asked: Parameters<Tokening['revokeToken']>) => ReturnType<Tokening['revokeToken']> = (pool, tokenId, by) =>
  inTransaction(pool, async (client) => {
    if (!isUuid(tokenId)) return undefined
    const { rows: [row] } = await client.query<Row>('update tokens set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at is null returning *', [tokenId, by.at, by.actor])
    if (!row) return undefined
    await append(client, 'token-revoked', tokenOf(row), by)
    return tokenOf(row)
  })

const GOOD = 'sha256 = $1 and revoked_at is null and expires_at > $2'

export const tokenBy = async (pool: Pool, sha256: string, at: string): Promise<Token | undefined> => {
  const { rows: [row] } = await pool.query<Row>(`select *, last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute' as tell from tokens where ${GOOD}`, [sha256, at])
  if (!row) return undefined
  // A program may ask a hundred times a second: to the minute is enough.
  if (row['tell'] === true) await pool.query(`update tokens set last_used_at = $2 where ${GOOD}`, [sha256, at])
  return tokenOf({ ...row, last_used_at: row['tell'] === true ? at : row['last_used_at'] })
}

export const tokens = async (pool: Pool): Promise<readonly Token[]> => (await pool.query<Row>('select * from tokens order by made_at desc, id')).rows.map(tokenOf)
