// Who may come in, and with which roles: the page of administrators and its API. It refuses to show a code twice, or anywhere
// but in the answer to the form that asked for it, since an address would keep it.
import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { bodyOf, json } from '../documents/api.ts'
import { wrongInWords, type Wrong } from '../documents/filter.ts'
import { Failure } from '../../errors.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { ROLES } from '../rights.ts'
import { wish as wishShape } from '../shapes.ts'
import { londonTime } from '../times.ts'
import { show } from '../views.ts'
import { ownForms, visitorOf } from '../visitor.ts'
import { readNames, readRoles } from './names.ts'
import { coded, person, personAnswer, personView, ROLE_TABLE, roleBoxes } from './people-view.ts'
import { disable, enable, giveRoles, invite, reset, staffWithId, taken, type Coded } from './staffing.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'now'>
type Given = { readonly [name: string]: unknown }

const refuseWrong = (wrong: readonly Wrong[]): void => {
  if (wrong.length > 0) throw new Failure('QUERY_INVALID', wrongInWords(wrong))
}

const CHANGES = { disable: { act: disable, message: 'staff-disabled' }, enable: { act: enable, message: 'staff-enabled' } } as const
type Change = keyof typeof CHANGES

export const peopleAddresses = (parts: Parts): readonly Address[] => [...pages(parts), ...api(parts)]

/** He would be out, with a code that nobody else has seen. */
const notOneself = async (parts: Parts, req: Request, res: Response): Promise<void> => {
  if ((await staffWithId(parts, req.params['id'])).userName === visitorOf(res).id) throw new Failure('QUERY_INVALID', 'Change your own password on the page of your account.')
}

/** The only time that it is shown. */
const showCode = (res: Response, { staff, code, until }: Coded, was: 'invited' | 'reset'): void => show(res, 'person-code.njk', { person: { userName: staff.userName, name: staff.name, href: `/people/${staff.id}` }, code, until: londonTime(until), was })

const pages = (parts: Parts): readonly Address[] => {
  const people = async (req: Request, res: Response, more: object = {}): Promise<void> => {
    const staff = await parts.ledger.staff()
    show(res, 'people.njk', { message: messageOf(req), given: {}, people: staff.map((one) => personView(one, parts.now())), boxes: roleBoxes([]), table: ROLE_TABLE, ...more })
  }
  const one = async (req: Request, res: Response, more: object = {}): Promise<void> => {
    const staff = await staffWithId(parts, req.params['id'])
    show(res, 'person.njk', { message: messageOf(req), given: {}, form: '', person: personView(staff, parts.now()), isOneself: staff.userName === visitorOf(res).id, boxes: roleBoxes(staff.roles), ...more })
  }

  const list: RequestHandler = (req, res) => people(req, res)
  const look: RequestHandler = (req, res) => one(req, res)
  const inviteOne: RequestHandler = async (req, res) => {
    const given = req.body as Given
    const [names, roles, wish] = [readNames(given), readRoles(given['roles']), wishOfForm(res, given)]
    const again = (wrong: readonly Wrong[]) => people(req, res.status(400), { given, boxes: roleBoxes([given['roles']].flat()), ...wrongFields(wrong) })
    if (!names.ok || !roles.ok || !wish.ok) return again([...(names.ok ? [] : names.wrong), ...(roles.ok ? [] : roles.wrong), ...(wish.ok ? [] : wish.wrong)])
    const invited = await invite(parts, { userName: names.userName, name: names.name, roles: roles.roles }, wish.wish)
    if (invited === 'taken') return again([{ parameter: 'userName', why: 'It is somebody’s already, perhaps of somebody who was disabled. Choose another.' }])
    showCode(res, invited, 'invited')
  }
  /** The forms of one person's page: each has its fields, and its errors, by its own name. */
  const asked = async (req: Request, res: Response, name: string, act: (wish: Wish) => Promise<void>): Promise<void> => {
    const given = req.body as Given
    const wish = wishOfForm(res, given)
    if (!wish.ok) return one(req, res.status(400), { given, form: name, ...wrongFields(wish.wrong, `-${name}`) })
    await act(wish.wish)
  }
  const resetOne: RequestHandler = (req, res) => asked(req, res, 'reset', async (wish) => {
    await notOneself(parts, req, res)
    showCode(res, await reset(parts, req.params['id'], wish), 'reset')
  })
  const rolesOfOne: RequestHandler = async (req, res) => {
    const roles = readRoles((req.body as Given)['roles'])
    if (!roles.ok) return one(req, res.status(400), { given: req.body as Given, form: 'roles', boxes: roleBoxes([]), ...wrongFields(roles.wrong, '-roles') })
    await asked(req, res, 'roles', async (wish) => res.redirect(303, `/people/${(await giveRoles(parts, req.params['id'], roles.roles, wish)).id}?message=roles-changed`))
  }
  const change = (name: Change): RequestHandler => (req, res) =>
    asked(req, res, name, async (wish) => res.redirect(303, `/people/${(await CHANGES[name].act(parts, req.params['id'], wish)).id}?message=${CHANGES[name].message}`))

  return [
    { method: 'get', path: '/people', right: 'people', same: '/api/people', handle: [list] },
    { method: 'post', path: '/people', right: 'people', handle: [form, ownForms, inviteOne] },
    { method: 'get', path: '/people/:id', right: 'people', same: '/api/people', handle: [look] },
    { method: 'post', path: '/people/:id/roles', right: 'people', handle: [form, ownForms, rolesOfOne] },
    { method: 'post', path: '/people/:id/disable', right: 'people', handle: [form, ownForms, change('disable')] },
    { method: 'post', path: '/people/:id/enable', right: 'people', handle: [form, ownForms, change('enable')] },
    { method: 'post', path: '/people/:id/reset', right: 'people', handle: [form, ownForms, resetOne] },
  ]
}

