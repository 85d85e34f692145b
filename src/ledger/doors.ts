// Two people are two only where both come in by the same door: by a password here, or at the same identity provider. Behind
// one door each account is one person; across two, a person may have an account of each. It refuses to guess by name or email.
import type { Pool, PoolClient } from 'pg'
import type { Row } from './rows.ts'
import type { Staff } from './staff-words.ts'

/** Who has released, and the door of each. */
export type Releasers = ReadonlyMap<string, string>

/** Of an account `s`: an issuer, `local`, or nothing where there is no such account. */
export const DOOR = `coalesce(s.issuer, s.origin, '')`

/** The same of an account that is at hand. */
export const doorOf = ({ origin }: Pick<Staff, 'origin'>): string => (origin.kind === 'oidc' ? origin.issuer : origin.kind)

/** Of each of these user names, in their order; empty where there is no such account. */
export const doorsOf = async (on: Pool | PoolClient, names: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await on.query<Row>(`select s.user_name, ${DOOR} as door from staff s where s.user_name = any($1::text[])`, [names])
  const doors = new Map(rows.map((row) => [row['user_name'], row['door'] as string]))
  return names.map((name) => doors.get(name) ?? '')
}

/** The door of an account never changes, so this may be asked before the document is locked. */
export const doorNamed = async (pool: Pool, actor: string): Promise<string> => (await doorsOf(pool, [actor]))[0]!

/** The most who came in by one door. */
export const countOf = (releasers: Releasers): 0 | 1 | 2 => {
  const most = Math.max(0, ...[...Map.groupBy(releasers.values(), (door) => door).values()].map(({ length }) => length))
  return most >= 2 ? 2 : most === 1 ? 1 : 0
}
