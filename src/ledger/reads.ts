// What was read at PKB, and what had to be and was not.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { Transport } from '../types.ts'
import type { Ledger, Overdue } from './ledger.ts'
import type { Commit } from './open.ts'

export const unread = async (_pool: Pool, _via: Transport, _limit: number): ReturnType<Ledger['unread']> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const saveReads = async (_pool: Pool, _commit: Commit, _reads: Parameters<Ledger['saveReads']>[0], _at: string): Promise<void> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const overdue = async (_pool: Pool, _at: string, _owedBefore: string | undefined, _limit: number): Promise<readonly Overdue[]> => { throw new Failure('INTERNAL', 'Not built yet.') }
