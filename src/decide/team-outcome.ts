// What became of a document, as the team that uploaded it is told: a closed set of outcomes, each in plain words. Pure. It
// refuses clinical content: why is the sentence of the rule that decided, and nothing of the document itself.
import type { DocumentState } from '../types.ts'

/** In the order in which they are counted. */
export const TEAM_OUTCOMES = {
  sent: { text: 'Sent', says: 'It is in the patient’s PKB record.' },
  posted: { text: 'Posted', says: 'The print house has posted it.' },
  'on-its-way': { text: 'On its way', says: 'It goes to the patient’s PKB record or to the print house, and is not there yet.' },
  withheld: { text: 'Withheld', says: 'The patient does not get it.' },
  waiting: { text: 'Waiting for a person', says: 'A person has to decide before it goes anywhere.' },
  conflict: { text: 'In conflict', says: 'What was chosen at upload and something else disagree. The patient has not got it.' },
  failed: { text: 'Failed', says: 'It could not be delivered, and a person has to see to it. Nobody needs to upload it again.' },
  'left-to-team': { text: 'Left to the team', says: 'The team posts it itself: nothing was sent.' },
  'taken-back': { text: 'Taken back', says: 'It was sent, and has been or is being taken back.' },
  observed: { text: 'Only recorded', says: 'The directorate is not live yet: nothing was sent.' },
} as const satisfies Record<string, { readonly text: string; readonly says: string }>

export type TeamOutcome = keyof typeof TEAM_OUTCOMES
export const TEAM_OUTCOME_NAMES = Object.keys(TEAM_OUTCOMES) as readonly TeamOutcome[]

export const OUTCOME_OF = {
  waiting: 'on-its-way', sent: 'on-its-way', printing: 'on-its-way',
  acknowledged: 'sent', read: 'sent', printed: 'posted',
  'left-to-team': 'left-to-team', withheld: 'withheld', review: 'waiting', observed: 'observed',
  recalling: 'taken-back', recalled: 'taken-back', blocked: 'failed', failed: 'failed',
} as const satisfies Record<DocumentState, TeamOutcome>

/** In these states what was decided is a conflict, where the decision says so. */
export const MAY_CONFLICT = ['review', 'withheld'] as const satisfies readonly DocumentState[]
