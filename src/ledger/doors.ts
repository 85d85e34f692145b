// Two people are two only where both come in by the same door: by a password here, or at the same identity provider. Behind
// one door each account is one person; across two, a person may have an account of each. It refuses to guess by name or email.
import type { Pool } from 'pg'
import type { Row } from './rows.ts'
import type { Staff } from './staff-words.ts'

/** Who has released, and the door of each. */
export type Releasers = ReadonlyMap<string, string>

/** Of an account `s`: an issuer, `local`, or nothing where there is no such account. */
export const DOOR = `coalesce(s.issuer, s.origin, '')`

/** The same of an account that is at hand. */
export const doorOf = ({ origin }: Pick<Staff, 'origin'>): string => (origin.kind === 'oidc' ? origin.issuer : origin.kind)

/** The door of an account never changes, so this may be asked before the document is locked. */
export const doorNamed = async (pool: Pool, actor: string): Promise<string> =>
  ((await pool.query<Row>(`select ${DOOR} as door from staff s where s.user_name = $1`, [actor])).rows[0]?.['door'] as string | undefined) ?? ''

/** The most who came in by one door. */
export const countOf = (releasers: Releasers): 0 | 1 | 2 => {
  const most = Math.max(0, ...[...Map.groupBy(releasers.values(), (door) => door).values()].map(({ length }) => length))
  return most >= 2 ? 2 : most === 1 ? 1 : 0
}
