// `/control`: how a test changes who is known and registered, what the HL7 endpoint is set to, what was read, what
// becomes of quarantined messages, and what goes wrong next. It refuses a body with anything it does not know, and a
// document that is not there, rather than leave a test in the belief that it was done.
import { z } from 'zod'
import type { Admission, Hl7Settings } from './admission.ts'
import { SHIPPED_SETTINGS } from './admission.ts'
import { LABELS } from './document-reference.ts'
import type { Documents } from './documents.ts'
import type { Fault } from './faults.ts'
import { faultSchema } from './faults.ts'
import type { History } from './history.ts'
import type { Decided } from './keep.ts'
import { asJson } from './outcome.ts'
import type { People, Person } from './people.ts'
import { personSchema, seededPeople, withChanges } from './people.ts'
import type { Handle, Route } from './router.ts'
import { readJson } from './text.ts'
import type { Tokens } from './tokens.ts'
import { DEFAULT_EXPIRES_IN_SECS } from './tokens.ts'

/** Settings that are left out stay as they are; `services` takes the place of the whole code set. */
const hl7Schema = z.strictObject({
  allowedIps: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).optional(),
  services: z.record(z.string().min(1), z.enum(LABELS)).optional(),
  teamDefault: z.enum(LABELS).nullable().optional(),
  softMatching: z.boolean().optional(),
  autoCreate: z.boolean().optional(),
})

/**
 * `reset` comes first, whatever else is asked. `faults` takes the place of those that were set before. `read` says that
 * the patient opened a document, by TXA-12.1 (`at`: now, if left out). `quarantine` decides by TXA-12.1 too.
 */
const controlSchema = z.strictObject({
  reset: z.boolean().optional(),
  patients: z.array(personSchema).optional(),
  faults: z.array(faultSchema).optional(),
  deleteRefused: z.boolean().optional(),
  tokens: z.strictObject({ expiresInSecs: z.int().min(1).optional(), revoke: z.boolean().optional() }).optional(),
  hl7: hl7Schema.optional(),
  strict: z.boolean().optional(),
  read: z.array(z.strictObject({ documentNumber: z.string().min(1), at: z.iso.datetime({ offset: true }).optional() })).optional(),
  quarantine: z.strictObject({ accept: z.array(z.string().min(1)).optional(), reject: z.array(z.string().min(1)).optional() }).optional(),
})

/** All that can be set from outside, and what was counted. */
export type World = {
  people: People
  faults: readonly Fault[]
  deleteRefused: boolean
  requests: Map<string, number>
  hl7: Hl7Settings
  strict: boolean
  /** Requests on the HL7 endpoint: now, and the most there ever were at once. */
  underWay: number
  mostAtOnce: number
}

type Lasting = Pick<World, 'strict' | 'underWay'>

export const newWorld = (lasting: Lasting, people = seededPeople()): World =>
  ({ people, faults: [], deleteRefused: false, requests: new Map(), hl7: SHIPPED_SETTINGS, mostAtOnce: lasting.underWay, ...lasting })

export type Controlled = {
  readonly world: World
  /** What a reset goes back to. */
  readonly strictAtFirst: boolean
  readonly tokens: Tokens
  readonly documents: Documents
  readonly admission: Admission
  readonly history: History
  readonly now: () => Date
  forgetDocuments(): Promise<void>
  keepPeople(changed: readonly Person[]): void
}

const stateOf = ({ world, tokens, documents }: Controlled) => {
  const byPath = Object.fromEntries([...world.requests].sort(([a], [b]) => a.localeCompare(b)))
  return {
    patients: [...world.people.values()].map(({ nhsNumber, birthDate, registered, deceased, access }) =>
      ({ nhsNumber, birthDate, registered, deceased, ...(access === false ? { access } : {}) })),
    faults: world.faults,
    requests: { total: Object.values(byPath).reduce((sum, count) => sum + count, 0), byPath, hl7AtOnce: world.mostAtOnce },
    deleteRefused: world.deleteRefused,
    tokens: { expiresInSecs: tokens.expiresInSecs() },
    hl7: world.hl7,
    strict: world.strict,
    quarantine: documents.held().map(({ key, nhsNumber, held, revision, receivedAt, cut }) => ({ documentNumber: key, nhsNumber, why: held, controlId: revision, receivedAt, sha256: cut?.sha256 ?? '' })),
  }
}

type Change = z.infer<typeof controlSchema>

const decisionsIn = ({ quarantine }: Change): readonly Decided[] =>
  (['reject', 'accept'] as const).flatMap((what) => (quarantine?.[what] ?? []).map((documentNumber) => ({ documentNumber, what })))

/** What is asked of documents that are not there; a reset leaves none. */
const unknownIn = (change: Change, { documents, admission }: Controlled): string | undefined => {
  const unread = (change.read ?? []).find(({ documentNumber }) => change.reset || documents.numbered(documentNumber).length === 0)
  if (unread) return `No record holds a document ${unread.documentNumber}.`
  const undecided = decisionsIn(change).find((decided) => change.reset || !admission.canDecide(decided))
  return undecided && `There is nothing to ${undecided.what} about ${undecided.documentNumber}.`
}

const changeDocuments = (change: Change, { documents, admission, now }: Controlled): void => {
  for (const { documentNumber, at } of change.read ?? []) for (const one of documents.numbered(documentNumber)) documents.markRead(one, new Date(at ?? now()).toISOString())
  for (const decided of decisionsIn(change)) admission.decide(decided)
}

export const controlRoutes = (controlled: Controlled): readonly Route[] => {
  const { world, tokens } = controlled
  const change: Handle = async (ask) => {
    const asked = controlSchema.safeParse(await readJson(ask.body, 4 * 1024 * 1024))
    if (!asked.success) return asJson(400, { error: z.prettifyError(asked.error) })
    const unknown = unknownIn(asked.data, controlled)
    if (unknown !== undefined) return asJson(400, { error: unknown })
    const { reset, patients, faults, deleteRefused, tokens: wanted, hl7, strict } = asked.data
    if (reset) {
      Object.assign(world, newWorld({ strict: controlled.strictAtFirst, underWay: world.underWay }))
      tokens.expireIn(DEFAULT_EXPIRES_IN_SECS)
      await controlled.forgetDocuments()
    }
    if (patients) {
      world.people = withChanges(world.people, patients)
      controlled.keepPeople(patients.map(({ nhsNumber }) => world.people.get(nhsNumber)!))
    }
    if (faults) world.faults = faults
    if (deleteRefused !== undefined) world.deleteRefused = deleteRefused
    if (strict !== undefined) world.strict = strict
    if (hl7) world.hl7 = { ...world.hl7, ...(Object.fromEntries(Object.entries(hl7).filter(([, value]) => value !== undefined)) as Partial<Hl7Settings>) }
    if (wanted?.expiresInSecs !== undefined) tokens.expireIn(wanted.expiresInSecs)
    if (wanted?.revoke) tokens.revokeAll()
    changeDocuments(asked.data, controlled)
    return asJson(200, stateOf(controlled))
  }
  return [
    { method: 'GET', template: '/control', handle: () => asJson(200, stateOf(controlled)) },
    { method: 'POST', template: '/control', handle: change },
    { method: 'GET', template: '/control/history', handle: () => asJson(200, controlled.history.list()) },
  ]
}
