// Histories that a chance draw seldom meets: PKB does by FHIR what it was asked to, and later than anybody waits; and a
// document goes to its second patient while the first one has it. Each ends wrong where one thing is left out of what the
// engine does about that.
import type { Action, History, Message } from './history.ts'

const message = (n: number, overrides: Partial<Message> = {}): Message =>
  ({ n, doc: 'A', event: n === 1 ? 'created' : 'updated', says: 'share', file: true, patient: 0, at: n * 10, ...overrides })
const send = (n: number, overrides: Partial<Message> = {}) => ({ do: 'send', message: message(n, overrides) }) as const
const withhold = (n: number) => send(n, { says: 'withhold', file: false })
const wait = (secs: number): Action => ({ do: 'wait', secs })
const WORK: Action = { do: 'work', doc: 'A' }
/** The request of this number breaks, and is done so many seconds after. */
const late = (secs: number, request: 0 | 1 = 0): Extract<Action, { do: 'work' }> => ({ do: 'work', doc: 'A', fault: { kind: 'late', secs }, request })
const HOLD = { do: 'hold', doc: 'A' } as const
const RELEASE = { do: 'release', doc: 'A' } as const

export const KNOWN: readonly (readonly [what: string, actions: History['actions']])[] = [
  ['a create that comes after its recall', [send(1), late(30), withhold(2), WORK]],
  ['the same, and RiO says it once more while it is taken back', [send(1), late(30), withhold(2), { ...WORK, meanwhile: withhold(3), when: 'after' }]],
  ['a create that comes after its recall, with a newer one between them', [send(1), { ...late(32), meanwhile: send(2), when: 'after' }, HOLD, WORK]],
  ['a create that comes after a look that found nothing, and before anything else was sent', [send(1), late(45), wait(12), { ...WORK, meanwhile: withhold(2), when: 'after' }]],
  ['a create that comes after its worker died and its recall was done', [send(1), { ...late(30), dies: 'after' }, withhold(2), WORK]],
  ['a replacement that comes after a newer one', [send(1), WORK, send(2), { ...late(9, 1), meanwhile: send(3), when: 'after' }]],
  ['a replacement that comes after its recall', [send(1), WORK, send(2), late(30, 1), HOLD, WORK]],
  ['a recall that comes after it was sent again', [send(1), WORK, withhold(2), late(40, 1), send(3), WORK]],
  ['the same, and the worker that took it back died', [send(1), WORK, withhold(2), { ...late(40, 1), dies: 'after' }, send(3), WORK]],
  ['a move to another patient that is released before the first one’s copy was taken back', [send(1), WORK, send(2, { patient: 1 }), RELEASE, WORK]],
  ['the same, and the first recall finds PKB refusing it', [send(1), WORK, send(2, { patient: 1 }), RELEASE, { ...WORK, fault: { kind: '422' }, request: 1 }, WORK]],
]
