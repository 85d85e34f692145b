// The stop switch for people and programs: what is stopped, by whom and why, what it holds, and the way to stop and to
// lift. It refuses to let a slip of the pen pass for a stop: what the policy does not know is said.
import type { RequestHandler } from 'express'
import { STOP_SCOPES, unknownStop, type StopScope } from '../../decide/stopped.ts'
import { Failure } from '../../errors.ts'
import type { PulledStop, Stop } from '../../ledger/ledger.ts'
import { bodyOf, json } from '../documents/api.ts'
import type { Wrong } from '../documents/filter.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import { heldBy } from './held-by.ts'
import { isUuid, type Address, type DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { holdsTenDigits, TEN_DIGITS_SAYS } from '../ten-digits.ts'
import { stop as stopShape, stopAsked, stopMade, stops as stopsShape, wish as wishShape } from '../shapes.ts'
import { stopsView } from './stops-view.ts'
import { show } from '../views.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>

type StopRead = { readonly ok: true; readonly stop: Stop } | { readonly ok: false; readonly wrong: readonly Wrong[] }

export const readStop = (scope: unknown, value: unknown): StopRead => {
  const known = STOP_SCOPES.find((one): one is StopScope => one === scope)
  if (!known) return { ok: false, wrong: [{ parameter: 'scope', why: `Say what to stop: ${STOP_SCOPES.join(', ')}.` }] }
  if (value !== undefined && typeof value !== 'string') return { ok: false, wrong: [{ parameter: 'value', why: 'Use text.' }] }
  const text = value?.trim() ?? ''
  if (known === 'all' && text !== '') return { ok: false, wrong: [{ parameter: 'value', why: 'Leave it out to stop all deliveries, or choose what it names.' }] }
  if (known === 'all') return { ok: true, stop: { scope: known, value: '' } }
  if (text === '' || text.length > 100 || /\p{Cc}/u.test(text)) return { ok: false, wrong: [{ parameter: 'value', why: `Say which ${known}, in up to 100 characters.` }] }
  if (holdsTenDigits(text)) return { ok: false, wrong: [{ parameter: 'value', why: TEN_DIGITS_SAYS }] }
  return { ok: true, stop: { scope: known, value: text } }
}

const pull = async ({ ledger, now }: Pick<Parts, 'ledger' | 'now'>, stop: Stop, { actor, reason }: Wish): Promise<PulledStop> => {
  const pulled = await ledger.pullStop(stop, actor, reason, now().toISOString())
  if (!pulled) throw new Failure('ALREADY_DONE', `The stop on ${stop.scope === 'all' ? 'all deliveries' : `this ${stop.scope}`} is in force already.`)
  return pulled
}

const lift = async ({ ledger, now }: Pick<Parts, 'ledger' | 'now'>, id: unknown, { actor, reason }: Wish): Promise<PulledStop> => {
  const lifted = isUuid(id) ? await ledger.liftStop(id, actor, reason, now().toISOString()) : undefined
  if (lifted) return lifted
  throw await notInForce(ledger, id)
}

const notInForce = async (ledger: Parts['ledger'], id: unknown): Promise<Failure> =>
  (await ledger.stops({ lifted: true })).some((stop) => stop.id === id) ? new Failure('ALREADY_DONE', 'The stop was lifted before.') : new Failure('NOT_FOUND', 'There is no such stop.')

const stopAnswer = ({ id, scope, value, actor, reason, at, lifted }: PulledStop) => ({ id, scope, value, actor, reason, at, ...(lifted ? { lifted } : {}) })

export const stopAddresses = (parts: Parts): readonly Address[] => [...apiStops(parts), ...pageStops(parts)]

const apiStops = (parts: Parts): readonly Address[] => {
  const list: RequestHandler = async (_req, res) => {
    const [held, all] = await Promise.all([heldBy(parts), parts.ledger.stops({ lifted: true })])
    res.json({ stops: held.map(({ stop, deliveries }) => ({ ...stopAnswer(stop), deliveries })), lifted: all.filter((stop) => stop.lifted).map(stopAnswer) })
  }
  const stopIt: RequestHandler = async (req, res) => {
    const { scope, value, ...wish } = bodyOf(req)
    const read = readStop(scope, value)
    if (!read.ok) throw new Failure('QUERY_INVALID', read.wrong.map(({ parameter, why }) => `${parameter}: ${why}`).join(' '))
    const pulled = await pull(parts, read.stop, wishOfBody(res, wish))
    const warning = unknownStop(pulled, parts.policy())
    res.status(201).json({ ...stopAnswer(pulled), ...(warning === undefined ? {} : { warning }) })
  }
  const liftIt: RequestHandler = async (req, res) => void res.json(stopAnswer(await lift(parts, req.params['id'], wishOfBody(res, bodyOf(req)))))
  return [
    { method: 'get', path: '/api/stops', right: 'see', told: { says: 'The stops in force, with how many deliveries wait by each, and those that were lifted.', answer: stopsShape }, handle: [list] },
    { method: 'post', path: '/api/stops', right: 'stop', told: { says: 'Stops deliveries to patients; never recalls.', body: stopAsked, answer: stopMade, status: 201, errors: ['ALREADY_DONE'] }, handle: [json, stopIt] },
    { method: 'post', path: '/api/stops/:id/lift', right: 'lift', told: { says: 'Lifts a stop; what it held is due at once.', body: wishShape, answer: stopShape, errors: ['NOT_FOUND', 'ALREADY_DONE'] }, handle: [json, liftIt] },
  ]
}

const pageStops = (parts: Parts): readonly Address[] => {
  const view = async (more: object): Promise<object> =>
    ({ given: {}, ...stopsView(await heldBy(parts), await parts.ledger.stops({ lifted: true }), parts.policy(), parts.now()), ...more })

  const page: RequestHandler = async (req, res) => show(res, 'stops.njk', await view({ message: messageOf(req) }))
  const stopIt: RequestHandler = async (req, res) => {
    const { formToken: _formToken, ...given } = req.body as { readonly [name: string]: unknown }
    const [read, wish] = [readStop(given['scope'], given['value']), wishOfForm(res, given)]
    if (!read.ok || !wish.ok) return show(res.status(400), 'stops.njk', await view({ given, ...wrongFields([...(read.ok ? [] : read.wrong), ...(wish.ok ? [] : wish.wrong)]) }))
    await pull(parts, read.stop, wish.wish)
    res.redirect(303, '/stops?message=stopped')
  }
  const liftIt: RequestHandler = async (req, res) => {
    const { id } = req.params
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    // A form of a stop that is lifted is not there any more to be filled in again.
    if (!wish.ok && !(await parts.ledger.stops()).some((stop) => stop.id === id)) throw await notInForce(parts.ledger, id)
    // Each stop has a form of its own: its fields are called by its id.
    if (!wish.ok) return show(res.status(400), 'stops.njk', await view({ lifting: id, givenToLift: given, ...wrongFields(wish.wrong, `-${String(id)}`) }))
    await lift(parts, id, wish.wish)
    res.redirect(303, '/stops?message=stop-lifted')
  }
  return [
    { method: 'get', path: '/stops', right: 'see', same: '/api/stops', handle: [page] },
    { method: 'post', path: '/stops', right: 'stop', handle: [form, ownForms, stopIt] },
    { method: 'post', path: '/stops/:id/lift', right: 'lift', handle: [form, ownForms, liftIt] },
  ]
}
