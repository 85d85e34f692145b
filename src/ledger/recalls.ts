// Recalls that are open, late or unconfirmed.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { RecallRow } from './ledger.ts'

export const recalls = async (_pool: Pool, _kind: 'open' | 'late' | 'unconfirmed', _limit: number): Promise<readonly RecallRow[]> => { throw new Failure('INTERNAL', 'Not built yet.') }
