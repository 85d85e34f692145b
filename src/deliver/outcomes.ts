// What each outcome of an exchange means, and what it makes of the delivery and of the destination's circuit: closed
// tables, so that a missing case does not compile. Pure. It refuses to guess in the sender's favour: what may have
// been accepted is unsure, and nothing is sent again before somebody has looked, or, where nobody can, before it settled.
import type { RetrySettings } from '../policy/schema.ts'
import type { Action, Delivery, Outcome, OutcomeKind, Transport } from '../types.ts'
import type { Finish } from '../ledger/ledger.ts'
import { rests, stands, TAKEN, TAKEN_BEFORE, type Want } from '../decide/owed.ts'
import type { Look } from './destination.ts'
import { backoffSecs, later } from './backoff.ts'
import type { UnderWay } from './under-way.ts'

// ---------------------------------------------------------------- what an answer means

/** `endpoint`: the address of the collection or operation; `instance`: one resource that we know by id. */
export type Target = 'endpoint' | 'instance'
export type Asked = { readonly action: Action; readonly target: Target }

/** Accepted and unsure as they are for an exchange that changes something. */
const STATUS: Readonly<Record<number, OutcomeKind>> = {
  401: 'forbidden',
  403: 'forbidden',
  // A proxy wants a name and a password, and 511 a sign-in to the network: by what they say it was not passed on. Of 502 and 504 nobody knows that.
  407: 'unavailable',
  // The other side gave up waiting for the request: like any time-out, it may have had all of it.
  408: 'unsure',
  412: 'unsure',
  429: 'unavailable',
  500: 'unsure',
  501: 'refused',
  502: 'unsure',
  503: 'unavailable',
  504: 'unsure',
  511: 'unavailable',
}

/** A question leaves nothing behind, so its answer is never unsure. */
const settled = (kind: OutcomeKind, action: Action): OutcomeKind => (kind === 'unsure' && action === 'look' ? 'unavailable' : kind)

/** What an HTTP status means; 401 is meant after a fresh token. */
export const classifyStatus = (status: number, { action, target }: Asked): OutcomeKind => {
  if (status >= 200 && status < 300) return 'accepted'
  if (status === 404 || status === 410) {
    if (target === 'endpoint') return 'forbidden'
    return action === 'recall' ? 'accepted' : settled('unsure', action)
  }
  const known = STATUS[status]
  if (known) return settled(known, action)
  // We follow no redirect: an address that moved is a setting to be mended, not a fault of the document.
  if (status < 400) return 'forbidden'
  return status < 500 ? 'refused' : settled('unsure', action)
}

