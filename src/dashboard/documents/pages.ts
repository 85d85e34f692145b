// The pages: the list, a document's story, the search, what failed. Rendered here, usable without JavaScript. They
// refuse to put what identifies a patient into an address, and to be kept by a browser or a proxy.
import type { RequestHandler } from 'express'
import { FOR_PROGRAMS } from '../answers.ts'
import { storyOf } from './api.ts'
import { readFilter } from './filter.ts'
import { form, messageOf } from '../forms.ts'
import { filterView, pageHref, roughly, rowView, wrongView } from './list-view.ts'
import { looked } from './looks.ts'
import { isUuid, type Address, type DashboardParts } from '../parts.ts'
import { namesPatient, seesPatients } from './patient-search.ts'
import { alertsOf } from '../alerts/alerts.ts'
import { navigation } from '../navigation.ts'
import { lookedAtIn, reasonOf, retryDelivery } from '../failed/retry.ts'
import { showStory } from './story-shown.ts'
import { londonTime } from '../times.ts'
import { show, type Frame } from '../views.ts'
import { actorOf, may, mayBe, ownForms } from '../visitor.ts'

/** What surrounds every page, an error's included. */
export const framed = (parts: Pick<DashboardParts, 'ledger' | 'banners' | 'policy' | 'policyStatus' | 'sandboxUrl' | 'now'>): RequestHandler => async (req, res, next) => {
  const { banners, sandboxUrl, now, policy } = parts
  // Programs get no page, strangers are told nothing, and the ledger is not asked for nothing.
  const visitor = mayBe(res)
  const alerts = FOR_PROGRAMS.test(req.originalUrl) || !visitor ? [] : await alertsOf(parts)
  const frame: Frame = { banners: banners(), alerts, ...navigation(req.path, visitor?.rights ?? []), ...(visitor?.kind === 'person' ? { visitor: visitor.name, madeAt: londonTime(now().toISOString()), policy: policy().hash.slice(0, 12) } : {}), rights: visitor?.rights ?? [], formToken: visitor?.formToken ?? '', ...(sandboxUrl === undefined ? {} : { sandboxUrl }) }
  res.locals['frame'] = frame
  next()
}

export const pageAddresses = (parts: DashboardParts): readonly Address[] => {
  const { ledger, policy, now } = parts

  const list: RequestHandler = async (req, res) => {
    const read = readFilter(req.query, 'query')
    const filter = filterView(req.query, policy())
    if (!read.ok) return show(res.status(400), 'list.njk', { filter, ...wrongView(read.wrong) })
    const { documents, cursor } = await ledger.list(read.filter)
    show(res, 'list.njk', {
      filter,
      filtered: pageHref(req.query) !== '/documents',
      rows: documents.map((row) => rowView(row, now())),
      first: read.filter.cursor === undefined ? undefined : pageHref(req.query),
      next: cursor === undefined ? undefined : pageHref(req.query, cursor),
    })
  }

  const search: RequestHandler = (_req, res) => show(res, 'search.njk', { given: {}, filter: filterView({}, policy()), byPatient: may(res, 'patients') })

  const found: RequestHandler = async (req, res) => {
    const { formToken: _formToken, ...given } = req.body as { readonly [name: string]: unknown }
    const { cursor: before, ...fields } = given
    const filter = filterView(fields, policy())
    const byPatient = may(res, 'patients')
    const read = seesPatients(res, readFilter(given, 'body'))
    const wrong = read.ok ? (Object.values(fields).some((text) => text !== '') ? [] : [{ parameter: byPatient ? 'nhsNumber' : 'sourceId', why: 'Fill in at least one field.' }]) : read.wrong
    if (!read.ok || wrong.length > 0) return show(res.status(400), 'search.njk', { given: byPatient ? given : {}, filter, byPatient, ...wrongView(wrong) })
    const { documents, cursor } = await ledger.list(read.filter)
    if (namesPatient(read.filter)) await looked(res, documents, 'search')
    show(res, 'search.njk', {
      given, filter, byPatient, cursor, isFirst: before === undefined || before === '',
      fields: Object.entries(fields).flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [{ name, value }] : [])),
      rows: documents.map((row) => rowView(row, now())),
      about: cursor === undefined ? undefined : roughly(Math.max(await ledger.estimate(read.filter), documents.length + 1)),
    })
  }

  const story: RequestHandler = async (req, res) => showStory(parts, res, await storyOf(parts, req), { message: messageOf(req) })

  const retry: RequestHandler = async (req, res) => {
    const { reason, document, lookedAt } = req.body as { readonly [name: string]: unknown }
    const attempts = lookedAtIn(lookedAt)
    await retryDelivery(parts, { deliveryId: req.params['id'], actor: actorOf(res), reason: reasonOf(reason), ...(attempts ? { lookedAt: attempts } : {}) })
    res.redirect(303, isUuid(document) ? `/documents/${document}?message=retried` : '/failed?message=retried')
  }

  return [
    { method: 'get', path: '/documents', right: 'see', same: '/api/documents', handle: [list] },
    { method: 'get', path: '/search', right: 'see', handle: [search] },
    { method: 'post', path: '/search', right: 'see', handle: [form, ownForms, found] },
    { method: 'get', path: '/documents/:id', right: 'see', same: '/api/documents/:id', handle: [story] },
    { method: 'post', path: '/deliveries/:id/retry', right: 'retry', handle: [form, ownForms, retry] },
  ]
}
