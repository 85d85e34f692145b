// One row of each table in mappings/*.csv: every cell is text, and `''` where it is empty. It refuses defaults: an empty
// cell says nothing.
import { z } from 'zod'
import { MOST_DAYS, MOST_HOURS, readSpan } from '../decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../decide/review-reason.ts'
import { isoDay } from '../parse/time.ts'

/** 2026-02-31 has the form of a date, and no calendar has it. */
export function isInCalendar(text: string): boolean { return isoDay(text) !== undefined }

const text = z.string().min(1)
/** In a table there are no quotes. */
const cellDay = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'write a date as 2026-11-20', abort: true }).refine(isInCalendar, 'write a date as 2026-11-20 that a calendar has')
const cellDayOrNone = z.union([cellDay, z.literal('')])
export const status = z.enum(['live', 'observing', 'not-live'])

const rowApproval = {
  approved_by: text.describe('Role, not person, that approved this row'),
  approved_on: cellDay.describe('Day of the approval, as 2026-10-01'),
}
const snomed = {
  snomed: z.string().regex(/^(\d{6,18})?$/, 'a SNOMED CT id is 6 to 18 digits').describe('SNOMED CT id that goes into the DocumentReference, or nothing'),
  snomed_display: z.string().describe('Its preferred term, as SNOMED CT writes it, or nothing'),
}
export const documentCodeRow = z.strictObject({
  code: z.string().regex(/^[A-Z]{4}$/, 'a code is four capital letters').describe('The four letters that open the name of a document in RiO, in capitals'),
  name: text.describe('What such a document is called; the patient sees it'),
  kind: z.enum(['appointment', 'clinical', 'external', 'legal', 'other']).describe('Kind of document; external means that the trust did not write it, so that two people have to release it'),
  sharing: z.enum(['listed', 'blocked', 'blocked-pkb']).describe('listed may be shared; blocked never goes to the patient; blocked-pkb never goes to PKB and is posted'),
  ...snomed,
  ...rowApproval,
})
export const serviceRow = z.strictObject({
  team: text.describe('RiO team, exactly as the messages write it'),
  name: text.describe('Name of the service; it goes into the DocumentReference'),
  service: z.enum(['in-scope', 'out-of-scope']).describe('Whether the service uses PKB; letters of one that does not are posted'),
  directorate: text.describe('Its directorate, by the first column of directorates.csv'),
  outcome_email: z.string().regex(/^([^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,255})?$/, 'write one mail address, or nothing').optional().describe("Where the team is sent what became of its documents, each morning; empty or without this column, there is only the file"),
  ...snomed,
  ...rowApproval,
})
export const directorateRow = z.strictObject({
  directorate: text.describe('Short name of the directorate, as services.csv names it'),
  name: text.describe('Its name, for people'),
  status: status.describe('Only live lets documents out, and needs sign-off and go-live date; observing and not-live record what would have happened'),
  go_live: cellDayOrNone.describe('First day whose documents may leave; those that came in before stay in'),
  signed_off_by: z.string().describe('Role that signed off the policy for this directorate; empty until then'),
  signed_off_on: cellDayOrNone.describe('Day of the sign-off; empty until then'),
  review_by: cellDayOrNone.describe('Day by which the sign-off has to be looked at again; after it the engine warns'),
  post: z.enum(['engine', 'team']).describe('Who posts letters: the engine by the print house, or the team itself, and then nothing is sent'),
  ...rowApproval,
})
const REASONS = Object.keys(REVIEW_REASONS) as [ReviewReason, ...ReviewReason[]]
const SPAN = 'write how long as 4 working hours or as 3 working days'
/** The titles of people, a mail address, a telephone number. */
const A_PERSON = /^(?:mr|mrs|ms|miss|mx|dr|prof)\b|@|\d[\d ]{4}/iu
export const reviewLimitRow = z.strictObject({
  reason: z.enum(REASONS).describe('Why a document waits, as docs/reviewing.md lists it; a reason without a row keeps the owner and the time of the engine'),
  owner: text.max(60, 'an owner has at most 60 characters: write the role alone').refine((cell) => !A_PERSON.test(cell), 'an owner is a role, never a person: write the role, such as Clinical records team').describe('Role, not person, that sees to what waits for this reason'),
  within: z.string().regex(/^\d{1,3} working (hour|day)s?$/, { error: SPAN, abort: true })
    .refine((cell) => readSpan(cell) !== undefined, `a limit is from 1 to ${MOST_HOURS} working hours, or from 1 to ${MOST_DAYS} working days`)
    .describe(`Time after which it is late: 1 to ${MOST_HOURS} working hours (nine to five) or 1 to ${MOST_DAYS} working days (whole ones, after the day on which it began to wait)`),
  ...rowApproval,
})
export type DocumentCode = z.infer<typeof documentCodeRow>
export type Service = z.infer<typeof serviceRow>
export type Directorate = z.infer<typeof directorateRow>
export type ReviewLimitRow = z.infer<typeof reviewLimitRow>
