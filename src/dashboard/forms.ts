// How a form's fields come in, and what a page says after one was sent. It refuses any text but our own: an address names
// a message, and never carries it.
import express, { type Request } from 'express'
import type { Wrong } from './documents/filter.ts'
import { MESSAGES } from './words.ts'

export const form = express.urlencoded({ extended: false, limit: '20kb' })

export const messageOf = (req: Request): (typeof MESSAGES)[keyof typeof MESSAGES] | undefined => {
  const { message } = req.query
  return typeof message === 'string' && Object.hasOwn(MESSAGES, message) ? MESSAGES[message as keyof typeof MESSAGES] : undefined
}

/** What is wrong with a form, in sentences that stand by themselves. `suffix` tells the fields of several forms on a page apart. */
export const wrongFields = (wrong: readonly Wrong[], suffix = '') => ({
  wrong: wrong.map(({ parameter, why }) => ({ href: `#${parameter}${suffix}`, text: why })),
  errors: Object.fromEntries(wrong.map(({ parameter, why }) => [parameter, { text: why }])),
})
