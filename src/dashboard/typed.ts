// What somebody typed into a form that came to nothing, so that the page that says so can show it back to be copied. It
// refuses every field that is not named here, passwords and codes above all, what may identify a patient, whatever
// another site sent, and to keep any of it: it goes back to the one browser that sent it, and nowhere else.
import type { Request, Response } from 'express'
import { cameFromHere } from './came-from-here.ts'
import { form } from './forms.ts'
import { holdsTenDigits } from './ten-digits.ts'

/** The fields in which people write sentences and names, as their forms label them. */
export const TYPED = {
  reason: 'Why?', role: 'In which role do you decide?', consent: 'Who gave consent, and how?', changed: 'What has changed since they were refused?', value: 'Which?', userName: 'User name', name: 'Name',
} as const satisfies Record<string, string>

export type Typed = { readonly key: string; readonly value: string }

/** More than any of these fields takes. */
const LONGEST = 1_000
const NOT_SHOWN = 'It holds ten digits in a row, as an NHS number has, so it is not shown.'

/** Nothing where no page of ours sent it, or nothing of it is shown. */
export const typedIn = async (req: Request, res: Response): Promise<readonly Typed[]> => {
  if (req.method !== 'POST' || !cameFromHere(req)) return []
  const fields = await fieldsOf(req, res)
  return Object.entries(TYPED).flatMap(([name, key]): readonly Typed[] => {
    const given = fields[name]
    const text = typeof given === 'string' ? given.trim().slice(0, LONGEST) : ''
    return text === '' ? [] : [{ key, value: holdsTenDigits(text) ? NOT_SHOWN : text }]
  })
}

/** Of a form without files, whether or not its address got so far as to read it. */
const fieldsOf = (req: Request, res: Response): Promise<{ readonly [name: string]: unknown }> =>
  new Promise((resolve) => form(req, res, (error?: unknown) => resolve(error === undefined && typeof req.body === 'object' && req.body !== null ? (req.body as { readonly [name: string]: unknown }) : {})))
