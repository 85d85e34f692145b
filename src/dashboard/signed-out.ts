// What becomes of somebody whom nobody knows, or not any more: to the page on which people sign in, and back afterwards. A
// form that came too late did nothing, and what was typed into it is shown back. It refuses to keep any of it, in an
// address least of all.
import type { Request, RequestHandler } from 'express'
import { typedIn } from './typed.ts'
import { show } from './views.ts'

/** `page`: of a form, where it stands. */
export const signedOut = (page: (path: string) => string): RequestHandler => async (req, res) => {
  if (req.method === 'GET') return res.redirect(303, `/sign-in?to=${encodeURIComponent(req.originalUrl)}`)
  // Who wanted to sign out is signed out.
  if (isWayOut(req)) return res.redirect(303, '/sign-in?message=signed-out')
  const [to, typed] = [page(req.path), await typedIn(req, res)]
  if (typed.length === 0) return res.redirect(303, `/sign-in?${new URLSearchParams({ to, lost: 'form' })}`)
  show(res.status(403), 'signed-out.njk', { to, typed })
}

const isWayOut = ({ path }: Request): boolean => path === '/sign-out'
