// The page on which people sign in, by whichever ways the settings allow. It refuses to offer a way that is not open.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import { messageOf } from '../forms.ts'
import { SIGN_IN, type DashboardParts } from '../parts.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'provider' | 'signIn'> & { readonly ledger: Pick<DashboardParts['ledger'], 'staff'> }

const hasPasswords = ({ signIn = SIGN_IN }: Pick<Parts, 'signIn'>): boolean => signIn.passwords !== false

export const showSignIn = async (parts: Parts, req: Request, res: Response, more: object = {}): Promise<void> => {
  const passwords = hasPasswords(parts)
  show(res, 'sign-in.njk', {
    message: messageOf(req), given: {}, passwords, provider: parts.provider?.settings.name, isOut: req.query['message'] === 'signed-out', isLost: req.query['lost'] === 'form',
    nobodyYet: passwords && (await parts.ledger.staff()).length === 0, ...more,
  })
}

/** Before whatever takes a password or sets one. */
export const passwordsHere = (parts: Pick<Parts, 'signIn'>): RequestHandler => (_req, _res, next) => {
  if (!hasPasswords(parts)) throw new Failure('NOT_FOUND', 'Nobody signs in by a password here.')
  next()
}
