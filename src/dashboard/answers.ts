// How a failure is told: problem details for programs, a page for people. It refuses to tell internals: what is not
// a Failure of ours becomes INTERNAL, and its text goes nowhere.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { asFailure, Failure, problem } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import { typedIn } from './typed.ts'
import { render, type Frame } from './views.ts'

const FHIR = /^\/fhir(\/|\?|$)/iu
export const FOR_PROGRAMS = /^\/(api|feeds|fhir|health|metrics)(\/|\?|$)/u

/** Without the way to the same as JSON: there is none of a failure, and the address could repeat what somebody typed. */
const frameOf = (res: Response): Frame => {
  const { asJson: _asJson, ...frame } = (res.locals as { readonly frame?: Frame }).frame ?? { banners: [], alerts: [], sections: [], pages: [], rights: [], formToken: '' }
  return frame
}

/** The page of ours that a form stood on, as the browser says. Its path alone: the rest may repeat what somebody typed. */
const cameFrom = ({ method, headers: { referer, host } }: Request): string | undefined => {
  const from = method === 'POST' && referer !== undefined && URL.canParse(referer) ? new URL(referer) : undefined
  return from?.host === host ? from?.pathname : undefined
}

const tell = async (req: Request, res: Response, failure: Failure): Promise<void> => {
  const detail = failure.code === 'INTERNAL' ? '' : failure.detail
  res.status(failure.status).setHeader('Cache-Control', 'no-store')
  if (FHIR.test(req.originalUrl)) {
    res.type('application/fhir+json').send(JSON.stringify(operationOutcome(problem(failure.code, detail))))
    return
  }
  if (FOR_PROGRAMS.test(req.originalUrl)) {
    res.type('application/problem+json').send(JSON.stringify(problem(failure.code, detail)))
    return
  }
  const { title, hint } = problem(failure.code, detail)
  const sent = req.method === 'POST' ? { detail, back: cameFrom(req), typed: await typedIn(req, res) } : {}
  res.type('html').send(
    failure.code === 'NOT_FOUND' ? render('not-found.njk', { frame: frameOf(res), ...sent }) : render('error.njk', { frame: frameOf(res), title, hint, code: failure.code, detail, ...sent }),
  )
}

export const nothingHere: RequestHandler = (req, res) => tell(req, res, new Failure('NOT_FOUND', 'There is nothing at this address.'))

/** The last handler of a router: `say` hears of what is our fault, by the pattern of the address and never by the address itself. */
export const tellFailures = (say: Say | undefined): ErrorRequestHandler => async (error: unknown, req, res, next) => {
  const failure = asOurs(error)
  if (failure.status >= 500) say?.('request_failed', { method: req.method, path: patternOf(req), code: failure.code })
  if (res.headersSent) return next(error)
  await tell(req, res, failure)
}

const patternOf = (req: Request): string => {
  const { route }: { readonly route?: { readonly path?: unknown } } = req
  return typeof route?.path === 'string' ? route.path : 'unknown'
}

/** Express and its body parser refuse a request with an error that carries a status under 500. */
const asOurs = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  const { status, type } = typeof error === 'object' && error !== null ? (error as { readonly status?: unknown; readonly type?: unknown }) : {}
  if (typeof status !== 'number' || status < 400 || status >= 500) return asFailure(error)
  if (type === 'entity.parse.failed') return new Failure('QUERY_INVALID', 'The body is not a JSON object.')
  if (type === 'entity.too.large') return new Failure('QUERY_INVALID', 'The body is too large.')
  return new Failure('QUERY_INVALID', 'The request cannot be read.')
}
