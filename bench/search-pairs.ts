// Every pair of filters that a search can have, asked over the same documents as `search.ts`: what each single one is fast
// at, two that never meet may not be. Says how many took longer than the goal, and which took longest. It refuses to call
// a pair fast by its best time: of three the middle one counts.
import type { Pool } from 'pg'
import type { DocumentFilter } from '../src/ledger/ledger.ts'
import { list } from '../src/ledger/search.ts'
import { NAMES } from './search-documents.ts'
import { rounded } from './table.ts'

type Row = readonly string[]
type Filter = Partial<DocumentFilter>

const GOAL_MS = 100
/** Asked once where that took so long. */
const LONG_MS = 400
const SHOWN = 20

const SINGLES: readonly (readonly Filter[])[] = [
  ['acknowledged', 'read', 'printed', 'withheld', 'review', 'recalled', 'observed', 'failed'].map((state) => ({ state: [state] }) as Filter),
  ['pkb', 'print', 'withhold', 'review', 'observe'].map((route) => ({ route: [route] }) as Filter),
  ['to-pkb', 'unregistered', 'do-not-share', 'blocked-code', 'code-unlisted', 'identity-not-verified'].map((rule) => ({ rule })),
  ['CLIN', 'APPT', 'CPLN', 'EXTL', 'HMHR', 'NONE'].map((code) => ({ code })),
  [0, 10, 59, 99].map((nth) => ({ team: NAMES.team(nth) })),
  [0, 3, 9].map((nth) => ({ directorate: NAMES.directorate(nth) })),
  ['rio-mllp', 'rio-http', 'rio-folder'].map((feed) => ({ feed })),
  ['live', 'observing', 'not-live'].map((stage) => ({ stage: [stage] }) as Filter),
  ['pkb', 'withhold'].map((route) => ({ wouldRoute: [route] }) as Filter),
  [{ marked: 'conflict' }, { marked: 'variance' }],
  ['letter', 'appointment', '"clinic letter"', NAMES.word(0), NAMES.word(7), NAMES.word(40), NAMES.word(150), NAMES.word(4_900), NAMES.word(40).slice(0, 3), 'no such words'].map((title) => ({ title })),
  [{ since: '2026-10-01T00:00:00.000Z' }, { until: '2024-02-01T00:00:00.000Z' }, { since: '2025-01-01T00:00:00.000Z', until: '2025-02-01T00:00:00.000Z' }],
]

const pairs: readonly Filter[] = SINGLES.flatMap((those, at) => those.flatMap((one) => SINGLES.slice(at + 1).flat().map((other): Filter => ({ ...one, ...other }))))

const took = async (pool: Pool, filter: Filter): Promise<number> => {
  const times: number[] = []
  while (times.length < 3 && !times.some((ms) => ms > LONG_MS)) {
    const began = performance.now()
    await list(pool, { limit: 50, ...filter })
    times.push(performance.now() - began)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
}

const inWords = (filter: Filter): string => Object.entries(filter).map(([name, value]) => `${name} ${String(value)}`).join(', ')

export const PAIRS_HEAD: Row = ['filters', `over ${GOAL_MS} ms`, 'longest ms']

export const pairRows = async (pool: Pool): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const [name, filters] of [['single ones', SINGLES.flat()], ['pairs', pairs]] as const) {
    const all: { readonly filter: Filter; readonly ms: number }[] = []
    for (const filter of filters) all.push({ filter, ms: await took(pool, filter) })
    const slow = all.filter(({ ms }) => ms > GOAL_MS).toSorted((a, b) => b.ms - a.ms)
    rows.push([`${filters.length} ${name}`, String(slow.length), rounded(Math.max(...all.map(({ ms }) => ms)), 1)])
    rows.push(...slow.slice(0, SHOWN).map(({ filter, ms }) => [inWords(filter), '', rounded(ms, 1)]))
  }
  return rows
}
