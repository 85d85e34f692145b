// What somebody sees of himself: name, roles, what they allow, and where he has signed in; with a new password, and the
// way out. It refuses a new password to whoever does not know the old one.
import type { RequestHandler, Request, Response } from 'express'
import { z } from 'zod'
import type { LiveSession, Session } from '../../ledger/ledger.ts'
import type { Wrong } from '../documents/filter.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import { SIGN_IN, type Address, type DashboardParts } from '../parts.ts'
import { RIGHTS, type Right } from '../rights.ts'
import { anInstant } from '../shapes.ts'
import { ageOf, londonTime } from '../times.ts'
import { show } from '../views.ts'
import { ownForms, visitorOf } from '../visitor.ts'
import { newPasswordOf } from './code-form.ts'
import { sessionHere, signOutHere } from './door.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { rolesInWords } from './people-view.ts'
import { accountTries } from './tries.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'now' | 'signIn'>
type Given = { readonly [name: string]: unknown }

const HOW: { readonly [how: string]: string } = { password: 'User name and password', code: 'A one-time code', oidc: 'The identity provider' }

const sessionAnswer = (session: Session, here: LiveSession) => ({ madeAt: session.madeAt, seenAt: session.seenAt, until: session.until, how: session.how, current: session.id === here.id })

const shape = z.strictObject({
  kind: z.enum(['person', 'program']), id: z.string(), name: z.string(), rights: z.array(z.enum(Object.keys(RIGHTS) as [Right, ...Right[]])), roles: z.array(z.string()).optional(),
  sessions: z.array(z.strictObject({ madeAt: anInstant, seenAt: anInstant, until: anInstant, how: z.string(), current: z.boolean() })),
}).meta({ id: 'Account', description: 'Whoever asks.' })

export const accountAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, now, signIn = SIGN_IN } = parts
  const sessionsOf = (here: LiveSession): Promise<readonly Session[]> => ledger.sessionsOf(here.staff.id, now().toISOString(), signIn.idleSecs)

  const page = async (req: Request, res: Response, more: object = {}): Promise<void> => {
    const [visitor, here] = [visitorOf(res), await sessionHere(parts, req)]
    const sessions = here ? await sessionsOf(here) : []
    show(res, 'account.njk', {
      message: messageOf(req), given: {}, name: visitor.name, mayDo: visitor.rights.map((right) => RIGHTS[right]),
      rows: [{ key: 'Name', value: visitor.name }, { key: 'User name', value: visitor.id }, ...(here ? [{ key: 'Roles', value: rolesInWords(here.staff.roles) }, { key: 'Signs in with', value: here.staff.origin.kind === 'local' ? 'A password here' : 'The identity provider' }] : [])],
      sessions: sessions.map((one) => ({ since: londonTime(one.madeAt), seen: `${ageOf(one.seenAt, now())} ago`, until: londonTime(one.until), how: HOW[one.how] ?? one.how, current: one.id === here?.id })),
      hasOthers: sessions.length > 1, hasPassword: here?.staff.hasPassword ?? false, userName: visitor.id, ...more,
    })
  }

  const signOutOthers: RequestHandler = async (req, res) => {
    const here = await sessionHere(parts, req)
    if (here) await ledger.endSessions({ staffId: here.staff.id, except: here.id }, `${here.staff.userName} (pages)`, now().toISOString())
    res.redirect(303, '/account?message=others-signed-out')
  }

  const password: RequestHandler = async (req, res) => {
    const given = req.body as Given
    const refuse = (wrong: readonly Wrong[], status = 400): Promise<void> => page(req, res.status(status), wrongFields(wrong))
    const [here, at] = [await sessionHere(parts, req), now().toISOString()]
    if (!here?.staff.hasPassword) return refuse([{ parameter: 'current', why: 'You have no password here: you sign in at the identity provider.' }])
    const chosen = newPasswordOf(given, here.staff.userName)
    if ('wrong' in chosen) return refuse(chosen.wrong)
    const tries = accountTries(here.staff.userName)
    if (!(await ledger.countTry(tries, at))) return refuse([{ parameter: 'current', why: 'There were too many tries. Wait a few minutes.' }], 429)
    const known = await ledger.staffNamed(here.staff.userName)
    if (!(await isPassword(known?.passwordHash, typeof given['current'] === 'string' ? given['current'] : ''))) {
      await ledger.signInRefused({ userName: here.staff.userName, why: 'password-again', address: '' }, at)
      return refuse([{ parameter: 'current', why: 'This is not your password.' }])
    }
    await ledger.uncountTry(tries, at)
    await ledger.changePassword(here.staff.id, await hashPassword(chosen.password), at)
    signOutHere(req, res, parts)
    res.redirect(303, '/sign-in?message=password-changed')
  }

  const tell: RequestHandler = async (req, res) => {
    const [{ kind, id, name, rights }, here] = [visitorOf(res), await sessionHere(parts, req)]
    res.json({ kind, id, name, rights, ...(here ? { roles: here.staff.roles } : {}), sessions: here ? (await sessionsOf(here)).map((one) => sessionAnswer(one, here)) : [] })
  }

  return [
    { method: 'get', path: '/account', right: 'signed-in', same: '/api/account', handle: [(req, res) => page(req, res)] },
    { method: 'post', path: '/account/sign-out-others', right: 'signed-in', handle: [form, ownForms, signOutOthers] },
    { method: 'post', path: '/account/password', right: 'signed-in', handle: [form, ownForms, password] },
    { method: 'get', path: '/api/account', right: 'signed-in', told: { says: 'Whoever asks: who they are, what they may, and where they have signed in.', answer: shape }, handle: [tell] },
  ]
}
