// Where every event goes: one log line and, where it declares one, its counter. It refuses to be imported as a
// global: `wire.ts` makes one and hands it to each edge.
import pino from 'pino'
import type { Registry } from 'prom-client'
import type { Say } from './events.ts'
import { declared, logLine, readable, type Level } from './log.ts'
import { counters } from './metrics.ts'

/**
 * `write` takes one line of JSON with its line end; without it, lines go to standard error, in a readable form
 * where that is a terminal. Events count whatever the level.
 */
export const makeSay = ({ level, write = toStandardError(), now = () => new Date() }: {
  readonly level: Level
  readonly write?: (line: string) => void
  readonly now?: () => Date
}): { readonly say: Say; readonly metrics: Registry } => {
  const log = logLine(level, write, now)
  const { metrics, count } = counters()
  const say: Say = (event, fields) => {
    const safe = declared(event, fields)
    log(event, safe)
    count(event, safe)
  }
  return { say, metrics }
}

/** Whole lines, written before the call returns, so that the last words of a process are not lost. */
const toStandardError = (): ((line: string) => void) => {
  const out = pino.destination({ dest: 2, sync: true })
  return process.stderr.isTTY ? (line) => out.write(readable(line)) : (line) => out.write(line)
}
