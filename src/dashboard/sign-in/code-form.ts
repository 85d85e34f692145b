// The page for whoever holds a one-time code: it makes the first account, or gives an account its password, and signs in.
// It refuses a code that was used or is too old. The first account's may come in a link: it is filled in, and no more.
import type { Request, RequestHandler, Response } from 'express'
import type { CodeUse, Staff } from '../../ledger/ledger.ts'
import type { Wrong } from '../documents/filter.ts'
import { form, wrongFields } from '../forms.ts'
import { SIGN_IN, type Address, type DashboardParts } from '../parts.ts'
import { show } from '../views.ts'
import { hashOfCode } from './codes.ts'
import { addressOf } from './cookies.ts'
import { signInAs, strangersForm, type Doors } from './door.ts'
import { readNames } from './names.ts'
import { hashPassword, wrongPassword } from './passwords.ts'
import { passwordsHere } from './sign-in-page.ts'
import { WAIT } from './sign-in.ts'
import { codeTries } from './tries.ts'

type Parts = Doors & { readonly ledger: Pick<DashboardParts['ledger'], 'codeUse' | 'useFirstCode' | 'usePasswordCode' | 'countTry' | 'uncountTry' | 'signInRefused'> }
type Given = { readonly [name: string]: unknown }

const OVER = 'This code opens nothing: it is not whole, was used before, or is too old. A new one for the first account is printed when the engine starts; any other you get from an administrator.'

/** Both fields of a new password. */
export const newPasswordOf = ({ password, again }: Given, userName: string): { readonly password: string } | { readonly wrong: readonly Wrong[] } => {
  if (typeof password !== 'string' || password === '') return { wrong: [{ parameter: 'password', why: 'Give a password.' }] }
  const why = wrongPassword(password, userName)
  if (why !== undefined) return { wrong: [{ parameter: 'password', why }] }
  return password === again ? { password } : { wrong: [{ parameter: 'again', why: 'The two passwords differ. Type the same twice.' }] }
}

type Answer = { readonly staff: { readonly userName: string; readonly name: string }; readonly password: string } | { readonly wrong: readonly Wrong[] }

const readAnswer = (use: CodeUse, given: Given): Answer => {
  const names = use.kind === 'first' ? readNames(given) : ({ ok: true, ...use.staff } as const)
  const chosen = newPasswordOf(given, names.ok ? names.userName : '')
  const wrong = [...(names.ok ? [] : names.wrong), ...('wrong' in chosen ? chosen.wrong : [])]
  return names.ok && !('wrong' in chosen) ? { staff: { userName: names.userName, name: names.name }, password: chosen.password } : { wrong }
}

const ask = (res: Response, more: object = {}): void => show(res, 'sign-in-code.njk', { given: {}, ...more })
const choose = (res: Response, use: CodeUse, code: unknown, more: object = {}): void =>
  show(res, 'sign-in-password.njk', { code, given: {}, first: use.kind === 'first', ...(use.kind === 'password' ? { userName: use.staff.userName } : {}), ...more })
const refuse = (res: Response, status: number, why: string): void => ask(res.status(status), wrongFields([{ parameter: 'code', why }]))

export const codeAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, now, say, signIn = SIGN_IN } = parts

  /** What the code in the form is good for; undefined: it was answered. */
  const opened = async (req: Request, res: Response): Promise<{ readonly use: CodeUse; readonly sha256: string } | undefined> => {
    const [address, at] = [addressOf(req, signIn), now().toISOString()]
    const tries = codeTries(address)
    if (!(await ledger.countTry(tries, at))) {
      say('sign_in_refused', { why: 'too-many' })
      refuse(res, 429, WAIT)
      return undefined
    }
    const sha256 = hashOfCode((req.body as Given)['code'])
    const use = sha256 === undefined ? undefined : await ledger.codeUse(sha256, at)
    if (use && sha256 !== undefined) {
      await ledger.uncountTry(tries, at)
      return { use, sha256 }
    }
    await ledger.signInRefused({ why: 'code', address }, at)
    say('sign_in_refused', { why: 'code' })
    refuse(res, 400, OVER)
    return undefined
  }

  /** Nothing is looked up, counted or used: whatever opens links by itself does no harm. What is no code is not repeated. */
  const fill: RequestHandler = (req, res) => {
    res.setHeader('Referrer-Policy', 'no-referrer')
    const { code } = req.query
    ask(res, { given: hashOfCode(code) === undefined ? {} : { code } })
  }

  const look: RequestHandler = async (req, res) => {
    const found = await opened(req, res)
    if (found) choose(res, found.use, (req.body as Given)['code'])
  }

  const done: RequestHandler = async (req, res) => {
    const found = await opened(req, res)
    if (!found) return
    const given = req.body as Given
    const answer = readAnswer(found.use, given)
    const again = (wrong: readonly Wrong[]): void => choose(res.status(400), found.use, given['code'], { given: { userName: given['userName'], name: given['name'] }, ...wrongFields(wrong) })
    if ('wrong' in answer) return again(answer.wrong)
    const [passwordHash, at] = [await hashPassword(answer.password), now().toISOString()]
    const staff: Staff | 'taken' | undefined = await (found.use.kind === 'first' ? ledger.useFirstCode(found.sha256, { ...answer.staff, passwordHash }, at) : ledger.usePasswordCode(found.sha256, passwordHash, at))
    if (staff === 'taken') return again([{ parameter: 'userName', why: 'It is somebody’s already, who signs in at the identity provider. Choose another.' }])
    if (!staff || !(await signInAs(parts, req, res, staff, 'code'))) return refuse(res, 400, OVER)
    res.redirect(303, '/')
  }

  return [
    { method: 'get', path: '/sign-in/code', right: 'open', handle: [passwordsHere(parts), fill] },
    { method: 'post', path: '/sign-in/code', right: 'open', handle: [passwordsHere(parts), form, strangersForm, look] },
    { method: 'post', path: '/sign-in/code/use', right: 'open', handle: [passwordsHere(parts), form, strangersForm, done] },
  ]
}
