// The shapes of what the API says of documents, each once: its description is made from them, and tests compare every
// answer with them. Objects are strict, so that a member that nobody declared is found. They refuse to be types: the
// answers are made elsewhere, and these say what may be relied on.
import { z } from 'zod'
import { CAUSES } from '../decide/cause.ts'
import { STOP_SCOPES } from '../decide/stopped.ts'
import { AUDIT_KINDS } from '../observe/events.ts'
import { ACTIONS, DELIVERY_STATES, DOCUMENT_STATES, FACT_NAMES, FACTS, OUTCOMES, RULE_ROUTES, TRANSPORTS } from '../types.ts'

export const anId = z.uuid()
export const anInstant = z.iso.datetime()
export const aDay = z.iso.date()
export const aCount = z.int().min(0)
/** SHA-256, in hexadecimal. */
export const aHash = z.string().regex(/^[0-9a-f]{64}$/u)
export const aRoute = z.enum([...RULE_ROUTES, 'observe'])
export const aRuleRoute = z.enum(RULE_ROUTES)
/** A part of a whole, 0 to 1. */
export const aRate = z.number().min(0).max(1)
export const aCursor = z.string().meta({ description: 'For the next page; absent on the last.' })
export const aCause = z.enum(CAUSES)
export const aDeliveryState = z.enum(DELIVERY_STATES)

const text = (description: string) => z.string().meta({ description })

const ROW = {
  id: anId, source: text('The source system, such as rio.'), sourceId: text('The id that the source gave it.'), feed: z.string(), revision: z.int().min(1), receivedAt: anInstant,
  state: z.enum(DOCUMENT_STATES), code: z.string().optional(), team: z.string().optional(), directorate: z.string().optional(),
}

export const documentRow = z.strictObject({ ...ROW, route: aRoute, rule: z.string(), because: text('Why, in a sentence without patient data.') }).meta({ id: 'DocumentRow', description: 'A document as lists have it: without anything that identifies the patient.' })

export const documents = z.strictObject({ documents: z.array(documentRow), cursor: aCursor.optional() }).meta({ id: 'Documents', description: 'One page of documents, newest first.' })

const exact = <T extends readonly string[]>(names: T, shapeOf: (name: T[number]) => z.ZodType) => z.strictObject(Object.fromEntries(names.map((name) => [name, shapeOf(name as T[number])])))

export const facts = exact(FACT_NAMES, (name) => z.enum(FACTS[name])).meta({ id: 'Facts', description: 'Everything that the rules look at.' })

const span = z.union([z.strictObject({ hours: z.number() }), z.strictObject({ days: z.number() }), z.strictObject({ working_days: z.number(), not_on: z.array(aDay).optional() })])

export const decision = z.strictObject({
  route: aRoute, rule: z.string(), because: z.string(), conflict: z.boolean(), variance: z.boolean(), wouldRoute: aRuleRoute.optional(), wouldRule: z.string().optional(), leftToTeam: z.boolean(),
  printIfUnreadAfter: span.optional(), staysByPost: z.literal(true).optional(), labels: z.array(z.string()), policy: text('Hash of the policy that decided.'),
}).meta({ id: 'Decision' })

export const delivery = z.strictObject({
  id: anId, destination: z.string(), state: aDeliveryState, standing: z.enum(['nothing', 'present', 'unsure', 'recalled']), standingRevision: z.int().optional(), via: z.array(z.enum(TRANSPORTS)).optional(),
  sentAt: anInstant.optional(), acknowledgedAt: anInstant.optional(), read: z.enum(['read', 'not-known', 'unsupported']).optional(), readAt: anInstant.optional(), readBy: anInstant.optional(),
  unconfirmed: z.literal(true).optional(), dueAt: anInstant.optional(), lastOutcome: z.enum(OUTCOMES).optional(), lastCode: z.string().optional(), lastDetail: z.string().optional(),
}).meta({ id: 'Delivery', description: 'A document owed to a destination, and what stands there.' })

