// The difference between what was decided and what would be decided now, in words ready for a view. It refuses to judge: the
// core compares, and what is hidden stays hidden.
import type { Decision } from '../../types.ts'
import type { Again } from './again.ts'
import { lastAttempt } from '../documents/story-view.ts'
import { londonTime } from '../times.ts'
import { factInWords, ROUTES_IN_WORDS } from '../words.ts'
import { FACT_NAMES } from '../../types.ts'

const KINDS = { changed: 'Changed', added: 'Added', removed: 'Removed' } as const

const decisionRows = (before: Decision, after: Decision) => {
  const pairs = [
    ['Route', ROUTES_IN_WORDS[before.route], ROUTES_IN_WORDS[after.route]], ['Rule', before.rule, after.rule], ['Reason', before.because, after.because], ['Labels', before.labels.join(', '), after.labels.join(', ')],
    ['Left to the team', before.leftToTeam ? 'Yes' : 'No', after.leftToTeam ? 'Yes' : 'No'],
  ] as const
  return pairs.filter(([, one, other]) => one !== other).map(([what, one, other]) => ({ what, before: one, after: other }))
}

/** What it was last sent or tried as. */
const triedWith = ({ deliveries }: Again['story']): string => {
  const last = deliveries.flatMap(({ attempts }) => attempts).toSorted((a, b) => b.at.localeCompare(a.at))[0]
  return last ? `Revision ${last.revision}, last tried ${londonTime(last.at)}` : 'Never tried'
}

export const againView = ({ story, inForce, replayed, changes }: Again, mayRetry: boolean) => {
  const planned = replayed?.planned
  const now = planned?.ok ? planned.plan : undefined
  return {
    id: story.id, sourceId: story.sourceId, mayRetry, lookedAt: story.deliveries.map(({ attempts }) => lastAttempt(attempts)).filter(Boolean).join(' '),
    about: [{ key: 'Decided under', value: story.decision.policy.slice(0, 12) }, { key: 'In force', value: inForce.slice(0, 12) }, { key: 'Tried', value: triedWith(story) }],
    unreadable: planned && !planned.ok ? planned.refusal.code : undefined,
    decision: now ? decisionRows(story.decision, now.decision) : [],
    facts: now ? FACT_NAMES.filter((fact) => now.facts[fact] !== story.facts[fact]).map((fact) => ({ name: factInWords(fact, story.facts[fact]).name, before: factInWords(fact, story.facts[fact]).text, after: factInWords(fact, now.facts[fact]).text })) : [],
    takesBack: replayed?.recalls ?? [],
    changes: changes.map((change) => ({ kind: KINDS[change.kind], path: change.path, hidden: change.hidden === true, before: change.before, after: change.after })),
    /** A letter that is on its way to the record, and has not arrived. */
    canPrint: story.route === 'pkb' && story.deliveries.some(({ destination, state }) => destination === 'pkb' && ['owed', 'sending', 'failed', 'blocked'].includes(state)),
    inTrouble: story.deliveries.some(({ state }) => state === 'failed' || state === 'blocked'),
  }
}
