// Alerts for people and programs: what is wrong, since when, what to do, who has it in hand, and whether anybody could be
// told. It refuses to close an alert because somebody has seen it: it is over when it is not wrong any more.
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { KINDS, kindOf, SAYINGS, WAYS, type Incident, type Saying, type Way } from '../../decide/incidents.ts'
import { Failure } from '../../errors.ts'
import { bodyOf, json } from '../documents/api.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import { incidentsView, waysView } from './incidents-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { aCount, anId, anInstant } from '../shapes.ts'
import { show } from '../views.ts'
import { may, ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'now' | 'alerting'>

const MOST_RESOLVED = 100

const taken = z.strictObject({ by: z.string(), at: anInstant, reason: z.string() })
const alert = z.strictObject({
  id: anId, kind: z.enum(KINDS), severity: z.enum(['severe', 'serious']), title: z.string(), about: z.string(), count: aCount.optional(), since: anInstant, openedAt: anInstant, seenAt: anInstant,
  calmSince: anInstant.optional(), resolvedAt: anInstant.optional(), times: z.int().min(1), taken: taken.optional(), href: z.string(),
})
const told = z.strictObject({ way: z.enum(Object.keys(WAYS) as [Way]), says: z.enum(Object.keys(SAYINGS) as [Saying]), at: anInstant, sentAt: anInstant.optional(), tries: aCount, lastCode: z.string().optional() })
const alerts = z.strictObject({ ways: z.array(z.enum(Object.keys(WAYS) as [Way])), open: z.array(alert.extend({ told: z.array(told) })), resolved: z.array(alert) }).meta({ id: 'Alerts' })
const tested = z.strictObject({ tested: z.array(z.strictObject({ way: z.enum(Object.keys(WAYS) as [Way]), ok: z.boolean(), code: z.string().optional() })) })
const wish = z.strictObject({ reason: z.string(), by: z.string().optional() })

const answerOf = ({ thing, reminders: _reminders, toldCount: _told, kind, ...one }: Incident) => ({ ...one, kind, severity: kindOf(kind).severity, title: kindOf(kind).title, href: kindOf(kind).href(thing) })

const take = async ({ ledger, now }: Parts, id: unknown, { actor, reason }: Wish): Promise<void> => {
  const done = typeof id === 'string' ? await ledger.takeIncident(id, actor, reason, now().toISOString()) : undefined
  if (done === undefined) throw new Failure('NOT_FOUND', 'There is no such alert.')
  if (!done) throw new Failure('ALREADY_DONE', 'Somebody has this alert in hand, or it is resolved.')
}

export const incidentAddresses = (parts: Parts): readonly Address[] => {
  const own = parts.alerting?.ways ?? []
  /** Of this process, and of the others on this ledger. */
  const ways = async (): Promise<readonly Way[]> => [...new Set([...own, ...(await parts.ledger.tellingWays(parts.now().toISOString()))])]
  const test = async () => (parts.alerting ? parts.alerting.test() : [])

  const list: RequestHandler = async (_req, res) => {
    const { open, resolved } = await parts.ledger.incidents(MOST_RESOLVED)
    res.json({ ways: await ways(), open: open.map(({ told: of, ...one }) => ({ ...answerOf(one), told: of })), resolved: resolved.map(answerOf) })
  }
  const takeIt: RequestHandler = async (req, res) => {
    await take(parts, req.params['id'], wishOfBody(res, bodyOf(req)))
    res.json({ id: req.params['id'] })
  }
  const testThem: RequestHandler = async (_req, res) => void res.json({ tested: await test() })

  const view = async (res: Parameters<RequestHandler>[1], more: object): Promise<object> => ({
    given: {}, ...incidentsView(await parts.ledger.incidents(MOST_RESOLVED), parts.now()), ...waysView(await ways()), mayTake: may(res, 'stop'), mayTest: may(res, 'channels') && own.length > 0, ...more,
  })
  const page: RequestHandler = async (req, res) => show(res, 'alerts.njk', await view(res, { message: messageOf(req) }))
  const takeForm: RequestHandler = async (req, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    const read = wishOfForm(res, given)
    const { id } = req.params
    if (!read.ok) return show(res.status(400), 'alerts.njk', await view(res, { taking: id, given, ...wrongFields(read.wrong, `-${String(id)}`) }))
    await take(parts, id, read.wish)
    res.redirect(303, '/alerts?message=alert-taken')
  }
  // The answer is what happened, so there is no page to come back to.
  const testForm: RequestHandler = async (_req, res) => {
    const happened = await test()
    show(res, 'alerts.njk', await view(res, { tested: happened.map(({ way, ok, code }) => ({ way: WAYS[way], ok, text: ok ? 'It was sent.' : `It was not taken by everybody it is for, or not at all (${code ?? 'unknown'}).` })) }))
  }
  return [
    { method: 'get', path: '/alerts', right: 'see', same: '/api/alerts', handle: [page] },
    { method: 'post', path: '/alerts/test', right: 'channels', handle: [form, ownForms, testForm] },
    { method: 'post', path: '/alerts/:id/take', right: 'stop', handle: [form, ownForms, takeForm] },
    { method: 'get', path: '/api/alerts', right: 'see', told: { says: 'What is wrong and whom that was told, and what was wrong of late.', answer: alerts }, handle: [list] },
    { method: 'post', path: '/api/alerts/test', right: 'channels', told: { says: 'Sends a test by each way that is set, and says what happened.', answer: tested }, handle: [testThem] },
    { method: 'post', path: '/api/alerts/:id/take', right: 'stop', told: { says: 'Takes an alert in hand: nobody is reminded of it any more.', body: wish, answer: z.strictObject({ id: anId }), errors: ['NOT_FOUND', 'ALREADY_DONE'] }, handle: [json, takeIt] },
  ]
}
