// What every feed does with a receipt once its content is stored: parse it, and have the ledger keep and decide it.
// It refuses to acknowledge: the feed answers in its own protocol when the promise resolves, and never before.
import { nhsNumberOf } from '../decide/identity.ts'
import { Failure, type ErrorCode } from '../errors.ts'
import type { ContentStore } from '../ledger/content.ts'
import type { Accepted, Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { parse } from '../parse/parse.ts'
import { plan } from '../plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { Receipt } from '../types.ts'
import { controlKey, fingerprint } from './fingerprint.ts'

/** Of a refused message as much is kept, in characters. */
const SKELETON_KEPT = 64 * 1024

export type Refused = { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string }

/** Resolves when the outcome is durable, a refusal and its message included. Rejects with Failure STORE_UNAVAILABLE when nothing could be kept. */
export type Take = (receipt: Receipt) => Promise<Exclude<Accepted, { kind: 'refused' }> | Refused>

/** Keeps a message that could not even become a receipt. */
export type RejectMessage = (rejected: { readonly feed: string; readonly at: string; readonly code: ErrorCode; readonly detail: string; readonly skeleton: string }) => Promise<void>

/** What any feed works with, whatever its protocol. */
export type FeedParts = {
  readonly name: string
  readonly content: ContentStore
  readonly take: Take
  readonly reject: RejectMessage
  readonly say: Say
  readonly now: () => Date
  readonly newId: () => string
  /** A person has paused the feed, or stopped it: its senders are told to keep what they have. */
  readonly halted?: () => 'paused' | 'stopped' | undefined
}

/** What a sender is told of a feed that takes nothing; undefined where it does. */
export const haltedFailure = (halted: FeedParts['halted']): Failure | undefined => {
  const state = halted?.()
  return state && new Failure('FEED_PAUSED', `A person has ${state} this feed.`)
}

export const makeTake = ({ ledger, policy, say }: { readonly ledger: Ledger; readonly policy: () => Policy; readonly say: Say }): Take => async (receipt) => {
  const inForce = policy()
  const mapping = inForce.mappings[inForce.feeds[receipt.feed]?.mapping ?? '']
  if (!mapping) throw new Failure('STORE_UNAVAILABLE', `The policy in force has no feed ${receipt.feed}.`)
  const parsed = parse(receipt, mapping)
  if (!parsed.ok) {
    const { code, at, detail } = parsed.refusal
    const refused = { code: code as ErrorCode, detail: `${at}: ${detail}` }
    await ledger.reject({ feed: receipt.feed, at: receipt.receivedAt, ...refused, skeleton: receipt.skeleton.slice(0, SKELETON_KEPT) })
    say('receipt_rejected', { feed: receipt.feed, code, at })
    return { kind: 'refused', ...refused }
  }
  const { document } = parsed
  const nhsNumber = nhsNumberOf(document.patient)
  const key = receipt.format === 'hl7-mdm' ? controlKey(receipt.skeleton) : undefined
  const accepted = await ledger.accept({
    receipt,
    document,
    fingerprint: fingerprint(receipt),
    ...(nhsNumber ? { nhsNumber } : {}),
    ...(key ? { controlKey: key } : {}),
    plan: (person, prior, of) => {
      const planned = plan(of, inForce, person, prior)
      if (!planned.ok) throw new Failure('INTERNAL', `A receipt that was parsed once is refused now: ${planned.refusal.code}.`)
      return planned.plan
    },
  })
  tell(say, receipt, document.unread, accepted)
  return accepted
}

const tell = (say: Say, { feed }: Receipt, unread: readonly string[], accepted: Accepted): void => {
  if (accepted.kind === 'refused') { say('receipt_rejected', { feed, code: accepted.code, at: 'message' }); return }
  const { id, revision, decision, bearing, controlIdShared } = accepted
  if (accepted.kind === 'repeat') { say('receipt_repeated', { feed, document: id }); return }
  say('receipt_stored', { feed, document: id, revision, route: decision.route, rule: decision.rule, bearing })
  if (controlIdShared) say('control_id_shared', { feed, document: id })
  if (unread.length > 0) say('parts_unread', { feed, document: id, at: unread.join(' ') })
}
