// Whose account at PKB has to be asked for.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { Ledger } from './ledger.ts'
import type { Commit } from './open.ts'

export const accountsWanted = async (_pool: Pool, _askedBefore: string, _limit: number): Promise<readonly string[]> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const accountRefused = async (_pool: Pool, _nhsNumber: string, _code: string, _at: string): Promise<void> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const savePeople = async (_pool: Pool, _commit: Commit, _people: Parameters<Ledger['savePeople']>[0], _asOf: string): Promise<void> => { throw new Failure('INTERNAL', 'Not built yet.') }
