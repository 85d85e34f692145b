// The log for those who answer for it: who did and saw what, and whether its chain holds. It refuses to name a patient:
// entries lead to the document, whose page is a look of its own.
import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import { Failure } from '../../errors.ts'
import type { ChainWalk, TrailEntry, TrailFilter } from '../../ledger/ledger.ts'
import { AUDIT_KINDS, type AuditKind } from '../../observe/events.ts'
import { auditView, walkView } from './audit-view.ts'
import { readFilter, wrongInWords, type Wrong } from '../documents/filter.ts'
import { form } from '../forms.ts'
import { wrongView } from '../documents/list-view.ts'
import { isUuid, type Address, type DashboardParts } from '../parts.ts'
import { holdsTenDigits, TEN_DIGITS_SAYS } from '../ten-digits.ts'
import { show } from '../views.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'now'>
type Raw = { readonly [name: string]: unknown }
type Asked = Omit<TrailFilter, 'documentId'> & { readonly document?: string }
type AskedRead = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const isKind = (text: string): text is AuditKind => (AUDIT_KINDS as readonly string[]).includes(text)
const isText = (text: unknown): text is string => typeof text === 'string' && text.trim() !== ''

const wrongText = (parameter: string, text: unknown, longest: number, why: string): readonly Wrong[] => {
  if (text === undefined || text === '') return []
  if (typeof text !== 'string' || text.trim().length > longest || /\p{Cc}/u.test(text)) return [{ parameter, why }]
  return parameter === 'who' && holdsTenDigits(text) ? [{ parameter, why: TEN_DIGITS_SAYS }] : []
}

/** `kind`: one or more, `people` for all that people and programs did and saw, `all` for everything. */
const readAudit = ({ who, kind, document, since, until, limit, cursor, ...others }: Raw): AskedRead => {
  const kinds = isText(kind) ? kind.split(',').map((one) => one.trim()) : ['people']
  const read = readFilter({ since, until, limit }, 'query')
  const wrong: readonly Wrong[] = [
    ...(read.ok ? [] : read.wrong),
    ...wrongText('who', who, 100, 'Use a part of what the log calls a person or a program by.'),
    ...wrongText('document', document, 200, 'Use the id of a document, ours or the one that RiO gave it.'),
    ...(kinds.every((one) => isKind(one)) || (kinds.length === 1 && ['people', 'all'].includes(kinds[0]!)) ? [] : [{ parameter: 'kind', why: `Use people, all, or one or more of ${AUDIT_KINDS.join(', ')}.` }]),
    ...(cursor === undefined || cursor === '' || (typeof cursor === 'string' && /^\d{1,18}$/u.test(cursor)) ? [] : [{ parameter: 'cursor', why: 'Use the one that came with the page before.' }]),
    ...(Object.keys(others).length > 0 ? [{ parameter: 'a parameter', why: 'There is no such parameter. Use who, kind, document, since, until, limit and cursor.' }] : []),
  ]
  if (!read.ok || wrong.length > 0) return { ok: false, wrong }
  const { filter: { since: from, until: to, limit: most } } = read
  return {
    ok: true,
    asked: {
      limit: most, ...(from === undefined ? {} : { since: from }), ...(to === undefined ? {} : { until: to }), ...(isText(cursor) ? { cursor } : {}),
      ...(kinds.every(isKind) ? { kinds: kinds.filter(isKind).map((one) => ({ kind: one })) } : {}),
      ...(isText(who) ? { who: who.trim() } : kinds[0] === 'people' ? { who: '' } : {}), ...(isText(document) ? { document: document.trim() } : {}),
    },
  }
}

/** RiO's id may be that of one document in each of two sources: then it is not known which is meant. */
const documentIdOf = async ({ ledger }: Parts, document: string): Promise<string | undefined> => {
  if (isUuid(document)) return document
  const { documents } = await ledger.list({ sourceId: document, limit: 2 })
  return documents.length === 1 ? documents[0]!.id : undefined
}

const trailOf = async (parts: Parts, { document, ...filter }: Asked): Promise<{ readonly entries: readonly TrailEntry[]; readonly cursor?: string }> => {
  if (document === undefined) return parts.ledger.trail(filter)
  const documentId = await documentIdOf(parts, document)
  return documentId === undefined ? { entries: [] } : parts.ledger.trail({ ...filter, documentId })
}

