// Refused messages in words ready for a view: when, by which feed, and why. It refuses to know what was in one.
import { ERRORS, type ErrorCode } from '../errors.ts'
import type { Refusal } from '../ledger/flow-words.ts'
import { londonTime } from './times.ts'

const why = (code: string): string => (Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].title : code)

export const refusedView = (rows: readonly Refusal[]) => rows.map(({ at, feed, code }) => ({ at: { at, text: londonTime(at) }, feed, code, why: why(code) }))
