// Walks the hash chain of an engine that has stopped, in its own database. It refuses to change anything in it.
import { randomUUID } from 'node:crypto'
import { Failure } from '../src/errors.ts'
import { connect } from '../src/ledger/database.ts'
import { startEmbedded } from '../src/ledger/embedded/embedded.ts'
import { openLedger } from '../src/ledger/open.ts'
import type { Say } from '../src/observe/events.ts'

const silent: Say = () => undefined

/** `holds`, or where it is broken. */
export const checkChain = async (dataDir: string): Promise<string> => {
  const embedded = await startEmbedded({ dataDir, say: silent })
  const pool = connect(embedded.url, { max: 4, say: silent })
  try {
    const ledger = await openLedger({
      pool, say: silent, now: () => new Date(), newId: randomUUID, accountFreshHours: 24,
      plan: () => { throw new Failure('INTERNAL', 'Nothing is planned while the chain is walked.') },
    })
    try {
      const broken = await ledger.verifyChain()
      return broken ? `broken at event ${broken.seq}` : 'holds'
    } finally {
      await ledger.close()
    }
  } finally {
    await pool.end()
    await embedded.stop()
  }
}
