// One document that waits for a person: the file in the page, why it waits, what a release would do, and the forms. It
// refuses a form for what cannot be done, and to show the file to whoever may not see patients.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { liftedBy } from '../../decide/releasable.ts'
import type { FloorLine } from '../../decide/floor.ts'
import { dueBy, limitOf, spanInWords } from '../../decide/review-limits.ts'
import { REVIEW_REASONS } from '../../decide/review-reason.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Decision } from '../../types.ts'
import { bodyOf, json } from '../documents/api.ts'
import { fileKind, fileAddresses, pageOf, pdfPage, zoomOf, type FileParts } from '../documents/document-file.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import { looked } from '../documents/looks.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { openPdfPages } from '../documents/pdf-pages.ts'
import { wishOfForm } from '../reason.ts'
import { nextOf, partOf, partQuery, placeOf } from './queue.ts'
import { fileView } from './review-file.ts'
import { needsConsent, reviewView } from './review-words.ts'
import { giveRelease, peopleOnly } from './releases.ts'
import { releaseAsked, review as reviewShape } from './shapes-reviews.ts'
import { idOnly } from '../shapes.ts'
import { storyView } from '../documents/story-view.ts'
import { toDecide, type ToDecide } from './to-decide.ts'
import { show } from '../views.ts'
import { may, ownForms, visitorOf } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'policy' | 'now' | 'content'> & { readonly ledger: Pick<Ledger, 'story' | 'known' | 'review' | 'reviews' | 'lastRole' | 'release' | 'hold' | 'liftHold'> }

const lineAnswer = (line: FloorLine) => ({ id: line.id, says: line.says, liftedBy: liftedBy(line) })
const becomesAnswer = ({ route, rule, because, labels }: Decision) => ({ route, rule, because, labels })

const waitingAnswer = ({ review: { reason, since } }: ToDecide, { reviewLimits }: Policy, now: Date) => {
  if (reason === undefined || since === undefined) return {}
  const limit = limitOf(reviewLimits, reason)
  const due = dueBy(since, limit)
  return { waiting: { reason, text: REVIEW_REASONS[reason].text, owner: limit.owner, within: spanInWords(limit.within), since, dueBy: due, late: due <= now.toISOString() } }
}

const answerOf = (told: ToDecide, policy: Policy, now: Date) => {
  const { story, seen, review: { releases }, lines, release } = told
  return {
    id: story.id, ...seen,
    ...waitingAnswer(told, policy, now),
    decision: becomesAnswer(story.decision), floor: lines.map(lineAnswer), releases: releases.map(({ door: _door, ...given }) => given),
    release: release.can
      ? { can: true, people: release.people, consent: needsConsent(told), becomes: becomesAnswer(release.becomes.decision) }
      : { can: false, because: release.because, floor: release.lines.map(lineAnswer) },
  }
}

/** Decided: the same page, which says what became of it and what comes next. */
const decided = (req: Request, { story: { id }, review: { since } }: ToDecide, message: string): string =>
  `/reviews/${id}${partQuery(partOf(req.query), { message, after: since === undefined ? undefined : placeOf(id, since) })}`