// ---------------------------------------------------------------- the chain

type Walked = { readonly at: string; readonly walk: ChainWalk }
type Chain = { readonly last: () => Walked | undefined; readonly since: () => string | undefined; walk(): Promise<Walked> }

/** Whoever asks while it is walked waits for the same walk. */
const chainOf = ({ ledger, now }: Parts): Chain => {
  let last: Walked | undefined
  let under: { readonly since: string; readonly done: Promise<Walked> } | undefined
  const walk = async (): Promise<Walked> => {
    try {
      last = { at: now().toISOString(), walk: await ledger.walkChain() }
      return last
    } finally {
      under = undefined
    }
  }
  return { last: () => last, since: () => under?.since, walk: () => (under ??= { since: now().toISOString(), done: walk() }).done }
}

/** A log of millions takes longer: its page then says that it is under way. */
const PATIENCE_MS = 5_000

const atMost = async (work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS) })
  // Whoever does not wait any more is not told either: the page says that it was not checked.
  work.catch(() => undefined)
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

// ---------------------------------------------------------------- addresses

const entryShape = z.strictObject({
  seq: z.number(), at: z.string(), kind: z.string(), actor: z.string(), documentId: z.string().optional(), sourceId: z.string().optional(),
  action: z.string().optional(), destination: z.string().optional(), detail: z.record(z.string(), z.unknown()),
})
const brokenShape = z.strictObject({ seq: z.number(), why: z.string(), at: z.string().optional() })
const chainShape = z.strictObject({ at: z.string(), holds: z.boolean(), entries: z.number(), first: z.string().optional(), last: z.string().optional(), hash: z.string(), broken: brokenShape.optional() })
const text = z.string().optional()
const QUERY = z.strictObject({
  who: text.describe('A part of what the log calls a person or a program by.'), kind: text.describe('people (as it is without one), all, or one or more kinds with commas.'),
  document: text.describe('The id of a document, ours or the one that RiO gave it.'), since: text, until: text, limit: text, cursor: text,
})

const entryAnswer = ({ seq, at, kind, actor, documentId, sourceId, action, destination, detail }: TrailEntry) => ({ seq, at, kind, actor, documentId, sourceId, action, destination, detail })
const chainAnswer = ({ at, walk }: Walked) => ({ at, holds: walk.broken === undefined, ...walk })

export const auditAddresses = (parts: Parts): readonly Address[] => {
  const chain = chainOf(parts)
  const page: RequestHandler = async (req, res) => {
    const read = readAudit(req.query)
    const checked = walkView(chain.last(), chain.since())
    if (!read.ok) return show(res.status(400), 'audit.njk', { ...auditView(req.query, [], undefined), chain: checked, ...wrongView(read.wrong) })
    const { entries, cursor } = await trailOf(parts, read.asked)
    show(res, 'audit.njk', { ...auditView(req.query, entries, cursor), chain: checked })
  }
  const verify: RequestHandler = async (_req, res) => {
    await atMost(chain.walk())
    res.redirect(303, '/audit')
  }
  const list: RequestHandler = async (req: Request, res) => {
    const read = readAudit(req.query)
    if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
    const { entries, cursor } = await trailOf(parts, read.asked)
    const last = chain.last()
    res.json({ entries: entries.map(entryAnswer), ...(cursor === undefined ? {} : { cursor }), ...(last ? { chain: chainAnswer(last) } : {}) })
  }
  const verifyByApi: RequestHandler = async (_req, res) => void res.json(chainAnswer(await chain.walk()))
  return [
    { method: 'get', path: '/audit', right: 'audit', same: '/api/audit', handle: [page] },
    { method: 'post', path: '/audit/verify', right: 'audit', handle: [form, ownForms, verify] },
    {
      method: 'get', path: '/api/audit', right: 'audit', handle: [list],
      told: { says: 'The log of events, newest first: who did and saw what.', query: QUERY, answer: z.strictObject({ entries: z.array(entryShape), cursor: text, chain: chainShape.optional() }), errors: ['QUERY_INVALID'] },
    },
    { method: 'post', path: '/api/audit/verify', right: 'audit', told: { says: 'Works out every hash of the log again, and says whether its chain holds.', answer: chainShape }, handle: [verifyByApi] },
  ]
}
