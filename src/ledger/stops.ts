// The stop switch.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { PulledStop, Stop } from './ledger.ts'
import type { Commit } from './open.ts'

export const pullStop = async (_pool: Pool, _commit: Commit, _stop: Stop, _actor: string, _reason: string, _at: string): Promise<PulledStop | undefined> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const liftStop = async (_pool: Pool, _commit: Commit, _stopId: string, _actor: string, _reason: string, _at: string): Promise<PulledStop | undefined> => { throw new Failure('INTERNAL', 'Not built yet.') }
export const stops = async (_pool: Pool, _asked?: { readonly lifted: boolean }): Promise<readonly PulledStop[]> => { throw new Failure('INTERNAL', 'Not built yet.') }
