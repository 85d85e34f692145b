// What a visitor may do, and which role gives it. Closed sets: a right that no line here names is nobody's. It refuses to
// know people: who has which role is kept in the ledger, or comes from the trust's identity provider.

/** In the order in which pages list them. */
export const ROLES = ['viewer', 'operator', 'reviewer', 'analyst', 'governance', 'admin'] as const
export type Role = (typeof ROLES)[number]

export const RIGHTS = {
  /** Lists, stories, failures, flow, reports: without what identifies a patient. */
  see: 'Look at documents, failures and reports, with patients masked',
  /** Names, NHS numbers, titles and the documents themselves. Each look is written down. */
  patients: 'See who the patient is, and read documents',
  retry: 'Try failed deliveries again, or send them to print instead',
  /** Protective, so many may: stop, hold, recall. */
  stop: 'Stop deliveries, hold a document, take one back',
  /** What it lets go, the policy decides again: a program may. */
  lift: 'Lift stops and holds',
  /** By name, of one revision and file that somebody has read: people alone. */
  release: 'Release documents that wait for a person',
  channels: 'Start and pause channels, try messages',
  audit: 'Read who did and saw what',
  people: 'Say who may come in and with which roles, and make tokens for programs',
} as const satisfies Record<string, string>
export type Right = keyof typeof RIGHTS

export const RIGHTS_OF = {
  viewer: ['see'],
  operator: ['see', 'retry', 'stop'],
  reviewer: ['see', 'patients', 'retry', 'stop', 'lift', 'release'],
  analyst: ['see', 'stop', 'channels'],
  governance: ['see', 'patients', 'stop', 'lift', 'audit'],
  admin: ['see', 'patients', 'retry', 'stop', 'lift', 'release', 'channels', 'audit', 'people'],
} as const satisfies Record<Role, readonly Right[]>

/** Whatever token it brings: a person answers for what a patient gets by way of exception, and for who may come in. */
const OF_PEOPLE_ALONE: readonly Right[] = ['release', 'people']
export const isForPrograms = (right: Right): boolean => !OF_PEOPLE_ALONE.includes(right)
export const RIGHTS_FOR_PROGRAMS: readonly Right[] = (Object.keys(RIGHTS) as Right[]).filter(isForPrograms)

export const isRole = (text: unknown): text is Role => ROLES.some((role) => role === text)
export const isRight = (text: unknown): text is Right => typeof text === 'string' && Object.hasOwn(RIGHTS, text)

export const rightsOf = (roles: readonly Role[]): readonly Right[] => (Object.keys(RIGHTS) as Right[]).filter((right) => roles.some((role) => (RIGHTS_OF[role] as readonly Right[]).includes(right)))
