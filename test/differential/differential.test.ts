// Thousands of random histories against the engine and a model of a few lines: whatever RiO says in whatever order,
// whatever people do, whatever PKB does and whenever workers die, the record ends as the policy says.
//   DIFFERENTIAL_HISTORIES   how many, both transports together (10,000 where CI is set, 2,000 elsewhere)
//   DIFFERENTIAL_SEED        the first seed (PROPERTY_SEED, else 1)
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { TRANSPORTS } from '../../src/types.ts'
import { openEngine, type Engine } from './engine.ts'
import { happen } from './happen.ts'
import { draw, shrink, tell, type History } from './history.ts'
import { KNOWN } from './known.ts'
import { verdict } from './verdict.ts'

const HISTORIES = Number(process.env['DIFFERENTIAL_HISTORIES'] ?? (process.env['CI'] ? 10_000 : 2_000))
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? process.env['PROPERTY_SEED'] ?? 1)
const AT_ONCE = Number(process.env['DIFFERENTIAL_AT_ONCE'] ?? 48)
const MOST_TOLD = 3

const wrongIn = async (history: History, engine: Engine): Promise<readonly string[]> => {
  try {
    return await verdict(await happen(history, engine), engine.pool)
  } catch (error) {
    return [`it broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
}

type Failed = { readonly history: History; readonly wrong: readonly string[] }

/** So many at the same time, until all are done or enough have failed. */
const all = async (histories: readonly History[], engine: Engine): Promise<readonly Failed[]> => {
  const [left, failed]: [History[], Failed[]] = [histories.toReversed(), []]
  const one = async (): Promise<void> => {
    for (let history = left.pop(); history && failed.length < MOST_TOLD; history = left.pop()) {
      const wrong = await wrongIn(history, engine)
      if (wrong.length > 0) failed.push({ history, wrong })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return failed.slice(0, MOST_TOLD)
}

/** Of so many histories some meet each of these; `started`: a worker died. */
const ENOUGH = 2_000
const MET = [
  'create accepted', 'create unsure', 'create unavailable', 'create refused', 'create started', 'update accepted', 'update unsure', 'update started',
  'recall accepted', 'recall unsure', 'recall unavailable', 'recall refused', 'recall started',
]
const met = async ({ pool }: Engine): Promise<readonly string[]> =>
  (await pool.query<{ met: string }>(`select distinct action || ' ' || outcome as met from attempts`)).rows.map((row) => row.met)

describe('over fhir, the record is right in the end after', () => {
  let engine: Engine
  beforeAll(async () => { engine = await openEngine('fhir') })
  afterAll(() => engine.close())
  test.each(KNOWN)('%s', async (_what, actions) => {
    expect(await wrongIn({ seed: 0, transport: 'fhir', actions }, engine)).toEqual([])
  })
})

test.each(TRANSPORTS)('over %s, every history ends with the record that the model says', async (transport) => {
  const engine = await openEngine(transport)
  try {
    const failed = await all(Array.from({ length: Math.ceil(HISTORIES / TRANSPORTS.length) }, (_, at) => draw(SEED + at, transport)), engine)
    const told: string[] = []
    for (const { history, wrong } of failed) {
      let last = wrong
      const smallest = await shrink(history, async (shorter) => {
        const now = await wrongIn(shorter, engine)
        if (now.length > 0) last = now
        return now.length > 0
      })
      told.push(`${tell(smallest)}\n  ${last.join('\n  ')}`)
    }
    expect(told.join('\n\n')).toBe('')
    expect(await engine.ledgers[0].verifyChain()).toBeUndefined()
    if (HISTORIES >= ENOUGH) expect(await met(engine)).toEqual(expect.arrayContaining([...MET, ...(transport === 'fhir' ? ['look accepted', 'look unavailable'] : [])]))
  } finally {
    await engine.close()
  }
}, 1_800_000)