/** Codes of Node and undici for connections that never came about. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'HOSTNAME_MISMATCH', 'EPROTO',
])

/** What a broken connection means, by the code of its cause: only what never connected provably left nothing there. `begun`: the request was on its way, and TLS or the route can fail then too. */
export const classifyBreak = (code: string, action: Action, begun = false): OutcomeKind =>
  !begun && (NEVER_CONNECTED.has(code) || code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_')) ? 'unavailable' : settled('unsure', action)

// ---------------------------------------------------------------- what becomes of the delivery

/** `kept`: as before the exchange. `may`: the revision that was sent may stand. */
type StandingAfter = 'as-sent' | 'kept' | 'may'
type Rule = {
  readonly means: string
  readonly standing: StandingAfter
  readonly ends: 'done' | 'retry' | 'stops'
  /** Whether the try counts towards a longer wait. */
  readonly counts: boolean
  readonly circuit: CircuitEffect
}
/** What an exchange tells about the destination as a whole. */
export type CircuitEffect = 'answered' | 'unavailable' | 'refused' | 'forbidden'

export const OUTCOME = {
  accepted: { means: 'the destination has it', standing: 'as-sent', ends: 'done', counts: false, circuit: 'answered' },
  unavailable: { means: 'provably not accepted', standing: 'kept', ends: 'retry', counts: true, circuit: 'unavailable' },
  unsure: { means: 'may have been accepted: look, or wait, before sending again', standing: 'may', ends: 'retry', counts: true, circuit: 'unavailable' },
  refused: { means: 'this document is not acceptable: a person decides', standing: 'kept', ends: 'stops', counts: true, circuit: 'refused' },
  unregistered: { means: 'there is no such account: plan again', standing: 'kept', ends: 'retry', counts: true, circuit: 'answered' },
  forbidden: { means: 'the destination refuses this engine, not the document', standing: 'kept', ends: 'retry', counts: false, circuit: 'forbidden' },
} as const satisfies Record<OutcomeKind, Rule>

/** State while something is still owed, and what a destination keeps of it, by action. */
const OWING = { create: 'owed', update: 'owed', recall: 'recalling', look: 'sending' } as const satisfies Record<Action, Delivery['state']>

export type Ended = {
  /** As it was before the exchange was started. */
  readonly delivery: Delivery
  readonly action: Action
  /** Revision and content that the exchange was about. */
  readonly revision: number
  readonly sha256?: string
  /** By which transport a create or an update went to PKB. */
  readonly via?: Transport
  /** ISO instant. */
  readonly startedAt: string
  /** How long an exchange can take before it is given up. */
  readonly timeoutSecs: number
  /** What of it may still be under way there. */
  readonly underWay: UnderWay
  readonly outcome: Outcome
  /** Only of a look that was answered. */
  readonly found?: Look
  readonly wanted: Want
}
export type After = { readonly delivery: Finish['delivery']; readonly circuit: CircuitEffect }

const RECALL_AGAIN_SECS = 30

/** What an exchange makes of a delivery. `random` is from 0 to 1. */
export const afterExchange = (ended: Ended, settings: RetrySettings, random: number, now: Date): After => {
  const rule = OUTCOME[ended.outcome.kind]
  // What must go is asked for again sooner than a destination wants, and than anything else: it must not lose to letters after an outage.
  const longest = ended.action === 'recall' ? RECALL_AGAIN_SECS : Number.POSITIVE_INFINITY
  const retryAt = (tries: number): string => later(now, Math.min(Math.max(backoffSecs(Math.max(tries, 1), settings, random), ended.outcome.retryAfterSecs ?? 0), longest))
  const delivery = rule.ends === 'done' ? done(ended, retryAt, now) : undone(ended, rule, retryAt)
  const [sendUnsureAt, recallUnsureAt] = [sendUnsureAfter(ended, delivery, now), recallUnsureAfter(ended, now)]
  return { delivery: { ...delivery, ...(sendUnsureAt === undefined ? {} : { sendUnsureAt }), ...(recallUnsureAt === undefined ? {} : { recallUnsureAt }) }, circuit: rule.circuit }
}

/** When to try again after so many tries. */
type RetryAt = (tries: number) => string

const sends = (action: Action): boolean => action === 'create' || action === 'update'

const isUnsettled = ({ underWay: { until }, startedAt }: Ended): boolean => until !== undefined && startedAt < until

/** For what is left to do when an exchange is given up. */
const GRACE_MS = 5_000

/** When what was sent may have left: on a machine that stood still meanwhile, at the end of the exchange only. */
const leftAt = ({ startedAt, timeoutSecs }: Ended, now: Date): string =>
  now.getTime() - Date.parse(startedAt) > timeoutSecs * 1000 + GRACE_MS ? now.toISOString() : startedAt

/** What was sent without an answer may come late, whatever is accepted after it: until nothing was seen after its time. */
const sendUnsureAfter = (ended: Ended, { standing }: Finish['delivery'], now: Date): string | undefined => {
  const { delivery, action, outcome } = ended
  if (standing === 'nothing' || standing === 'recalled') return undefined
  // The print house's folder is ours: whoever was not killed, or cut off, knows how it ended.
  if (delivery.destination !== 'pkb') return standing === 'unsure' && !sends(action) ? delivery.sendUnsureAt : undefined
  return sends(action) && outcome.kind === 'unsure' ? leftAt(ended, now) : delivery.sendUnsureAt
}

/** So may a recall; what is sent after it has waited for that. */
const recallUnsureAfter = (ended: Ended, now: Date): string | undefined => {
  const { delivery, action, outcome } = ended
  if (delivery.destination === 'pkb' && action === 'recall' && outcome.kind === 'unsure') return leftAt(ended, now)
  return sends(action) && outcome.kind === 'accepted' ? undefined : delivery.recallUnsureAt
}

type Kept = Pick<Finish['delivery'], 'standing' | 'standingRevision' | 'standingSha256' | 'remoteId' | 'via' | 'unconfirmed'>

const optional = (revision: number | undefined, sha256: string | undefined, remoteId: string | undefined, via: readonly Transport[] | undefined) => ({
  ...(revision === undefined ? {} : { standingRevision: revision }),
  ...(sha256 === undefined ? {} : { standingSha256: sha256 }),
  ...(remoteId === undefined ? {} : { remoteId }),
  ...(via === undefined || via.length === 0 ? {} : { via }),
})

const asBefore = (ended: Ended): Kept => {
  const { delivery, outcome: { takenBack = [] } } = ended
  const via = delivery.via?.filter((transport) => !takenBack.includes(transport))
  // What stood only by the transport of before is gone, although nothing has come instead.
  if (takenBack.length > 0 && via?.length === 0) return { standing: 'recalled', ...(takenBack.includes('hl7-soap') ? { unconfirmed: true as const } : {}) }
  return { standing: delivery.standing, ...optional(delivery.standingRevision, delivery.standingSha256, delivery.remoteId, via) }
}

/** An id that the other transport gave says nothing here. */
const remoteIdAfter = ({ delivery, outcome, via }: Ended): string | undefined =>
  outcome.remoteId ?? (via === undefined || (delivery.via ?? [via]).includes(via) ? delivery.remoteId : undefined)

const done = (ended: Ended, retryAt: RetryAt, now: Date): Finish['delivery'] => {
  const { delivery, revision, sha256, via } = ended
  switch (ended.action) {
    case 'create':
    case 'update':
      return { state: delivery.destination !== 'print' ? 'acknowledged' : ended.outcome.printed ? 'printed' : 'printing', standing: 'present', tries: 0, ...optional(revision, sha256, remoteIdAfter(ended), via && [via]) }
    case 'recall':
      return recalled(ended, retryAt)
    case 'look':
      return looked(ended, now)
  }
}

/** What a recall says that found nothing to take back. */
export const GONE = 'GONE'

/** So often a recall is made again that PKB says it did and that nobody saw, where it could have been seen. */
const MOST_UNSEEN = 5
const TAKEN_BACK = { state: 'recalled', standing: 'recalled', tries: 0 } as const

const recalled = (ended: Ended, retryAt: RetryAt): Finish['delivery'] => {
  const { delivery, outcome, underWay: { until, blind } } = ended
  // By HL7 a recall that came before what it was to take back was lost there; by FHIR that may come after it was looked for.
  if (isUnsettled(ended)) return { ...asBefore(ended), standing: 'unsure', state: 'recalling', tries: delivery.tries, dueAt: until! }
  if (blind) return { ...TAKEN_BACK, ...(outcome.confirmed ? {} : { unconfirmed: true as const }) }
  if (outcome.code === GONE || outcome.confirmed || delivery.destination !== 'pkb') return TAKEN_BACK
  // It said yes, and could have been seen to be gone, and was not: again, and in the end it is told as it is.
  const tries = delivery.tries + 1
  if (tries > MOST_UNSEEN) return { ...TAKEN_BACK, unconfirmed: true }
  return { ...asBefore(ended), state: 'recalling', tries, dueAt: retryAt(tries) }
}

/** Adopt what is found if it is the revision in force; else the next step is due at once, and the tries stay counted. */
const looked = (ended: Ended, now: Date): Finish['delivery'] => {
  const { delivery, found, revision, sha256, wanted, underWay: { until } } = ended
  const due = { dueAt: now.toISOString() }
  if (!found?.found || isBefore(ended, found)) {
    // No proof: it may come. Who wants it there sends it on condition that it has not; who does not looks again.
    if (isUnsettled(ended)) {
      const unseen = { standing: 'unsure', tries: delivery.tries, ...optional(undefined, undefined, undefined, delivery.via) } as const
      return wanted === 'present' ? { state: 'owed', ...unseen, ...due } : { state: 'sending', ...unseen, dueAt: until! }
    }
    // What waited for this answer, such as a letter by post instead, is worked out by the next step.
    return { state: wanted === 'present' ? 'owed' : 'closed', standing: 'nothing', tries: delivery.tries, ...due }
  }
  const same = found.revision === revision && (found.sha256 === undefined || found.sha256 === sha256)
  const state = found.outcome.printed ? 'printed' : rests(delivery)
  if (same) return { state, standing: 'present', tries: 0, ...optional(revision, sha256, found.remoteId, delivery.via) }
  const other = { standing: 'present', tries: delivery.tries, ...optional(found.revision, found.sha256, found.remoteId, delivery.via) } as const
  return wanted === 'present' ? { state: 'owed', ...other, ...due } : { state, ...other }
}

/** The print house has an earlier letter, and the one that was handed over after it, by a worker that nobody has heard of since, may still come. */
const isBefore = (ended: Ended, { revision }: Extract<Look, { found: true }>): boolean =>
  ended.delivery.destination === 'print' && isUnsettled(ended) && revision !== ended.delivery.standingRevision

const undone = (ended: Ended, rule: Rule, retryAt: RetryAt): Finish['delivery'] => {
  const { delivery, outcome, action } = ended
  const tries = delivery.tries + (rule.counts ? 1 : 0)
  const late = tooLate(ended)
  // Nor is a recall over that came too late for one letter, while another may still come.
  if (late && isUnsettled(ended)) return { ...asBefore(ended), standing: 'unsure', state: 'recalling', tries, dueAt: ended.underWay.until! }
  const kept = rule.standing === 'may' ? mayStand(ended) : late ?? asBefore(ended)
  if (outcome.printed) return { ...kept, state: 'printed', tries }
  // A recall whose end is not known is tried again whatever the other side asks.
  if (rule.ends === 'stops' || (outcome.person && sends(action))) return { ...kept, state: 'failed', tries }
  // An unsure delivery is `sending` until a look has settled it.
  const state = action !== 'recall' && kept.standing === 'unsure' ? 'sending' : OWING[action]
  return { ...kept, state, tries, dueAt: retryAt(tries) }
}

/** Of a letter that the print house had before it could be taken back it is known what stands: it, or an earlier one. */
const tooLate = (ended: Ended): Kept | undefined => {
  const { action, outcome: { code, remoteId, sha256 } } = ended
  if (action !== 'recall' || (code !== TAKEN && code !== TAKEN_BEFORE)) return undefined
  return code === TAKEN ? { ...asBefore(ended), standing: 'present' } : { standing: 'present', ...optional(undefined, sha256, remoteId, undefined) }
}

const mayStand = (ended: Ended): Kept => {
  const { delivery, outcome, action, via } = ended
  if (action === 'look') return asBefore(ended)
  // Of a recall that may have worked, what stood may still stand.
  if (action === 'recall') return { ...asBefore(ended), standing: 'unsure' }
  const { takenBack = [] } = outcome
  const before = (stands(delivery) ? (delivery.via ?? []) : []).filter((transport) => !takenBack.includes(transport))
  return { standing: 'unsure', ...optional(ended.revision, ended.sha256, outcome.remoteId ?? (takenBack.length > 0 ? undefined : delivery.remoteId), via && [...new Set([...before, via])]) }
}
