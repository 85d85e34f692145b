// `await looked(res, documentId, 'content')` before anything that tells whose document it is goes out: it is then written
// down who saw what. It refuses to let anything be shown where that fails: it throws, and the answer is an error.
import type { RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { Look, Seen } from '../../ledger/looks.ts'
import type { DashboardParts } from '../parts.ts'
import { actorOf, may } from '../visitor.ts'

type Notes = (documents: readonly Seen[], what: Look) => Promise<void>
type Locals = { notes?: Notes }

/** Before every address: gives each answer the way into the log. */
export const writesLooks = ({ ledger, now }: Pick<DashboardParts, 'ledger' | 'now'>): RequestHandler => (_req, res, next) => {
  const locals = res.locals as Locals
  locals.notes = (documents, what) => ledger.looked(documents, { actor: actorOf(res), what }, now().toISOString())
  next()
}

/** One document, or all that an answer tells of. Only for a visitor who may see patients. */
export const looked = async (res: Response, documents: string | readonly Seen[], what: Look): Promise<void> => {
  if (!may(res, 'patients')) throw new Failure('RIGHT_MISSING', 'This takes the right "patients".')
  const { notes } = res.locals as Locals
  if (!notes) throw new Failure('INTERNAL', 'There is no way to write down who looks.')
  await notes(typeof documents === 'string' ? [{ id: documents }] : documents, what)
}
