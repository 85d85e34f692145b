// Hands the pool to questions, and tells their trouble in our own words: PostgreSQL's may repeat a stored value. It refuses to
// let a driver's error out.
import type { Pool } from 'pg'
import { asFailure, Failure } from '../errors.ts'
import { inWords } from './database.ts'

type Question = (pool: Pool, ...asked: never[]) => Promise<unknown>
type WithPool<Q> = { readonly [Name in keyof Q]: Q[Name] extends (pool: Pool, ...asked: infer Asked) => infer Answer ? (...asked: Asked) => Answer : never }

/** The same questions, without their first argument. */
export const asking = <Q extends Readonly<Record<string, Question>>>(pool: Pool, questions: Q): WithPool<Q> =>
  Object.fromEntries(Object.entries(questions).map(([name, question]) => [name, (...asked: never[]) => question(pool, ...asked).catch(failed)])) as WithPool<Q>

const sqlState = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return !(error instanceof Failure) && typeof code === 'string' && /^[0-9A-Z]{5}$/u.test(code) ? code : undefined
}

export const failed = (error: unknown): never => {
  const state = sqlState(error)
  throw state ? new Failure('INTERNAL', `PostgreSQL refused a statement (SQLSTATE ${inWords(state)}).`, { cause: error }) : asFailure(error)
}

/** To a sender all trouble with the database is one: nothing was taken. */
export const notStored = (error: unknown): never => {
  const state = sqlState(error)
  if (state) throw new Failure('STORE_UNAVAILABLE', `PostgreSQL refused a statement (SQLSTATE ${inWords(state)}).`, { cause: error })
  if (error instanceof Failure && error.code === 'DATABASE_UNREACHABLE') throw new Failure('STORE_UNAVAILABLE', error.detail, { cause: error })
  throw asFailure(error)
}

/** A server that answers and takes no writes, such as a replica that a failover left behind, is of no use to anybody. */
export const ping = async (pool: Pool): Promise<void> => {
  const { rows } = await pool.query<{ readonly readOnly: string }>(`select current_setting('transaction_read_only') as "readOnly"`).catch(failed)
  if (rows[0]?.readOnly !== 'off') throw new Failure('STORE_UNAVAILABLE', 'PostgreSQL answers and takes no writes.')
}
