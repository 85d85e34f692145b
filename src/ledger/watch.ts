// Who watches for all: of the processes on one ledger one has this duty, as an advisory lock on a connection of its own. It
// refuses to leave it with a process that stands still, for the server ends a connection that says nothing; and to believe
// in one that is only remembered.
import type { Pool, PoolClient } from 'pg'
import type { Watch } from './ledger.ts'
import { lockKey } from './locks.ts'

/** Much longer than it is between two looks. */
const SILENT_MS = 60_000

/** Undefined if another process has it. */
export const watch = async (pool: Pool, name: string, silentMs = SILENT_MS): Promise<Watch | undefined> => {
  const client = await pool.connect()
  try {
    const { rows: [row] } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [String(lockKey(name, 'watch'))])
    if (row?.mine === true) {
      await client.query(`set idle_session_timeout to ${silentMs}`)
      return watching(client)
    }
  } catch (error) {
    client.release(true)
    throw error
  }
  client.release()
  return undefined
}

const watching = (client: PoolClient): Watch => {
  let over = false
  const close = (): void => {
    if (!over) client.release(true)
    over = true
  }
  return {
    holds: async () => {
      if (over) return false
      try {
        await client.query('select 1')
        return true
      } catch {
        close()
        return false
      }
    },
    // Given back first: the server takes a moment to see that a connection was closed.
    release: async () => {
      if (!over) await client.query('select pg_advisory_unlock_all()').catch(() => undefined)
      close()
    },
  }
}
