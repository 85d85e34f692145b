// How the pages put retry runs into words, one table per closed set. It refuses to judge: what is part of a run and what
// became of it was worked out before.
import type { MemberClass, MemberState, RunKind, RunState, Stopping } from '../../decide/retry-run.ts'
import type { Colour } from '../words.ts'

type Tag = { readonly text: string; readonly colour: Colour }

export const RUN_KINDS_IN_WORDS = {
  retry: { text: 'Try again', does: 'Each is tried again as it was decided.', done: 'Tried again' },
  'decide-again': { text: 'Decide and try again', does: 'Each is decided again under the policy in force, for good, and then tried again.', done: 'Decided and tried again' },
  print: { text: 'Print instead', does: 'Each goes by post instead of to the PKB record, where the floor allows that. A copy that stands at PKB, or may stand there, is taken back first.', done: 'Printed instead' },
} as const satisfies Record<RunKind, { readonly text: string; readonly does: string; readonly done: string }>

export const RUN_STATES_IN_WORDS = {
  planned: { text: 'Planned', colour: 'blue', means: 'Nothing has happened yet.' },
  unconfirmed: { text: 'Waits for a second person', colour: 'yellow', means: 'It is a large run. Nothing happens until another person who may retry confirms it.' },
  running: { text: 'Running', colour: 'aqua-green', means: 'It goes on by itself: one, then ten, then the rest.' },
  paused: { text: 'Paused', colour: 'yellow', means: 'Nothing more is tried until a person has it go on. What was tried already is not held.' },
  stopped: { text: 'Stopped by itself', colour: 'red', means: 'Nothing more is tried until a person has it go on. It begins with one again then.' },
  done: { text: 'Done', colour: 'green', means: 'Nothing of it is left to try.' },
  cancelled: { text: 'Cancelled', colour: 'grey', means: 'What was not tried by then is as it was.' },
} as const satisfies Record<RunState, Tag & { readonly means: string }>

export const WHY_STOPPED = {
  'same-failure': 'A delivery failed for the same cause as before, so the cause is not gone.',
  'failed-first': 'One of the first deliveries failed for another cause.',
} as const satisfies Record<Stopping, string>

export const MEMBER_STATES_IN_WORDS = {
  'left-out': { text: 'Not part of it', colour: 'grey' },
  waiting: { text: 'Not tried yet', colour: 'white' },
  'under-way': { text: 'Under way', colour: 'blue' },
  arrived: { text: 'Arrived', colour: 'green' },
  printed: { text: 'By post instead', colour: 'green' },
  failed: { text: 'Failed again', colour: 'red' },
  blocked: { text: 'Blocked', colour: 'red' },
  superseded: { text: 'Nothing to do any more', colour: 'grey' },
  'not-done': { text: 'Not tried', colour: 'grey' },
} as const satisfies Record<MemberState, Tag>

export const CLASSES_IN_WORDS = {
  plain: 'Can be tried at once',
  unsure: 'The destination may have it: it is asked first',
  refused: 'Refused: it would be refused again unchanged',
  blocked: 'Blocked by the second key: only a new decision clears it',
  nothing: 'Superseded since, or nothing to do any more',
} as const satisfies Record<MemberClass, string>

/** Why a delivery was not tried, where it was this side that said so. */
export const OUR_ANSWERS_IN_WORDS: Readonly<Record<string, string>> = {
  'kept-in': 'Not allowed by post: left as it was', unreadable: 'The policy in force cannot read what is stored', missing: 'Nothing is stored of it',
}

export const STEPS_IN_WORDS = ['One', 'Ten', 'The rest'] as const
