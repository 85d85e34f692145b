// Whether everything that came in is accounted for, as a page and as JSON; and an extract of RiO beside what came. It
// refuses to keep the extract, and to put any of it into an address.
import express, { type Request, type RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import { COLUMNS } from '../../ledger/reconciliation.ts'
import { bodyOf, rowAnswer } from '../documents/api.ts'
import { behindQuery, extractQuery, refusedQuery, spanQuery } from '../shapes-asked.ts'
import { MOST_BYTES, readExtract, readIds, textOf, withoutTheirZeros, type Extract, type ExtractRead } from './extract.ts'
import { fileForm, type FileForm, type FormLimits } from '../file-form.ts'
import { wrongInWords, type Wrong } from '../documents/filter.ts'
import { wrongFields } from '../forms.ts'
import { rowView, wrongView } from '../documents/list-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { behindView, extractView, reconciliationView, refusedHeading } from './reconciliation-view.ts'
import { extractAsked, extractCompared, reconciled as reconciledShape, reconciliation as reconciliationShape, refusedOfDay } from './shapes-reports.ts'
import { readAsked, type Asked, type AskedRead } from './asked.ts'
import { endOfLondonDay, startOfLondonDay } from '../../decide/london.ts'
import { refusedView } from '../refused-view.ts'
import { show } from '../views.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>

const MOST_BEHIND = 500
const TIMES = { usualDays: 6, mostDays: 100 }
const FORM: FormLimits = { files: 1, fields: 10, fileBytes: MOST_BYTES, fieldBytes: MOST_BYTES, fileTooLarge: 'The file is too large.', fieldTooLarge: 'The text is too large.' }

export const reconciliationAddresses = (parts: Parts): readonly Address[] => [...apiReconciliation(parts), ...pageReconciliation(parts)]

/** The source systems that feeds bring documents of. */
const sourcesOf = ({ policy }: Pick<Parts, 'policy'>): readonly string[] => [...new Set(Object.values(policy().mappings).map(({ source }) => source))].toSorted()

const compare = async ({ ledger }: Pick<Parts, 'ledger'>, { since, until }: Asked, source: string, { named, ids, duplicates }: Extract) => {
  const compared = await ledger.compareExtract({ source, ids, since, until })
  return { source, since, until, named, distinct: ids.length, ...compared, zerosLost: withoutTheirZeros(compared.missing, compared.unnamed), duplicates }
}
export type ExtractAnswer = Awaited<ReturnType<typeof compare>>

/** The documents behind one number. */
const behindOne = async ({ ledger }: Pick<Parts, 'ledger'>, { query: { day, feed, column } }: Request) => {
  const found = column === 'received' ? ('received' as const) : COLUMNS.find((one) => one === column)
  const [since, until] = typeof day === 'string' ? [startOfLondonDay(day), endOfLondonDay(day)] : []
  if (!found || since === undefined || until === undefined || typeof day !== 'string' || typeof feed !== 'string') throw new Failure('QUERY_INVALID', 'Use a day, a feed and a column of the reconciliation.')
  const rows = await ledger.reconciled({ since, until, feed, column: found }, MOST_BEHIND)
  return { day, feed, column: found, rows, all: rows.length < MOST_BEHIND }
}

/** The messages behind one number: they are no documents. */
const refusedOne = async ({ ledger }: Pick<Parts, 'ledger'>, { query: { day, feed } }: Request) => {
  const [since, until] = typeof day === 'string' ? [startOfLondonDay(day), endOfLondonDay(day)] : []
  if (since === undefined || until === undefined || typeof day !== 'string' || typeof feed !== 'string') throw new Failure('QUERY_INVALID', 'Use a day and a feed of the reconciliation.')
  const refused = await ledger.refusals(since, until, MOST_BEHIND, feed)
  return { day, feed, refused, all: refused.length < MOST_BEHIND }
}

// ---------------------------------------------------------------- for programs

const apiReconciliation = (parts: Parts): readonly Address[] => {
  const answer: RequestHandler = async (req, res) => {
    const { since, until } = asked(readAsked(req.query, TIMES, parts.now()))
    const { days, differences } = await parts.ledger.reconciliation(since, until)
    res.json({ since, until, holds: days.every(({ different }) => different === 0), days, differences })
  }
  const extract: RequestHandler = async (req, res) => {
    const { source, ...times } = req.query
    const span = asked(readAsked(times, TIMES, parts.now()))
    const read = extractIn(req)
    if (!read.ok) throw new Failure('QUERY_INVALID', read.why)
    const chosen = chosenSource(parts, source)
    if (chosen === undefined) throw new Failure('QUERY_INVALID', `source: Use one of ${sourcesOf(parts).join(', ')}.`)
    res.json(await compare(parts, span, chosen, read.extract))
  }
  const behind: RequestHandler = async (req, res) => {
    const { rows, ...told } = await behindOne(parts, req)
    res.json({ ...told, documents: rows.map(rowAnswer) })
  }
  const refused: RequestHandler = async (req, res) => void res.json(await refusedOne(parts, req))
  return [
    { method: 'get', path: '/api/reconciliation/refused', right: 'see', told: { says: 'The messages that a feed refused on a day, newest first, at most 500.', query: refusedQuery, answer: refusedOfDay, errors: ['QUERY_INVALID'] }, handle: [refused] },
    { method: 'get', path: '/api/reconciliation/documents', right: 'see', told: { says: 'The documents behind one of its numbers, at most 500.', query: behindQuery, answer: reconciledShape }, handle: [behind] },
    { method: 'get', path: '/api/reconciliation', right: 'see', told: { says: 'By day and feed, what came in and what became of it.', query: spanQuery, answer: reconciliationShape }, handle: [answer] },
    { method: 'post', path: '/api/reconciliation/extract', right: 'see', told: { says: 'Compares ids that RiO says it sent with what came; keeps nothing. Also as text/csv or text/plain.', query: extractQuery, body: extractAsked, answer: extractCompared }, handle: [express.text({ type: ['text/csv', 'text/plain'], limit: MOST_BYTES }), express.json({ limit: MOST_BYTES }), extract] },
  ]
}

const asked = (read: AskedRead): Asked => {
  if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
  return read.asked
}

const extractIn = (req: Request): ExtractRead => {
  if (typeof req.body === 'string') return readExtract(req.body)
  const { ids, ...others } = bodyOf(req)
  return Object.keys(others).length > 0 ? { ok: false, why: 'The body takes ids and nothing else.' } : readIds(ids)
}

/** Where there is one alone it need not be named. */
const chosenSource = (parts: Pick<Parts, 'policy'>, given: unknown): string | undefined => {
  const sources = sourcesOf(parts)
  return given === undefined || given === '' ? (sources.length === 1 ? sources[0] : undefined) : sources.find((source) => source === given)
}

// ---------------------------------------------------------------- for people

const pageReconciliation = (parts: Parts): readonly Address[] => {
  const { ledger, now } = parts
  const plain = { given: {}, sources: [] as readonly string[], form: { since: '', until: '' } }
  const about = async (span: Asked, more: object): Promise<object> => {
    const { days, differences } = await ledger.reconciliation(span.since, span.until)
    return { ...plain, sources: sourcesOf(parts), ...reconciliationView(span, days, differences), ...more }
  }

  const page: RequestHandler = async (req, res) => {
    const read = readAsked(req.query, TIMES, now())
    if (!read.ok) return show(res.status(400), 'reconciliation.njk', { ...plain, ...wrongView(read.wrong) })
    show(res, 'reconciliation.njk', await about(read.asked, {}))
  }
  const extract: RequestHandler = async (req, res) => {
    const { fields: { since, until, source, ids }, files: { file } } = req.body as FileForm
    const read = readAsked({ since, until }, TIMES, now())
    if (!read.ok) return show(res.status(400), 'reconciliation.njk', { ...plain, ...wrongView(read.wrong) })
    const [pasted, sent] = [ids?.trim() ?? '', file ? textOf(file.bytes) : '']
    const given: ExtractRead = pasted !== '' && sent.trim() !== '' ? { ok: false, why: 'Paste the ids or choose a file, not both.' } : readExtract(pasted === '' ? sent : pasted)
    const chosen = chosenSource(parts, source)
    const wrong: readonly Wrong[] = [...(given.ok ? [] : [{ parameter: 'ids', why: given.why }]), ...(chosen === undefined ? [{ parameter: 'source', why: 'Choose the source system.' }] : [])]
    if (!given.ok || chosen === undefined) return show(res.status(400), 'reconciliation.njk', await about(read.asked, { given: { ids: pasted }, ...wrongFields(wrong) }))
    show(res, 'reconciliation.njk', await about(read.asked, { compared: extractView(await compare(parts, read.asked, chosen, given.extract)) }))
  }
  const behind: RequestHandler = async (req, res) => {
    const { day, feed, column, rows, all } = await behindOne(parts, req)
    show(res, 'reconciled.njk', { ...behindView(day, feed, column), most: all ? undefined : MOST_BEHIND, rows: rows.map((row) => rowView(row, now())) })
  }
  const refused: RequestHandler = async (req, res) => {
    const { day, feed, refused: rows, all } = await refusedOne(parts, req)
    show(res, 'refused.njk', { ...refusedHeading(day, feed), most: all ? undefined : MOST_BEHIND, rows: refusedView(rows) })
  }
  return [
    { method: 'get', path: '/reconciliation', right: 'see', same: '/api/reconciliation', handle: [page] },
    { method: 'get', path: '/reconciliation/refused', right: 'see', same: '/api/reconciliation/refused', handle: [refused] },
    { method: 'get', path: '/reconciliation/documents', right: 'see', same: '/api/reconciliation/documents', handle: [behind] },
    { method: 'post', path: '/reconciliation/extract', right: 'see', handle: [fileForm(FORM), ownForms, extract] },
  ]
}
