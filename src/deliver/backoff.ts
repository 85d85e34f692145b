// How long to wait before the next try. Pure: randomness and time are arguments. It refuses to wait longer than the
// ceiling, whatever a destination asks for: a wrong header must not silence a destination for days.
import type { RetrySettings } from '../policy/schema.ts'

/** Longest wait that a destination may ask for. */
export const RETRY_AFTER_CEILING_SECS = 3600
/** So much the clocks of several machines may differ. */
export const CLOCKS_DIFFER_SECS = 60
/** Even full jitter leaves a pause. */
const SHORTEST_SHARE = 0.1

/**
 * Seconds until try number `tries + 1`, after `tries` failures in a row: doubling from `first_secs` up to
 * `ceiling_secs`, less a random share of up to `jitter`. `random` is from 0 to 1.
 */
export const backoffSecs = (tries: number, settings: RetrySettings, random: number): number => {
  const doubled = settings.first_secs * 2 ** Math.min(Math.max(tries - 1, 0), 30)
  const whole = Math.min(doubled, settings.ceiling_secs)
  return Math.max(whole * (1 - settings.jitter * random), Math.min(settings.first_secs, whole) * SHORTEST_SHARE)
}

/** Nothing is ever put off for longer, whatever was asked for, and until whatever has settled: a time after that was said by a clock that was wrong. */
export const longestSecs = ({ ceiling_secs }: RetrySettings): number => Math.max(ceiling_secs, RETRY_AFTER_CEILING_SECS) + CLOCKS_DIFFER_SECS

/** A Retry-After header, in seconds or as an HTTP date, as seconds from now; undefined where it says nothing usable. */
export const retryAfterSecs = (header: string | null | undefined, now: Date): number | undefined => {
  const text = header?.trim() ?? ''
  if (/^\d+$/u.test(text)) return Math.min(Number(text), RETRY_AFTER_CEILING_SECS)
  // Only the date forms of RFC 9110: Date.parse alone would take "-5" or "1" for a date.
  if (!/^[A-Z][a-z]{2}/u.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(Math.ceil((at - now.getTime()) / 1000), 0), RETRY_AFTER_CEILING_SECS)
}

export const later = (now: Date, secs: number): string => new Date(now.getTime() + Math.round(secs * 1000)).toISOString()
