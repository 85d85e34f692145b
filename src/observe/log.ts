// One line of log for each event: JSON for machines, or a short line for a person at a terminal. It refuses whatever
// the event does not declare, long text, and anything that looks like an NHS number.
import pino from 'pino'
import { EVENTS, type EventName } from './events.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type Level = (typeof LEVELS)[number]

type Value = string | number | boolean
export type LogLine = (event: EventName, fields: { readonly [field: string]: Value }) => void

const LONGEST = 200

/** Ten digits in a row, or as people write an NHS number. */
const LIKE_AN_NHS_NUMBER = /(?<![\w.])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w.])/gu

const safe = (value: Value): Value => {
  if (typeof value !== 'string') return value
  const text = value.replace(LIKE_AN_NHS_NUMBER, '[ten digits]')
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** The fields that the event declares, each made safe; what else was passed is dropped. */
export const declared = (event: EventName, fields: { readonly [field: string]: unknown }): { readonly [field: string]: Value } =>
  Object.fromEntries(
    EVENTS[event].fields.flatMap((field): readonly [string, Value][] => {
      const value = fields[field]
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[field, safe(value)]] : []
    }),
  )

/** `write` takes one line of JSON with its line end. */
export const logLine = (level: Level, write: (line: string) => void, now: () => Date): LogLine => {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'says',
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
  return (event, fields) => logger[EVENTS[event].level]({ event, ...fields }, EVENTS[event].says)
}

/** A line of JSON as a person at a terminal reads it. */
export const readable = (line: string): string => {
  const { time, level, event: _event, says, ...fields } = JSON.parse(line) as { readonly [key: string]: Value }
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? printable(value) : value}`)
  const mark = level === 'info' || level === 'debug' ? '' : `${String(level).toUpperCase()} `
  return `${String(time).slice(11, 19)} ${mark}${String(says)}${rest.length > 0 ? ` (${rest.join(' ')})` : ''}\n`
}

/** A control character could move the cursor or colour the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ')
