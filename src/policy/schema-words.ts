// Kinds of value that several files share: texts, codes, names, dates, times to wait, who approved. It refuses numbers
// where a code belongs, and dates that no calendar has.
import { z } from 'zod'
import { isInCalendar } from './schema-tables.ts'

/** A code is text: unquoted 0042 or an 18-digit SNOMED id would be rounded by YAML. */
export const code = z.string({ error: 'codes are text: put it in quotes' }).min(1)
/** Spaces alone are no text. */
export const text = z.string().min(1, { abort: true }).refine((written) => written.trim() !== '', 'this must not be empty')
export const odsCode = z.string({ error: 'codes are text: put it in quotes' }).regex(/^[A-Za-z0-9]{3,8}$/, 'write an ODS code: 3 to 8 letters and digits, such as RWK')
export const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens, starting with a letter')
export const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'write a date as "2026-11-20", in quotes', abort: true }).refine(isInCalendar, 'write a date as "2026-11-20" that a calendar has')
export const approval = { approved_by: z.string().trim().min(1).describe('Role, not person, that approved this file'), approved_on: day.describe('Day of the approval, for example "2026-10-01", in quotes') }

/** Less would keep a processor busy with nothing else; more is a slip, and documents would seem to be stuck. */
export const seconds = (most: number) => z.number().min(0.05).max(most)
export const [TEN_MINUTES, HOUR, DAY, WEEK_HOURS] = [600, 3_600, 86_400, 168] as const
