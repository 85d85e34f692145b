// Every policy that was ever in force: its files as they were first loaded, and in the log from when it was in force.
// A policy may come back: the log tells the order, not the table. It refuses to change the files of a hash.
import type { Pool } from 'pg'
import type { Ledger } from './ledger.ts'
import { instant } from './rows.ts'
import type { Row } from './rows.ts'
import { audit } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const IN_FORCE = `
  select e.seq, e.at, e.detail::json->>'policy' as hash, p.files from events e left join policies p on p.hash = e.detail::json->>'policy'
  where e.kind = 'policy-loaded' order by e.seq desc limit 1`

/** The last one that was loaded; undefined in a fresh ledger. */
export const policyInForce = async (pool: Pool): ReturnType<Ledger['policyInForce']> => {
  const { rows: [row] } = await pool.query<Row>(IN_FORCE)
  return row && { hash: row['hash'] as string, since: instant(row['at'])!, files: (row['files'] ?? {}) as Readonly<Record<string, string>> }
}

const HISTORY = "select at, detail::json->>'policy' as hash from events where kind = 'policy-loaded' order by seq desc limit $1"

/** Newest first. Two processes that load the same one at the same moment may both have written it down. */
export const policyHistory = async (pool: Pool, limit: number): ReturnType<Ledger['policyHistory']> => {
  const { rows } = await pool.query<Row>(HISTORY, [limit])
  const all = rows.map((row) => ({ hash: row['hash'] as string, since: instant(row['at'])! }))
  return all.filter(({ hash }, n) => all[n + 1]?.hash !== hash)
}

/** Whole hashes that begin so, as far as two of them. */
export const policiesCalled = async (pool: Pool, start: string): ReturnType<Ledger['policiesCalled']> =>
  (await pool.query<{ hash: string }>('select hash from policies where starts_with(hash, $1) order by hash limit 2', [start])).rows.map(({ hash }) => hash)

export const savePolicy = (space: Workspace, { hash, files }: Parameters<Ledger['savePolicy']>[0], at: string): void => {
  space.writes.policies.push({ hash, files, loaded_at: at })
  audit(space, { at, kind: 'policy-loaded', actor: 'engine' }, { policy: hash })
}

const AT_ONCE = 1_000

// Documents first and in order, as every other change takes them: a worker that has one in hand comes before or after.
const LOOK_AGAIN = `
  with standing as (
    select distinct document_id from deliveries
    where document_id > $2 and standing = 'present' and due_at is null and state in ('acknowledged', 'printing') order by document_id limit ${AT_ONCE}),
  locked as (select id from documents where id in (select document_id from standing) order by id for update),
  looked as (
    update deliveries set due_at = $1
    where document_id in (select id from locked) and standing = 'present' and due_at is null and state in ('acknowledged', 'printing'))
  select max(document_id::text) as last from standing`

/** What stands was sent under another policy: a worker looks at each copy whether it may still stand. */
export const lookAgain = async (pool: Pool, at: string): Promise<void> => {
  let after: string | null = '00000000-0000-0000-0000-000000000000'
  while (after !== null) after = (await pool.query<{ last: string | null }>(LOOK_AGAIN, [at, after])).rows[0]?.last ?? null
}
