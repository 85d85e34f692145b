// Which pages an entry of the log touches. Pure. It refuses to keep a page still because nobody thought of a new kind:
// what is not named here touches them all. What only says that somebody looked touches none, or looking would never end.
import type { AuditKind } from '../../observe/events.ts'

export const TOPICS = ['today', 'failed', 'runs', 'reviews', 'recalls', 'alerts', 'channels'] as const
export type Topic = (typeof TOPICS)[number]

const TOUCHES: { readonly [K in AuditKind]?: readonly Topic[] } = {
  looked: [], 'signed-in': [], 'signed-out': [], 'sign-in-refused': [], 'staff-changed': [], 'token-made': [], 'token-revoked': [], 'policy-asked': [], 'account-checked': [],
  'attempt-started': ['failed', 'runs'], read: ['today', 'recalls', 'alerts'], received: ['today', 'alerts'], late: ['today'], rejected: ['today', 'alerts'],
  'print-acknowledged': ['today', 'recalls'], run: ['runs', 'failed', 'today'], 'alert-taken': ['alerts', 'today'],
}

const isNamed = (kind: string): kind is AuditKind => Object.hasOwn(TOUCHES, kind)

export const topicsOf = (kinds: readonly string[]): readonly Topic[] => TOPICS.filter((topic) => kinds.some((kind) => (isNamed(kind) ? (TOUCHES[kind] ?? TOPICS) : TOPICS).includes(topic)))

/** After these somebody may have lost his right to look on. */
export const ENDS_SESSIONS: readonly string[] = ['signed-out', 'staff-changed', 'token-revoked'] satisfies readonly AuditKind[]
