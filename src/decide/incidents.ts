// What may be wrong and has to be told to somebody who is not looking: a closed set of kinds, each with its words, what to
// do, whose it is and where to look. It refuses patient data: a thing is a feed, a destination, a directorate, or an id of ours.

type Declared = {
  /** `severe`: seen on every page. */
  readonly severity: 'severe' | 'serious'
  /** In a few words: the subject of a mail begins so. */
  readonly title: string
  readonly means: string
  readonly todo: string
  readonly owner: string
  /** Where to look, on the console. */
  readonly href: (thing: string) => string
  /** It does not end by itself: it is over when a person takes it, and what it was about never comes back. */
  readonly once?: true
  /** Told once more each time that there are ten times as many. */
  readonly tellsGrowth?: true
  /** Another line of every page tells it already. */
  readonly ownBanner?: true
}

const at = (path: string) => (): string => path

/** In the order in which a page lists them. */
export const INCIDENT_KINDS = {
  'second-key': {
    severity: 'severe', title: 'Deliveries blocked by the last check', owner: 'Clinical safety, with the analyst', href: (key) => `/failed/${key}`, tellsGrowth: true,
    means: 'The check right before sending refused documents that were decided to go out. Nothing of them left.',
    todo: 'Find out why the decision and the check disagree. They stay blocked until a new message or a changed policy decides them again.',
  },
  'ledger-away': {
    severity: 'severe', title: 'Nothing can be watched', owner: 'Whoever runs the server', href: at('/'),
    means: 'The ledger has not answered for five minutes or longer. Nothing is taken and nothing is sent meanwhile, and no other alert can be seen. Each engine tells this by itself.',
    todo: 'See that PostgreSQL runs, that it can be reached, and that its disk has room. Everything goes on by itself.',
  },
  'queue-away': {
    severity: 'severe', title: 'Nothing is sent: the queue takes nothing', owner: 'Whoever runs the server', href: at('/'),
    means: 'The queue that wakes the workers has not answered, or has taken nothing, for five minutes or longer. Documents are taken and decided. Nothing is sent, printed or taken back meanwhile.',
    todo: 'See that Redis runs at REDIS_URL, takes writes and has memory; the log says what it answers (part_failed of queue). Everything goes on by itself.',
  },
  'recalled-late': {
    severity: 'severe', title: 'Letters were taken back too late', owner: 'Information governance', href: at('/recalls#late'), once: true, tellsGrowth: true,
    means: 'Letters that had to go were read before they were taken back, or were printed and cannot be.',
    todo: 'Decide for each what that calls for, and take this alert, which closes it for these letters. A further letter is another alert.',
  },
  'recall-open': {
    severity: 'severe', title: 'Recalls are not done', owner: 'Operator on duty', href: at('/recalls'), ownBanner: true, tellsGrowth: true,
    means: 'A letter that must not be with the patient any more may still be there.',
    todo: 'Look at the last try of each. Where one failed or is blocked, a person has to act; where the print house has it, ask for it to be stopped.',
  },
  'destination-forbidden': {
    severity: 'severe', title: 'A destination refuses the engine', owner: 'Analyst', href: at('/failed'),
    means: 'The destination does not take the credentials, or not from here. What is meant for it waits; no document has failed.',
    todo: 'Check the credentials and ask the other side. Sending goes on by itself once they are taken.',
  },
  'destination-away': {
    severity: 'serious', title: 'A destination does not answer', owner: 'Analyst', href: at('/failed'),
    means: 'It has been left alone for a quarter of an hour or longer, tried now and then. What is meant for it waits.',
    todo: 'Ask the other side whether it is down, and look at the network in between. Sending goes on by itself.',
  },
  failures: {
    severity: 'serious', title: 'Documents wait for a person after a refusal', owner: 'Operator on duty', href: (key) => `/failed/${key}`,
    means: 'A destination refused documents for one reason, and they are not tried again by themselves.',
    todo: 'Open the group, mend the cause, and try one document again before the rest.',
  },
  'queue-age': {
    severity: 'serious', title: 'Deliveries wait for too long', owner: 'Operator on duty', href: (destination) => `/today/behind?destination=${destination}&what=waiting`,
    means: 'The oldest delivery has waited for longer than its channel allows, and no stop explains it.',
    todo: 'See that a worker runs and what the destination answers.',
  },
  'feed-down': {
    severity: 'severe', title: 'A feed is down', owner: 'Analyst', href: at('/channels'),
    means: 'A feed of the policy in force does not run: nothing can come in by it.',
    todo: 'See why in the log (part_failed). Send SIGHUP, or save a channel file, to have it tried again.',
  },
  'feed-silent': {
    severity: 'serious', title: 'Nothing comes in', owner: 'RiO integration team', href: at('/reconciliation'),
    means: 'No upload has come by a feed for more working hours than its channel file allows.',
    todo: 'Ask the RiO team whether it sends. Afterwards compare what it sent with what came, on the page Reconciliation.',
  },
  'review-waiting': {
    severity: 'serious', title: 'Documents wait too long for a person', owner: 'The owner whom it names', href: (reason) => `/reviews?reason=${reason}&late=yes`,
    means: 'The oldest document of a reason for review is older than the age limit of that reason, which mappings/review-limits.csv may set.',
    todo: 'Decide it: release, withhold, or have it corrected in RiO.',
  },
  'policy-refused': {
    severity: 'serious', title: 'A changed policy was refused', owner: 'Analyst', href: at('/policy#refused'), ownBanner: true,
    means: 'The files of channels and mappings hold a policy that was not taken. The one before it stays in force.',
    todo: 'Mend what the page Policy lists, or put the files back.',
  },
  'sign-off-overdue': {
    severity: 'serious', title: 'The review of a sign-off is overdue', owner: 'Directorate management team', href: at('/policy#sign-off'), ownBanner: true,
    means: 'A directorate is live, and the day by which its sign-off was to be reviewed has passed. Sharing goes on.',
    todo: 'Have the management team look at the numbers under Assurance, and write the new date into directorates.csv.',
  },
  'disk-full': {
    severity: 'severe', title: 'A disk is nearly full', owner: 'Whoever runs the server', href: at('/'),
    means: 'Less than a twentieth of the disk that holds the engine’s data, or less than 2 GB, is free. When it is full, nothing is taken any more.',
    todo: 'Make room, or give it more.',
  },
  'outcomes-late': {
    severity: 'serious', title: 'A team could not be told the outcome of a day', owner: 'Whoever runs the server', href: at('/outcomes'),
    means: 'The files that tell the teams what became of their documents could not be written, or the mail of a team was refused again and again. The page has them.',
    todo: 'See that the folder OUTCOMES_DIR is there and can be written to, and that the address in services.csv is right. It is tried again by itself, a mail for a week.',
  },
} as const satisfies Record<string, Declared>

