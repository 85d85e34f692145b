// A person takes a document back from the patient, and lets it go again: a hold, with a reason, from its page or the API.
// It refuses to hold what is held: whoever comes second is told, for his reason would be lost.
import type { Request, RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import { bodyOf, json, storyOf } from './api.ts'
import { form, wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { idOnly, wish as wishShape } from '../shapes.ts'
import { showStory } from './story-shown.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>

const put = async (parts: Parts, req: Request, held: boolean, { actor, reason }: Wish): Promise<string> => {
  const { id, facts } = await storyOf(parts, req)
  if ((facts.hold === 'held') === held) throw new Failure('ALREADY_DONE', held ? 'The document is held already.' : 'The document is not held.')
  await parts.ledger[held ? 'hold' : 'liftHold'](id, actor, reason, parts.now().toISOString())
  return id
}

export const holdAddresses = (parts: Parts): readonly Address[] => {
  const byApi = (held: boolean): RequestHandler => async (req, res) => {
    const wish = wishOfBody(res, bodyOf(req))
    res.status(202).json({ id: await put(parts, req, held, wish) })
  }
  const byPage = (held: boolean): RequestHandler => async (req, res) => {
    const { formToken: _formToken, revision, ...given } = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    const story = await storyOf(parts, req)
    if (!wish.ok) return showStory(parts, res.status(400), story, { given, ...wrongFields(wish.wrong) })
    // To hold is always right; what is let go is what was read.
    if (!held && revision !== String(story.revision)) return showStory(parts, res.status(409), story, { given, wrong: [{ href: '#document', text: 'The document has changed since you looked at it. Nothing was done. This is how it stands now: read it, and decide again.' }] })
    res.redirect(303, `/documents/${await put(parts, req, held, wish.wish)}?message=${held ? 'held' : 'hold-lifted'}`)
  }
  return [
    { method: 'post', path: '/api/documents/:id/hold', right: 'stop', told: { says: 'Takes a document back from the patient, and lets nothing more of it go.', body: wishShape, answer: idOnly, status: 202, errors: ['NOT_FOUND', 'ALREADY_DONE'] }, handle: [json, byApi(true)] },
    { method: 'post', path: '/api/documents/:id/lift-hold', right: 'lift', told: { says: 'Lifts the hold: the document is decided again.', body: wishShape, answer: idOnly, status: 202, errors: ['NOT_FOUND', 'ALREADY_DONE'] }, handle: [json, byApi(false)] },
    { method: 'post', path: '/documents/:id/hold', right: 'stop', handle: [form, ownForms, byPage(true)] },
    { method: 'post', path: '/documents/:id/lift-hold', right: 'lift', handle: [form, ownForms, byPage(false)] },
  ]
}
