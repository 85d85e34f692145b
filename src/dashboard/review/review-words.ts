// What waits for a person, in words ready for a view. It refuses to decide: what can be released was asked of the plan, and
// what it would become is what that said.
import type { Decision } from '../../types.ts'
import { FACT_NAMES } from '../../types.ts'
import { liftedBy, type Would } from '../../decide/releasable.ts'
import type { FloorLine } from '../../decide/floor.ts'
import { dueBy, limitOf, spanInWords, type ReviewLimits } from '../../decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../../decide/review-reason.ts'
import { LABELS, type Label } from '../../decide/labels.ts'
import type { ReviewGroup, ReviewRow } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import { ageOf, endTime, londonTime } from '../times.ts'
import type { ToDecide } from './to-decide.ts'
import type { Visitor } from '../visitor.ts'
import { factInWords, ROUTES_IN_WORDS, countOf } from '../words.ts'

export const LATE = { text: 'Late', colour: 'red' } as const

export const groupView = ({ reason, documents, late, oldestSince }: ReviewGroup, limits: ReviewLimits, now: Date) => {
  const { text, means } = REVIEW_REASONS[reason]
  const { owner, within } = limitOf(limits, reason)
  return { reason, text, means, owner, within: spanInWords(within), documents, late, oldest: { at: oldestSince, text: ageOf(oldestSince, now) } }
}

/** It waits for what came after the decision, so the decision says nothing of that. */
const NOT_DECIDED: readonly ReviewReason[] = ['second-key', 'unsure', 'control-id']

/** `query`: of the part of the queue that it stands in. */
export const reviewRowView = (row: ReviewRow, now: Date, query: string) => ({
  href: `/reviews/${row.id}${query}`, sourceId: row.sourceId, reason: REVIEW_REASONS[row.reason].text, because: NOT_DECIDED.includes(row.reason) ? REVIEW_REASONS[row.reason].means : row.because, code: row.code ?? 'None', team: row.team ?? 'None',
  since: { at: row.since, text: ageOf(row.since, now) }, late: row.late ? LATE : undefined, released: row.released > 0 ? `Released by ${countOf(row.released, 'person').replace('persons', 'people')}` : '',
})

// ---------------------------------------------------------------- one document

const LIFTED = { nobody: 'No release lifts it', one: 'One person can release it', two: 'Two people can release it' } as const satisfies Record<ReturnType<typeof liftedBy>, string>

const KEEPS = ({ forbids }: FloorLine): string => {
  const [record, print] = [forbids.includes('pkb'), forbids.includes('print')]
  return record && print ? 'the record and the post' : record ? 'the record' : 'the post'
}

export const lineView = (line: FloorLine) => ({ id: line.id, says: line.says, keeps: KEEPS(line), lifted: line.when.hold ? 'Lift the hold' : LIFTED[liftedBy(line)] })

/** What would become of it, before anybody presses anything. */
const becomesView = ({ decision }: Pick<Would, 'decision'>) => ({
  route: wayOf(decision), rule: decision.rule, because: decision.because,
  labels: decision.labels.map((label) => ({ code: label, display: Object.hasOwn(LABELS, label) ? LABELS[label as Label].display : '' })),
})

const wayOf = ({ route, leftToTeam }: Decision): string => {
  if (leftToTeam) return 'To print, and the team posts it itself'
  return route === 'pkb' ? 'To the patient’s PKB record; without an account, by post' : route === 'print' ? 'To print, and by post to the patient' : `It stays: ${ROUTES_IN_WORDS[route].toLowerCase()}`
}

/** Facts that a line of the floor or the rule that decided looks at. */
const matter = ({ lines, story: { decision } }: ToDecide, policy: Policy): ReadonlySet<string> => {
  const rule = policy.rules.find(({ name }) => name === decision.rule)
  return new Set([...lines.map(({ when }) => when), rule?.when ?? {}].flatMap((when) => Object.keys(when)))
}

const waitingView = ({ review: { reason, since } }: Pick<ToDecide, 'review'>, limits: ReviewLimits, now: Date) => {
  if (reason === undefined || since === undefined) return undefined
  const { text, means, act } = REVIEW_REASONS[reason]
  const limit = limitOf(limits, reason)
  const due = dueBy(since, limit)
  return { text, means, act, owner: limit.owner, within: spanInWords(limit.within), since: { at: since, text: `${londonTime(since)} (${ageOf(since, now)})` }, due: { at: due, text: endTime(due) }, late: due <= now.toISOString() ? LATE : undefined }
}

/** `viewer`: the person who looks. */
export const reviewView = (told: ToDecide, policy: Policy, now: Date, viewer: Pick<Visitor, 'id' | 'door'>) => {
  const { story, review, seen, lines, release } = told
  const named = matter(told, policy)
  // As they are now: while a document waits, what PKB answers is not written into its decision.
  const known = (told.now ?? story).facts
  const facts = FACT_NAMES.filter((fact) => named.has(fact)).map((fact) => ({ fact, value: known[fact], ...factInWords(fact, known[fact]) }))
  const hold = story.events.findLast(({ kind }) => kind === 'held' || kind === 'hold-lifted')
  const counted = review.releases.filter(({ counts }) => counts)
  return {
    id: story.id, sourceId: story.sourceId, seen, waiting: waitingView(told, policy.reviewLimits, now), because: story.decision.because, rule: story.decision.rule, route: ROUTES_IN_WORDS[story.route],
    troubles: troublesOf(told), facts, lines: lines.map(lineView), held: story.facts.hold === 'held', heldByEngine: review.heldFor !== undefined,
    holder: story.facts.hold === 'held' && hold ? { actor: hold.actor, at: londonTime(hold.at), reason: String(hold.detail['reason'] ?? '') } : undefined,
    releases: review.releases.map(({ at, ...one }) => ({ ...one, at: londonTime(at) })), first: counted.map(({ actor }) => actor).join(' and '), several: counted.length > 1, mine: counted.some(({ actor }) => actor === viewer.id),
    /** Nobody before came by the door of this person, so his release is kept and makes no two. */
    apart: release.can && release.people === 1 && counted.length > 0 && !counted.some(({ door }) => door === (viewer.door ?? '')),
    /** Of a letter that the trust did not produce. */
    needsConsent: needsConsent(told),
    release: release.can
      ? { can: true, people: release.people, becomes: becomesView(release.becomes), next: release.people === 2 ? becomesView(release.next) : undefined }
      : { can: false, because: release.because, lines: release.lines.map(lineView) },
    onlyWhere: story.route === 'review' && told.now !== undefined && told.now.decision.route !== 'review' ? 'The policy has changed since it was decided. It is decided again by a replay, or when RiO sends it again.' : undefined,
    tightened: Object.keys(told.now?.tightened ?? {}).length > 0,
  }
}

/** What the last check or PKB said: whoever mends it has to know. */
const troublesOf = ({ story: { deliveries }, review: { reason } }: ToDecide): readonly string[] =>
  reason === 'second-key' || reason === 'unsure' ? deliveries.filter(({ state }) => state === (reason === 'unsure' ? 'failed' : 'blocked')).map(({ lastCode, lastDetail }) => [lastCode, lastDetail].filter(Boolean).join(': ')) : []

/** By the policy in force, which is what a release is asked of. */
export const needsConsent = ({ story, now }: Pick<ToDecide, 'story' | 'now'>): boolean => (now ?? story).facts.producer !== 'trust'
