// `openletter audit verify`: walks the log of events from its first entry to its last and works out every hash again,
// beside an engine that runs or while none does. It refuses to mend anything.
import { parseArgs } from 'node:util'
import { londonTime } from '../dashboard/times.ts'
import type { BrokenLink, ChainWalk, NotedEntry } from '../ledger/ledger.ts'
import { withLedger } from './ledger.ts'

export const USAGE = `Usage: npx openletter audit verify [--noted NUMBER:HASH] [--json]

  Each entry of the log of events carries a hash of itself and of the one before. Prints how many there are, from when to
  when, and the hash of the last. Whoever can write to the database could write the whole log anew: keep the last line
  elsewhere from time to time, and give it to --noted later; the engine's log has one each morning (log_noted). Exit 0 if every link holds, 1 if one is broken.`

export const audit = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const walk = await withLedger(env, (ledger) => ledger.walkChain(called.noted), { policy: 'in-force' })
  if (called.json) console.log(JSON.stringify({ holds: walk.broken === undefined, ...walk }, undefined, 2))
  else if (walk.broken) console.error(brokenInWords(walk, walk.broken))
  else console.log(inWords(walk, called.noted))
  return walk.broken ? 1 : 0
}

type Called = { readonly json: boolean; readonly noted?: NotedEntry }

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { json = false, noted }, positionals: [what, ...more] } = parseArgs({ args: [...args], options: { json: { type: 'boolean' }, noted: { type: 'string' } }, allowPositionals: true })
    if (what !== 'verify' || more.length > 0) return what === undefined ? 'Say what to do: audit verify.' : `${more[0] ?? what}: it is audit verify.`
    if (noted === undefined) return { json }
    const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/u.exec(noted.trim()) ?? []
    return seq === undefined || hash === undefined ? '--noted: Use the number of an entry, a colon and its hash, as audit verify printed them.' : { json, noted: { seq: Number(seq), hash } }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const count = (entries: number): string => `${entries.toLocaleString('en-GB')} ${entries === 1 ? 'entry' : 'entries'}`

const span = ({ first, last }: ChainWalk): string => (first === undefined || last === undefined ? '' : `, from ${londonTime(first)} to ${londonTime(last)}`)

/** A chain says nothing of what was cut off its end together with its head, nor of one that was made anew from its beginning. */
const NOT_SHOWN = 'By itself it cannot show that entries were cut off its end, or that all of it was written anew: compare it with a line that was kept elsewhere, --noted NUMBER:HASH.'

const inWords = (walk: ChainWalk, noted: NotedEntry | undefined): string =>
  walk.entries === 0 ? `The log is empty: there is nothing to check. ${NOT_SHOWN}`
    : `The log holds: ${count(walk.entries)}${span(walk)}.\n${noted ? `Entry ${noted.seq} is the one that was noted: nothing up to it was changed since.` : NOT_SHOWN}\n${walk.entries}:${walk.hash}`

const WHY = {
  changed: 'it was changed after it was written, or one before it was taken out or put in',
  missing: 'it is not there',
  added: 'it stands outside the log, before its first entry or beyond its end',
  end: 'the log does not end as it was written',
  'not-as-noted': 'its hash is not the one that was noted: the log was written anew',
} as const satisfies Record<BrokenLink['why'], string>

const brokenInWords = (walk: ChainWalk, { seq, at, why }: BrokenLink): string =>
  `The log is broken at entry ${seq}${at === undefined ? '' : ` of ${londonTime(at)}`}: ${WHY[why]}.\nBefore it: ${count(walk.entries)}${span(walk)}, which hold.`