export type IncidentKind = keyof typeof INCIDENT_KINDS
export const KINDS = Object.keys(INCIDENT_KINDS) as readonly IncidentKind[]
export const kindOf = (kind: IncidentKind): Declared => INCIDENT_KINDS[kind]
export const isIncidentKind = (text: string): text is IncidentKind => Object.hasOwn(INCIDENT_KINDS, text)

/** One thing that is wrong at the moment. */
export type Wrong = {
  readonly kind: IncidentKind
  /** Which one: with the kind the key of an incident. */
  readonly thing: string
  /** The thing in a few words. */
  readonly about: string
  /** ISO instant. */
  readonly since: string
  /** How many documents, where that is known. */
  readonly count?: number
  /** Of what happens once: what it is about, each by an id of ours, so that a person answers for these and for no others. */
  readonly members?: readonly Member[]
}
export type Member = { readonly id: string; readonly since: string }

export type Incident = Wrong & {
  readonly id: string
  readonly openedAt: string
  readonly seenAt: string
  readonly calmSince?: string
  readonly resolvedAt?: string
  readonly times: number
  readonly reminders: number
  /** The most that anybody was told of. */
  readonly toldCount?: number
  /** A person has it in hand. */
  readonly taken?: { readonly by: string; readonly at: string; readonly reason: string }
}

/** Without the members for which a person has answered; undefined where none is left. */
export const unanswered = (wrong: Wrong, answered: ReadonlySet<string>): Wrong | undefined => {
  if (!wrong.members) return wrong
  const members = wrong.members.filter(({ id }) => !answered.has(id))
  return members.length === 0 ? undefined : { ...wrong, members, count: members.length, since: members.map(({ since }) => since).reduce((one, other) => (other < one ? other : one)) }
}

/** What a notification says of an incident. */
export const SAYINGS = { opened: 'Open', again: 'Open again', reminder: 'Still open', grown: 'Ten times as many', resolved: 'Resolved' } as const
export type Saying = keyof typeof SAYINGS
export const WAYS = { email: 'Email', webhook: 'Webhook' } as const
export type Way = keyof typeof WAYS