const names = { userName: z.string().meta({ description: 'Kept in lower case, for good.' }), name: z.string() }
const roles = z.array(z.enum(ROLES)).min(1)

const codedAnswer = ({ staff, ...told }: Coded) => ({ person: personAnswer(staff), ...told })

const api = (parts: Parts): readonly Address[] => {
  const list: RequestHandler = async (_req, res) => void res.json({ people: (await parts.ledger.staff()).map(personAnswer) })
  const inviteOne: RequestHandler = async (req, res) => {
    const { userName, name, roles: given, ...rest } = bodyOf(req)
    const [read, chosen] = [readNames({ userName, name }), readRoles(given)]
    if (!read.ok || !chosen.ok) return refuseWrong([...(read.ok ? [] : read.wrong), ...(chosen.ok ? [] : chosen.wrong)])
    const invited = await invite(parts, { userName: read.userName, name: read.name, roles: chosen.roles }, wishOfBody(res, rest))
    if (invited === 'taken') throw taken()
    res.status(201).json(codedAnswer(invited))
  }
  const rolesOfOne: RequestHandler = async (req, res) => {
    const { roles: given, ...rest } = bodyOf(req)
    const chosen = readRoles(given)
    if (!chosen.ok) return refuseWrong(chosen.wrong)
    res.json(personAnswer(await giveRoles(parts, req.params['id'], chosen.roles, wishOfBody(res, rest))))
  }
  const resetOne: RequestHandler = async (req, res) => {
    const wish = wishOfBody(res, bodyOf(req))
    await notOneself(parts, req, res)
    res.json(codedAnswer(await reset(parts, req.params['id'], wish)))
  }
  const change = (name: Change): RequestHandler => async (req, res) => void res.json(personAnswer(await CHANGES[name].act(parts, req.params['id'], wishOfBody(res, bodyOf(req)))))
  return [
    { method: 'get', path: '/api/people', right: 'people', told: { says: 'Everybody who may sign in, by user name.', answer: z.strictObject({ people: z.array(person) }) }, handle: [list] },
    { method: 'post', path: '/api/people', right: 'people', told: { says: 'Invites somebody: an account, and a one-time code to give it a password.', body: wishShape.extend({ ...names, roles }), answer: coded, status: 201, errors: ['USER_NAME_TAKEN'] }, handle: [json, inviteOne] },
    { method: 'post', path: '/api/people/:id/roles', right: 'people', told: { says: 'Gives somebody these roles and no others; every session of theirs ends.', body: wishShape.extend({ roles }), answer: person, errors: ['NOT_FOUND', 'LAST_ADMIN'] }, handle: [json, rolesOfOne] },
    { method: 'post', path: '/api/people/:id/disable', right: 'people', told: { says: 'Lets somebody in no more; every session of theirs ends.', body: wishShape, answer: person, errors: ['NOT_FOUND', 'LAST_ADMIN', 'ALREADY_DONE'] }, handle: [json, change('disable')] },
    { method: 'post', path: '/api/people/:id/enable', right: 'people', told: { says: 'Lets somebody in again who was disabled.', body: wishShape, answer: person, errors: ['NOT_FOUND', 'ALREADY_DONE'] }, handle: [json, change('enable')] },
    { method: 'post', path: '/api/people/:id/reset', right: 'people', told: { says: 'Takes somebody’s password away, and makes a one-time code for a new one.', body: wishShape, answer: coded, errors: ['NOT_FOUND'] }, handle: [json, resetOne] },
  ]
}
