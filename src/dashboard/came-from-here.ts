// Whether a form was sent from a page of ours, as the browser says. It refuses whatever another site sent.
import type { Request } from 'express'

export const cameFromHere = (req: Request): boolean => {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = req.headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === (req.headers['x-forwarded-host'] ?? req.headers.host)
}
