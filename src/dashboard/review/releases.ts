// A person releases a document, withholds it, or lifts a hold: each with a reason that is kept for good. It refuses
// programs, what no release can lift, a second release of the same person, and one of anything but what he had before him.
import type { RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Wrong } from '../documents/filter.ts'
import { wishOfForm } from '../reason.ts'
import { holdsTenDigits, TEN_DIGITS_SAYS } from '../ten-digits.ts'
import { needsConsent } from './review-words.ts'
import type { ToDecide } from './to-decide.ts'
import { visitorOf } from '../visitor.ts'

type Fields = { readonly [name: string]: unknown }
export type Given = 'released' | 'changed' | { readonly wrong: readonly Wrong[] }

export const peopleOnly: RequestHandler = (_req, res, next) => {
  if (visitorOf(res).kind !== 'person') throw new Failure('PERSON_NEEDED', 'Nothing was released.')
  next()
}

/** What is wrong with a few words that are kept. */
const wrongWords = (parameter: string, given: unknown, longest: number, asks: string): readonly Wrong[] => {
  const text = typeof given === 'string' ? given.trim() : ''
  if (text.length < 2 || text.length > longest || /\p{Cc}/u.test(text)) return [{ parameter, why: `${asks}, in 2 to ${longest} characters.` }]
  return holdsTenDigits(text) ? [{ parameter, why: TEN_DIGITS_SAYS }] : []
}

/** The person is who has signed in: by his user name, whatever else he says of himself. */
export const giveRelease = async (ledger: Pick<Ledger, 'release'>, told: ToDecide, res: Response, fields: Fields, now: Date): Promise<Given> => {
  const { id } = visitorOf(res)
  const { role, consent, revision, sha256, offer } = fields
  const { seen, release, review, released, birthDateDiffers } = told
  if (String(revision) !== String(seen.revision) || sha256 !== seen.sha256) return 'changed'
  if (review.releases.some(({ actor, counts }) => actor === id && counts)) throw new Failure('ALREADY_DONE', `You have released this revision. ${release.can ? 'Another person has to be the second.' : 'Your release was kept: nothing more is needed of you.'}`)
  if (!release.can) throw new Failure('NOT_RELEASABLE', release.because)
  if (offer !== seen.offer) return 'changed'
  const wish = wishOfForm(res, fields)
  const asksConsent = needsConsent(told)
  const wrong = [
    ...wrongWords('role', role, 100, 'Say in which role you decide'), ...(wish.ok ? [] : wish.wrong),
    ...(asksConsent ? wrongWords('consent', consent, 200, 'Say who gave consent, and how') : []),
  ]
  if (!wish.ok || wrong.length > 0) return { wrong }
  const given = await ledger.release(told.story.id, id, String(role).trim(), wish.wish.reason, now.toISOString(), { logged: wish.wish.actor, seen: { revision: seen.revision, sha256: seen.sha256, released, birthDateDiffers }, ...(asksConsent ? { consent: String(consent).trim() } : {}) })
  if (given === 'already') throw new Failure('ALREADY_DONE', 'You have released this revision. Another person has to be the second.')
  if (given === 'missing') throw new Failure('NOT_FOUND', 'There is no such document.')
  return given
}
