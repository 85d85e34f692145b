// The shapes of what the API says of retry runs and of deciding a document again, each once: its description is made from
// them. They refuse members that they do not name, so an answer says nothing that is not described.
import { z } from 'zod'
import { MEMBER_CLASSES, MEMBER_STATES, MOST_PER_MINUTE, RUN_KINDS, RUN_STATES } from '../../decide/retry-run.ts'
import { aCause, aCount, aHash, anId, anInstant, aRoute, decision } from '../shapes.ts'

const counts = (names: readonly string[]) => z.partialRecord(z.enum(names as [string, ...string[]]), aCount)

const RUN = {
  id: anId, kind: z.enum(RUN_KINDS), group: z.string().optional().meta({ description: 'The group that it was planned from; absent where deliveries were chosen.' }), destination: z.string(), cause: aCause.optional(), signature: z.string().optional(),
  state: z.enum(RUN_STATES), why: z.enum(['same-failure', 'failed-first']).optional().meta({ description: 'Why it stopped by itself.' }), plannedBy: z.string(), plannedAt: anInstant, policy: z.string().optional(), changed: z.string().optional(), cut: z.boolean(),
  reason: z.string().optional(), startedBy: z.string().optional(), startedAt: anInstant.optional(), confirmedBy: z.string().optional(), endedAt: anInstant.optional(), perMinute: z.int().min(1), step: z.int().min(0).max(2), base: aCount,
  part: aCount.meta({ description: 'Deliveries that are part of it.' }), documents: aCount, patients: aCount, byClass: counts(MEMBER_CLASSES), byState: counts(MEMBER_STATES),
}
export const runShape = z.strictObject(RUN).meta({ id: 'Run', description: 'A plan over deliveries in trouble, and what became of it.' })
export const runsShape = z.strictObject({ runs: z.array(runShape) }).meta({ id: 'Runs' })

export const runNowShape = z.strictObject({
  run: runShape,
  now: z.strictObject({
    joined: aCount.meta({ description: 'In the group now, and not in the run.' }), shared: aCount.meta({ description: 'Not ended, and part of another run that has not ended.' }), overtaken: aCount, stopped: aCount, away: z.strictObject({ code: z.string() }).optional(), second: z.boolean().meta({ description: 'A second person has to confirm it.' }),
    policies: z.array(z.strictObject({ hash: z.string(), documents: aCount })), policyInForce: z.string().optional(), circuitUntil: anInstant.optional(), paused: z.strictObject({ actor: z.string(), reason: z.string() }).optional(),
  }),
}).meta({ id: 'RunNow' })

const member = z.strictObject({
  deliveryId: anId, documentId: anId, sourceId: z.string(), destination: z.string(), revision: z.int(), code: z.string().optional(), team: z.string().optional(), class: z.enum(MEMBER_CLASSES), state: z.enum(MEMBER_STATES),
  cause: aCause.optional(), signature: z.string().optional(), step: z.int().optional(), triedAt: anInstant.optional(), endedAt: anInstant.optional(), lastCode: z.string().optional(),
})
export const reportShape = z.strictObject({ run: runShape, deliveries: z.array(member) }).meta({ id: 'RunReport', description: 'What became of each delivery, in the order of the run.' })

const BY = { by: z.string().max(100).optional().meta({ description: 'For whom the program asks.' }) }
export const runAsked = z.strictObject({
  kind: z.enum(RUN_KINDS).optional().meta({ description: 'retry if it is not given.' }),
  group: z.string().optional().meta({ description: 'The key of a group of failures. Give one of group, deliveries and run.' }), deliveries: z.array(anId).max(10_000).optional(), run: anId.optional().meta({ description: 'The deliveries of another plan.' }),
  changed: z.string().min(3).max(500).optional().meta({ description: 'What has changed since the destination refused: without it nothing refused is part of the run.' }), perMinute: z.int().min(1).max(MOST_PER_MINUTE).optional(), ...BY,
}).meta({ id: 'RunAsked' })

export const differenceShape = z.strictObject({
  id: anId, decidedUnder: z.string(), inForce: aHash, unreadable: z.string().optional().meta({ description: 'Why the policy in force cannot read what is stored.' }),
  decided: decision, wouldBe: decision.optional(), goes: z.strictObject({ from: aRoute, to: aRoute }).optional(), takesBack: z.array(z.string()), sameFacts: z.boolean().optional(),
  changes: z.array(z.strictObject({ kind: z.enum(['changed', 'added', 'removed']), path: z.string(), before: z.string().optional(), after: z.string().optional(), hidden: z.literal(true).optional() })),
}).meta({ id: 'DocumentDifference', description: 'What is stored, decided under the policy in force, against what was decided and sent or tried.' })

export const decidedAgainShape = z.strictObject({ id: anId, outcome: z.enum(['moved', 'same-way', 'unchanged']), tried: z.boolean() }).meta({ id: 'DecidedAgain' })
