// The shapes of what the API says of documents that wait for a person, and of codes that are in no list. They refuse to be
// types: see `shapes.ts`.
import { z } from 'zod'
import { REVIEW_REASONS, type ReviewReason } from '../../decide/review-reason.ts'
import { aCount, aCursor, anId, anInstant, aRoute, documentRow } from '../shapes.ts'

const REASONS = Object.keys(REVIEW_REASONS) as [ReviewReason, ...ReviewReason[]]
const reason = z.enum(REASONS)
const param = (description: string) => z.string().optional().meta({ description })

export const reviewsQuery = z.strictObject({
  reason: param(`One of ${REASONS.join(', ')}.`), directorate: param('Its short name, as in mappings/directorates.csv.'), team: param('The RiO team, in any case.'),
  late: param('yes: only those past the time that their reason allows.'), limit: param('1 to 200; 50 if it is not given.'), cursor: param('The cursor of the answer before, for the next page.'),
})

export const reviews = z.strictObject({
  reasons: z.array(z.strictObject({
    reason, text: z.string(), owner: z.string().meta({ description: 'A role, as the policy in force has it.' }), within: z.string().meta({ description: 'Such as 3 working days: after that it is late, by the policy in force.' }), documents: aCount, late: aCount, oldestSince: anInstant,
  })),
  documents: z.array(documentRow.extend({ reason, since: anInstant, dueBy: anInstant, late: z.boolean(), released: aCount.meta({ description: 'People who have released it.' }) }).meta({ id: 'DocumentWaiting' })),
  cursor: aCursor.optional(),
}).meta({ id: 'Reviews', description: 'Documents that wait for a person, those that have waited longest first.' })

const line = z.strictObject({ id: z.string(), says: z.string(), liftedBy: z.enum(['nobody', 'one', 'two']) })
const becomes = z.strictObject({ route: aRoute, rule: z.string(), because: z.string(), labels: z.array(z.string()) })

export const review = z.strictObject({
  id: anId, revision: z.int().min(1), sha256: z.string().meta({ description: 'Of the file; empty where there is none. A release is bound to it and to the revision.' }),
  offer: z.string().meta({ description: 'What a release would do, and what holds it. A release says it again, and is refused where it has changed.' }),
  waiting: z.strictObject({ reason, text: z.string(), owner: z.string(), within: z.string(), since: anInstant, dueBy: anInstant, late: z.boolean() }).optional(),
  decision: becomes, floor: z.array(line), releases: z.array(z.strictObject({ actor: z.string(), role: z.string(), reason: z.string(), consent: z.string().optional(), at: anInstant, counts: z.boolean().meta({ description: 'False: PKB has since given another date of birth.' }) })),
  release: z.union([
    z.strictObject({ can: z.literal(true), people: z.int().min(1).max(2).meta({ description: 'How many still have to release it.' }), consent: z.boolean().meta({ description: 'Whether each has to say who consented.' }), becomes }),
    z.strictObject({ can: z.literal(false), because: z.string(), floor: z.array(line) }),
  ]),
}).meta({ id: 'Review', description: 'What a person decides on, and what a release would do.' })

export const releaseAsked = z.strictObject({
  revision: z.int().min(1), sha256: z.string(), offer: z.string(), role: z.string().max(100), reason: z.string().min(3).max(500), consent: z.string().max(200).optional(), formToken: z.string().optional(),
}).meta({ id: 'Release', description: 'Of a person who has signed in. Kept for good: do not name the patient in it.' })

export const codes = z.strictObject({
  since: anInstant, until: anInstant,
  codes: z.array(z.strictObject({
    code: z.string().regex(/^[A-Z]{4}$/u).optional().meta({ description: 'Absent: without any code.' }), team: z.string().optional(), month: z.string(), documents: aCount, share: aCount.meta({ description: 'Of them, marked to be shared.' }),
    firstSeen: anInstant, lastSeen: anInstant, examples: z.array(z.strictObject({ id: anId, sourceId: z.string() })),
  })),
}).meta({ id: 'CodesSeen' })
