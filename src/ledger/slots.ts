// How many exchanges with a destination may run at the same moment, over all processes.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { Slot } from './ledger.ts'
import type { Locks } from './locks.ts'

export const slot = async (_pool: Pool, _locks: Locks, _destination: string, _atOnce: number): Promise<Slot | undefined> => { throw new Failure('INTERNAL', 'Not built yet.') }