export const attempt = z.strictObject({
  id: anId, at: anInstant, action: z.enum(ACTIONS), revision: z.int(), outcome: z.enum([...OUTCOMES, 'started']), code: z.string().optional(), detail: z.string().optional(), tookMs: aCount.optional(),
  trace: z.strictObject({ correlation: z.string(), requestSha256: z.string().optional(), requestBytes: aCount.optional(), status: z.int().optional(), answer: z.string().optional() }).optional(),
}).meta({ id: 'Attempt' })

export const event = z.strictObject({ seq: z.int().min(1), at: anInstant, kind: z.enum(AUDIT_KINDS), actor: z.string(), detail: z.record(z.string(), z.unknown()) }).meta({ id: 'Event', description: 'An entry of the log of events. Its detail holds no patient data.' })

const STOP = { id: anId, scope: z.enum(STOP_SCOPES), value: text('What is stopped; empty for all.'), actor: z.string(), reason: z.string(), at: anInstant }
export const stop = z.strictObject({ ...STOP, lifted: z.strictObject({ at: anInstant, actor: z.string(), reason: z.string() }).optional() }).meta({ id: 'Stop' })
const WISH = { reason: z.string().min(3).max(500).meta({ description: 'Kept for good: do not name the patient in it.' }), by: z.string().max(100).optional().meta({ description: 'For whom the program asks.' }) }
/** Of whatever is done with a reason, by a program that may say for whom. */
export const wish = z.strictObject(WISH).meta({ id: 'Wish' })

export const stopMade = z.strictObject({ ...STOP, warning: text('The policy does not know what it names.').optional() }).meta({ id: 'StopMade' })
export const stops = z.strictObject({
  stops: z.array(stop.extend({ deliveries: aCount.meta({ description: 'How many deliveries wait by it.' }) }).meta({ id: 'StopInForce' })), lifted: z.array(stop),
}).meta({ id: 'Stops' })

export const stopAsked = z.strictObject({ scope: z.enum(STOP_SCOPES), value: z.string().max(100).optional().meta({ description: 'Which one; left out for all.' }), ...WISH }).meta({ id: 'StopAsked' })

export const story = z.strictObject({
  ...ROW, facts, decision, deliveries: z.array(delivery.extend({ attempts: z.array(attempt) }).meta({ id: 'DeliveryWithAttempts' })), events: z.array(event),
  stops: z.array(z.strictObject(STOP).meta({ id: 'StopThatHolds' })),
  paused: z.array(z.strictObject({ destination: z.string(), actor: z.string(), reason: z.string(), at: anInstant }).meta({ id: 'PausedDestination' })).meta({ description: 'Destinations that it waits for, because a person has paused them.' }),
  receipts: z.array(z.strictObject({ id: anId, receivedAt: anInstant, feed: z.string(), revision: z.int().optional(), bearing: z.enum(['in-order', 'tightens', 'late']) }).meta({ id: 'Receipt' })),
  unread: z.array(z.string()).meta({ description: 'Parts of the message that carried a value and that nothing read: places, never values.' }),
}).meta({ id: 'Story', description: 'Everything about one document.' })

export const documentReference = z.looseObject({ resourceType: z.literal('DocumentReference'), status: z.string() }).meta({ id: 'DocumentReference', description: 'A FHIR R4 resource, of UK Core.' })

export const idOnly = z.strictObject({ id: anId }).meta({ id: 'Accepted', description: 'The wish is written down; what comes of it is in the story of the document.' })

export const retryAsked = z.strictObject({ reason: z.string().max(500).nullish().meta({ description: 'Needed for what the destination refused. Kept for good: do not name the patient in it.' }) }).meta({ id: 'Retry' })

export const problem = z.strictObject({
  type: z.string().regex(/^urn:openletter:error:[a-z0-9-]+$/u), title: z.string(), status: z.int().min(400).max(599), detail: z.string(), code: text('Never changes its meaning; see docs/errors.md.'), hint: text('What to do.'),
}).meta({ id: 'Problem', description: 'Problem details of RFC 9457, with a code and a hint.' })
