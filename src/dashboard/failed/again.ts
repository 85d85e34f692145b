// One document in trouble, dealt with by a person: what is stored, decided under the policy in force, beside what was decided
// and sent or tried; the button that has it decided again for good and tried again; and the post instead of the record. It
// refuses to show what may identify the patient without the right for it, and to promise what the second key has to judge.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import { differences, type Changed } from '../../fhir/difference.ts'
import type { Replayed, Story } from '../../ledger/ledger.ts'
import { plan } from '../../plan.ts'
import { againView } from './again-view.ts'
import { bodyOf, json, storyOf } from '../documents/api.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import { looked } from '../documents/looks.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { lookedAtIn } from './retry.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { idOnly, wish as wishShape } from '../shapes.ts'
import { decidedAgainShape, differenceShape } from './shapes-runs.ts'
import { may, ownForms } from '../visitor.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now' | 'say'>

export type Again = { readonly story: Story; readonly inForce: string; readonly replayed?: Replayed; readonly changes: readonly Changed[] }

const againOf = async (parts: Parts, req: Request, res: Response): Promise<Again> => {
  const story = await storyOf(parts, req)
  const policy = parts.policy()
  const until = new Date(parts.now().getTime() + 1).toISOString()
  const { documents: [replayed] } = await parts.ledger.replayPage({ until, only: [story.id] }, (receipt, person, prior) => plan(receipt, policy, person, prior), 1)
  const unmasked = may(res, 'patients')
  const changes = replayed?.planned.ok ? differences(story.resource, replayed.planned.plan.resource, unmasked ? 'all' : 'nameless') : []
  // Whoever may see patients has seen what identifies this one, if any of it changed.
  if (unmasked && replayed?.planned.ok && differences(story.resource, replayed.planned.plan.resource, 'nameless').some(({ hidden }) => hidden)) await looked(res, story.id, 'resource')
  return { story, inForce: policy.hash, changes, ...(replayed ? { replayed } : {}) }
}

const againAnswer = ({ story, inForce, replayed, changes }: Again) => {
  const planned = replayed?.planned
  const about = { id: story.id, decidedUnder: story.decision.policy, inForce, decided: story.decision, takesBack: replayed?.recalls ?? [], changes }
  if (!planned) return about
  if (!planned.ok) return { ...about, unreadable: planned.refusal.code }
  const { decision, facts } = planned.plan
  return { ...about, wouldBe: decision, ...(decision.route === story.route ? {} : { goes: { from: story.route, to: decision.route } }), sameFacts: Object.entries(facts).every(([fact, value]) => story.facts[fact as keyof typeof facts] === value) }
}

const decideAgain = async (parts: Parts, req: Request, { actor, reason }: Wish, lookedAt?: readonly string[]) => {
  const { id } = await storyOf(parts, req)
  const done = await parts.ledger.decideAgain(id, { actor, reason, at: parts.now().toISOString(), policy: parts.policy().hash, ...(lookedAt ? { lookedAt } : {}) })
  if (done.kind === 'missing') throw new Failure('NOT_FOUND', 'There is no such document.')
  if (done.kind === 'unreadable') throw new Failure('POLICY_INVALID', 'The policy in force cannot read what is stored, so nothing was decided.')
  if (done.tried) parts.say('delivery_retried', { document: id, actor })
  return { id, outcome: done.kind, tried: done.tried }
}

const printInstead = async (parts: Parts, req: Request, { actor, reason }: Wish): Promise<string> => {
  const { id } = await storyOf(parts, req)
  const done = await parts.ledger.printInstead(id, { actor, reason, at: parts.now().toISOString() })
  switch (done.kind) {
    case 'done': return id
    case 'kept': throw new Failure('PRINT_NOT_POSSIBLE', done.because)
    case 'missing': throw new Failure('NOT_FOUND', 'There is no such document.')
    case 'not-meant': throw new Failure('PRINT_NOT_POSSIBLE', 'Nothing of it is on its way to the record.')
    case 'unreadable': throw new Failure('PRINT_NOT_POSSIBLE', 'The policy in force cannot read what is stored.')
  }
}

export const againAddresses = (parts: Parts): readonly Address[] => {
  const answer: RequestHandler = async (req, res) => void res.json(againAnswer(await againOf(parts, req, res)))
  const decideByApi: RequestHandler = async (req, res) => void res.status(202).json(await decideAgain(parts, req, wishOfBody(res, bodyOf(req))))
  const printByApi: RequestHandler = async (req, res) => void res.status(202).json({ id: await printInstead(parts, req, wishOfBody(res, bodyOf(req))) })

  const page = async (req: Request, res: Response, more: object): Promise<void> => show(res, 'again.njk', { given: {}, again: againView(await againOf(parts, req, res), may(res, 'retry')), ...more })
  const onPage = (suffix: string, act: (req: Request, wish: Wish) => Promise<string>): RequestHandler => async (req, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    if (!wish.ok) return page(req, res.status(400), { asked: suffix, given, ...wrongFields(wish.wrong, `-${suffix}`) })
    res.redirect(303, await act(req, wish.wish))
  }
  return [
    { method: 'get', path: '/api/documents/:id/difference', right: 'see', told: { says: 'What is stored, decided under the policy in force, against what was decided and sent or tried.', answer: differenceShape, errors: ['NOT_FOUND'] }, handle: [answer] },
    { method: 'post', path: '/api/documents/:id/decide-again', right: 'retry', told: { says: 'Decides a document again for good under the policy in force, and has what failed of it tried again.', body: wishShape, answer: decidedAgainShape, status: 202, errors: ['NOT_FOUND', 'POLICY_INVALID', 'POLICY_NOT_IN_FORCE'] }, handle: [json, decideByApi] },
    { method: 'post', path: '/api/documents/:id/print-instead', right: 'retry', told: { says: 'Sends a letter by post instead of to the record, where the floor allows.', body: wishShape, answer: idOnly, status: 202, errors: ['NOT_FOUND', 'PRINT_NOT_POSSIBLE', 'POLICY_NOT_IN_FORCE'] }, handle: [json, printByApi] },
    { method: 'get', path: '/documents/:id/difference', right: 'see', same: '/api/documents/:id/difference', handle: [(req, res) => page(req, res, { message: messageOf(req) })] },
    { method: 'post', path: '/documents/:id/decide-again', right: 'retry', handle: [form, ownForms, onPage('again', async (req, wish) => `/documents/${(await decideAgain(parts, req, wish, lookedAtIn((req.body as { readonly lookedAt?: unknown }).lookedAt))).id}?message=decided-again#deliveries`)] },
    { method: 'post', path: '/documents/:id/print-instead', right: 'retry', handle: [form, ownForms, onPage('print', async (req, wish) => `/documents/${await printInstead(parts, req, wish)}?message=posted-instead#deliveries`)] },
  ]
}
