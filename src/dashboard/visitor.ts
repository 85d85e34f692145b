// Who asks, and what he may: each address names the right that it takes, and a form shows that it is one of ours. It
// refuses whoever cannot be named, and tells a page's visitor to sign in and a program to bring a token.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../errors.ts'
import { FOR_PROGRAMS } from './answers.ts'
import { cameFromHere } from './came-from-here.ts'
import type { Right } from './rights.ts'
import { signedOut } from './signed-out.ts'

export type Visitor = {
  /** A person who has signed in, or a program with a token. Only people release. */
  readonly kind: 'person' | 'program'
  /** The same for good, and told apart by it: a person's user name, a token's name. */
  readonly id: string
  /** As pages show it. */
  readonly name: string
  /** By which a person comes in, as `ledger/doors.ts` has it: who comes by another is not told apart from this one for certain. */
  readonly door?: string
  readonly rights: readonly Right[]
  /** In each of his forms; another visitor's is refused. */
  readonly formToken: string
}

/** Tells who asks, by the cookie of a session or a bearer token; undefined: nobody known. */
export type Visitors = { of(req: Request): Promise<Visitor | undefined> }

type Locals = { visitor?: Visitor }

/** First of all: everything after it may ask who it is. */
export const whoAsks = (visitors: Visitors): RequestHandler => async (req, res, next) => {
  const visitor = await visitors.of(req)
  if (visitor) (res.locals as Locals).visitor = visitor
  next()
}

export const mayBe = (res: Response): Visitor | undefined => (res.locals as Locals).visitor

/** Behind an address that takes a right there is one. */
export const visitorOf = (res: Response): Visitor => {
  const visitor = mayBe(res)
  if (!visitor) throw new Failure('INTERNAL', 'An address that needs no right asks who is there.')
  return visitor
}

export const may = (res: Response, right: Right): boolean => mayBe(res)?.rights.includes(right) ?? false

/** As it is written down for good: who, and by which door. */
export const actorOf = (res: Response): string => `${visitorOf(res).id} (${visitorOf(res).kind === 'person' ? 'pages' : 'api'})`

/** `signed-in`: whoever is known. `page`: of a form, where it stands. */
export const needs = (right: Right | 'signed-in', page: (path: string) => string = () => '/'): RequestHandler => {
  const away = signedOut(page)
  return (req, res, next) => {
    const visitor = mayBe(res)
    if (!visitor && FOR_PROGRAMS.test(req.originalUrl.toLowerCase())) {
      res.setHeader('WWW-Authenticate', 'Bearer realm="openletter"')
      throw new Failure('TOKEN_MISSING', req.headers.authorization === undefined ? 'There is none.' : 'The one that came is not the right one.')
    }
    if (!visitor) return away(req, res, next)
    if (right !== 'signed-in' && !visitor.rights.includes(right)) throw new Failure('RIGHT_MISSING', `This takes the right "${right}", which ${visitor.kind === 'person' ? 'none of your roles gives' : 'the token does not have'}.`)
    return next()
  }
}

const equal = (a: string, b: string): boolean => timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

/** Whoever has none sends no forms. */
const isIt = (given: unknown, formToken: string): boolean => typeof given === 'string' && formToken !== '' && equal(given, formToken)

/** Where there is no form: a person's own script says the token in a header, which no other site may set. */
export const showsFormToken = (req: Request, formToken: string): boolean => isIt(req.headers['x-form-token'], formToken)

/** After the form is parsed. A browser says where a form came from; the token in the form is the second lock. */
export const ownForms: RequestHandler = (req, res, next) => {
  const given: unknown = (req.body as { readonly formToken?: unknown } | undefined)?.formToken
  const { formToken } = visitorOf(res)
  if (!cameFromHere(req) || !(isIt(given, formToken) || showsFormToken(req, formToken))) throw new Failure('FORM_NOT_OURS', 'Nothing was done.')
  next()
}
