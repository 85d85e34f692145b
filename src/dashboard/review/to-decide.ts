// Everything that a person needs to decide on one document, at one moment: what is known of it, who has released it, what
// the floor holds it for, and what would become of it were people to release it. It refuses to mix two revisions.
import type { Request } from 'express'
import { floorAgainst, type FloorLine } from '../../decide/floor.ts'
import { birthDateDiffers } from '../../decide/identity.ts'
import { offerOf, releaseOf, type Release } from '../../decide/releasable.ts'
import { Failure } from '../../errors.ts'
import type { Known, Ledger, Review, Story } from '../../ledger/ledger.ts'
import { plan } from '../../plan.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Plan } from '../../types.ts'
import { storyOf } from '../documents/api.ts'

export type ToDecide = {
  readonly story: Story
  readonly review: Review
  readonly seen: Seen
  /** Under the policy in force; absent where that cannot read the message. */
  readonly now?: Plan
  /** Lines of the floor that keep it from the record or from print. */
  readonly lines: readonly FloorLine[]
  readonly release: Release
  readonly released: 0 | 1 | 2
  /** PKB has another one than RiO. */
  readonly birthDateDiffers: boolean
}

/** What the person has before him: nothing else is released. */
export type Seen = { readonly revision: number; readonly sha256: string; readonly offer: string }

const NOT_READ: Release = { can: false, lines: [], because: 'The policy in force cannot read the message that it came by.' }

const planned = ({ receipt, person, prior }: Known, policy: Policy, released: 0 | 1 | 2): Plan | undefined => {
  const made = plan(receipt, policy, person, { ...prior, released })
  return made.ok ? made.plan : undefined
}

export const toDecide = async ({ ledger, policy }: { readonly ledger: Pick<Ledger, 'story' | 'known' | 'review'>; readonly policy: () => Policy }, req: Request): Promise<ToDecide> => {
  const story = await storyOf({ ledger }, req)
  const [known, review] = await Promise.all([ledger.known(story.id), ledger.review(story.id)])
  if (!known || !review || known.revision !== story.revision) throw new Failure('DOCUMENT_CHANGED', 'Another message about it came in at this moment.')
  const now = planned(known, policy(), known.prior.released)
  const lines = now ? [...new Set([...floorAgainst(now.facts, 'pkb'), ...floorAgainst(now.facts, 'print')])] : []
  const release = now ? releaseOf((released) => planned(known, policy(), released)!, known.prior.released) : NOT_READ
  return {
    story, review, lines, release, ...(now ? { now } : {}),
    seen: { revision: story.revision, sha256: story.document.contents[0]?.ref.sha256 ?? '', offer: now ? offerOf(now, lines, release) : '' },
    released: known.prior.released, birthDateDiffers: birthDateDiffers(story.document.patient, known.person),
  }
}