export const reviewAddresses = (parts: Parts): readonly Address[] => {
  const files: FileParts = { ledger: parts.ledger, ...(parts.content ? { content: parts.content } : {}), pages: openPdfPages() }

  /** The file as the page has it; undefined for whoever may not see patients. */
  const fileOf = async (req: Request, res: Response, { story }: ToDecide) => {
    if (!may(res, 'patients')) return undefined
    await looked(res, story.id, 'story')
    const kind = fileKind(story)
    const [page, zoom] = [pageOf(req.query['page']), zoomOf(req.query['zoom'])]
    if (kind === 'pdf' || kind === 'picture') await looked(res, story.id, 'content')
    return fileView(story, kind, kind === 'pdf' ? await pdfPage(files, story.document.contents[0]!, page, zoom).catch(notThere) : undefined, { page, zoom, part: partOf(req.query) })
  }

  /** Back to the part that he came from, what comes next in it, and where its forms lead. */
  const queueOf = async (req: Request, { story: { id }, review: { since } }: ToDecide) => {
    const part = partOf(req.query)
    const isAtWork = since !== undefined || req.query['after'] !== undefined
    const next = isAtWork ? await nextOf(parts.ledger, part, { id, after: req.query['after'], ...(since === undefined ? {} : { since }) }, parts.now().toISOString(), parts.policy().reviewLimits) : undefined
    return { back: `/reviews${partQuery(part)}`, query: partQuery(part), next }
  }

  const shown = async (req: Request, res: Response, told: ToDecide, more: object = {}): Promise<void> => {
    const policy = parts.policy()
    const unmasked = may(res, 'patients')
    const visitor = visitorOf(res)
    const mayRelease = may(res, 'release') && visitor.kind === 'person'
    const [file, queue, role] = await Promise.all([fileOf(req, res, told), queueOf(req, told), mayRelease && told.release.can ? parts.ledger.lastRole(visitor.id) : undefined])
    const { patient, document } = storyView(told.story, policy, parts.now(), { stops: [], paused: [] }, unmasked)
    show(res, 'review.njk', {
      message: messageOf(req), given: {}, ...more, file, patient, document, queue, role, review: reviewView(told, policy, parts.now(), visitor),
      mayRelease, mayHold: may(res, 'stop'), mayLift: may(res, 'lift'),
    })
  }

  const page: RequestHandler = async (req, res) => shown(req, res, await toDecide(parts, req))

  const CHANGED = { href: '#document', text: 'The document has changed since you looked at it, or what is known of it or decided on it has. Nothing was done. This is how it stands now: read it, and decide again.' }

  const byPage: RequestHandler = async (req, res) => {
    const told = await toDecide(parts, req)
    const given = req.body as { readonly [name: string]: unknown }
    const done = await giveRelease(parts.ledger, told, res, given, parts.now())
    if (done === 'released') return res.redirect(303, decided(req, told, told.release.can && told.release.people === 2 ? 'released-first' : 'released'))
    if (done === 'changed') return shown(req, res.status(409), await toDecide(parts, req), { wrong: [CHANGED] })
    return shown(req, res.status(400), told, { form: 'release', given, ...wrongFields(done.wrong) })
  }

  const hold = (held: boolean): RequestHandler => async (req, res) => {
    const told = await toDecide(parts, req)
    const { story, seen, review: { heldFor } } = told
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    const name = held ? 'withhold' : 'lift'
    if (!wish.ok) return shown(req, res.status(400), told, { form: name, given, ...wrongFields(wish.wrong, `-${name}`) })
    // To withhold is always right; what is let go is what was read.
    if (!held && (given['revision'] !== String(seen.revision) || given['sha256'] !== seen.sha256)) return shown(req, res.status(409), told, { wrong: [CHANGED] })
    // What the engine holds, a person may hold too: then it waits no more.
    if ((story.facts.hold === 'held') === held && !(held && heldFor)) throw new Failure('ALREADY_DONE', held ? 'The document is held already.' : 'The document is not held.')
    await parts.ledger[held ? 'hold' : 'liftHold'](story.id, wish.wish.actor, wish.wish.reason, parts.now().toISOString())
    res.redirect(303, decided(req, told, held ? 'withheld' : 'hold-lifted'))
  }

  const api: RequestHandler = async (req, res) => void res.json(answerOf(await toDecide(parts, req), parts.policy(), parts.now()))
  const byApi: RequestHandler = async (req, res) => {
    const told = await toDecide(parts, req)
    const done = await giveRelease(parts.ledger, told, res, bodyOf(req), parts.now())
    if (done === 'changed') throw new Failure('DOCUMENT_CHANGED', 'Another revision, content or offer is in force.')
    if (done !== 'released') throw new Failure('QUERY_INVALID', done.wrong.map(({ parameter, why }) => `${parameter}: ${why}`).join(' '))
    res.status(202).json({ id: told.story.id })
  }

  return [
    { method: 'get', path: '/reviews/:id', right: 'see', same: '/api/reviews/:id', handle: [page] },
    { method: 'post', path: '/reviews/:id/release', right: 'release', handle: [form, peopleOnly, ownForms, byPage] },
    { method: 'post', path: '/reviews/:id/withhold', right: 'stop', handle: [form, ownForms, hold(true)] },
    { method: 'post', path: '/reviews/:id/lift-hold', right: 'lift', handle: [form, ownForms, hold(false)] },
    { method: 'get', path: '/api/reviews/:id', right: 'see', told: { says: 'What a person decides on: why the document waits, what holds it, who has released it, and what a release would do.', answer: reviewShape, errors: ['NOT_FOUND', 'DOCUMENT_CHANGED'] }, handle: [api] },
    {
      method: 'post', path: '/api/documents/:id/release', right: 'release',
      told: { says: 'Releases the revision with this content. Takes the session of a person; a program never releases.', body: releaseAsked, answer: idOnly, status: 202, errors: ['PERSON_NEEDED', 'NOT_FOUND', 'NOT_RELEASABLE', 'DOCUMENT_CHANGED', 'ALREADY_DONE'] },
      handle: [json, peopleOnly, ownForms, byApi],
    },
    ...fileAddresses(files),
  ]
}

/** What is not in the store is told in the page: the rest of it helps none the less. */
const notThere = (error: unknown) => {
  if (error instanceof Failure && error.code === 'CONTENT_MISSING') return { ok: false, why: 'missing' } as const
  throw error
}
