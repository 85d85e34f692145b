// Where every event goes: one log line and, where it declares one, its counter. It refuses to be imported as a
// global: `wire.ts` makes one and hands it to each edge.
import type { Registry } from 'prom-client'
import type { Say } from './events.ts'
import { declared, logLine, readable, type Level } from './log.ts'
import { counters } from './metrics.ts'
import { lineWriter } from './standard-error.ts'

/**
 * `write` takes one line of JSON with its line end; without it, lines go to standard error, in a readable form
 * where that is a terminal. Events count whatever the level.
 */
export const makeSay = ({ level, write, now = () => new Date() }: {
  readonly level: Level
  readonly write?: (line: string) => void
  readonly now?: () => Date
}): { readonly say: Say; readonly metrics: Registry } => {
  const log = logLine(level, write ?? toStandardError((lines) => say('log_lost', { count: lines })), now)
  const { metrics, count } = counters()
  const say: Say = (event, fields) => {
    const safe = declared(event, fields)
    log(event, safe)
    count(event, safe)
  }
  return { say, metrics }
}

const toStandardError = (onLost: (lines: number) => void): ((line: string) => void) => {
  const write = lineWriter(onLost)
  return process.stderr.isTTY ? (line) => write(readable(line)) : write
}
