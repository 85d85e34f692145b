// What people may ask for in a list of documents: from a query string, a form or a JSON body to a filter of the
// ledger. It refuses unknown parameters and values, and whatever identifies a patient anywhere but in a body.
import type { Marked } from '../../ledger/assurance.ts'
import type { DocumentFilter } from '../../ledger/ledger.ts'
import { DOCUMENT_STATES, FACTS, RULE_ROUTES } from '../../types.ts'
import { endOfLondonDay, startOfLondonDay } from '../../decide/london.ts'

export type Wrong = { readonly parameter: string; readonly why: string }
export type FilterRead = { readonly ok: true; readonly filter: DocumentFilter } | { readonly ok: false; readonly wrong: readonly Wrong[] }

type Part = { readonly filter: Partial<DocumentFilter> } | { readonly why: string }
type Reader = { readonly many: boolean; readonly read: (texts: readonly string[]) => Part }

const LARGEST_PAGE = 200
const USUAL_PAGE = 50
const ROUTES = [...RULE_ROUTES, 'observe'] as const

const oneOf = <T extends string>(values: readonly T[], make: (chosen: readonly T[]) => Partial<DocumentFilter>): Reader => ({
  many: true,
  read: (texts) =>
    texts.every((text): text is T => (values as readonly string[]).includes(text))
      ? { filter: make(texts as readonly T[]) }
      : { why: `Use one or more of ${values.join(', ')}.` },
})

const matching = (shape: RegExp, why: string, make: (text: string) => Partial<DocumentFilter>): Reader => ({
  many: false,
  read: ([text = '']) => (shape.test(text) ? { filter: make(text) } : { why }),
})

const INSTANT = 'Use an instant such as 2026-11-23T09:00:00Z, or a day such as 2026-11-23.'

/** Of a day, its beginning or its end in London. */
const time = (name: 'since' | 'until'): Reader => ({
  many: false,
  read: ([text = '']) => {
    const instant = /^\d{4}-\d{2}-\d{2}$/u.test(text) ? (name === 'since' ? startOfLondonDay(text) : endOfLondonDay(text)) : instantOf(text)
    return instant === undefined ? { why: INSTANT } : { filter: { [name]: instant } }
  },
})

const instantOf = (text: string): string | undefined => {
  const found = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/u.test(text) ? new Date(text) : undefined
  return found && !Number.isNaN(found.getTime()) ? found.toISOString() : undefined
}

const limit: Reader = {
  many: false,
  read: ([text = '']) => {
    const number = /^\d{1,4}$/u.test(text) ? Number(text) : 0
    return number >= 1 && number <= LARGEST_PAGE ? { filter: { limit: number } } : { why: `Use a number from 1 to ${LARGEST_PAGE}.` }
  },
}

/** May stand in an address. */
const IN_QUERY = {
  state: oneOf(DOCUMENT_STATES, (state) => ({ state })),
  route: oneOf(ROUTES, (route) => ({ route })),
  rule: matching(/^[a-z0-9-]{1,100}$/u, 'Use the name of a rule: small letters, digits and hyphens.', (rule) => ({ rule })),
  sourceId: matching(/^\P{Cc}{1,200}$/u, 'Use the id that RiO gave the document.', (sourceId) => ({ sourceId })),
  code: matching(/^([A-Za-z]{4}|-)$/u, 'Use the four letters of a document code, or - for documents without one.', (code) => ({ code: code.toUpperCase() })),
  team: matching(/^\P{Cc}{1,100}$/u, 'Use the name of a team, as RiO has it.', (team) => ({ team })),
  directorate: matching(/^\P{Cc}{1,200}$/u, 'Use the name of a directorate, as in mappings/directorates.csv.', (directorate) => ({ directorate })),
  feed: matching(/^[A-Za-z0-9._-]{1,100}$/u, 'Use the name of a feed, as its file in channels/ has it.', (feed) => ({ feed })),
  stage: oneOf(FACTS.directorate, (stage) => ({ stage })),
  wouldRoute: oneOf(RULE_ROUTES, (wouldRoute) => ({ wouldRoute })),
  marked: matching(/^(conflict|variance|instruction|taken-back)$/u, 'Use conflict, variance, instruction or taken-back.', (marked) => ({ marked: marked as Marked })),
  since: time('since'),
  until: time('until'),
  limit,
  cursor: matching(/^[\w.~=+/:-]{1,500}$/u, 'Use the cursor that came with the page before.', (cursor) => ({ cursor })),
} as const satisfies Record<string, Reader>

/** Identifies a patient: in a body only. */
const IN_BODY_ONLY = {
  nhsNumber: {
    many: false,
    read: ([text = '']) => {
      const digits = text.replaceAll(/[\s-]/gu, '')
      return /^\d{10}$/u.test(digits) ? { filter: { nhsNumber: digits } } : { why: 'Use the ten digits of an NHS number.' }
    },
  },
  title: matching(/^\P{Cc}{2,200}$/u, 'Use 2 to 200 characters of the title.', (title) => ({ title })),
} as const satisfies Record<string, Reader>

export const QUERY_PARAMETERS = Object.keys(IN_QUERY) as readonly (keyof typeof IN_QUERY)[]

/** `from` a query string or a body. A parameter that is there and empty counts as absent: that is what an empty form field sends. */
export const readFilter = (raw: { readonly [name: string]: unknown }, from: 'query' | 'body'): FilterRead => {
  const readers: { readonly [name: string]: Reader } = from === 'body' ? { ...IN_QUERY, ...IN_BODY_ONLY } : IN_QUERY
  const wrong: Wrong[] = []
  let filter: DocumentFilter = { limit: USUAL_PAGE }
  for (const [name, value] of Object.entries(raw)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
    if (!reader) {
      wrong.push({ parameter: shown(name), why: unknownParameter(name, Object.keys(readers)) })
      continue
    }
    const texts = value === undefined ? [] : textsOf(value, reader.many)
    if (texts?.length === 0) continue
    const part: Part = texts === undefined || (!reader.many && texts.length > 1) ? { why: 'Give it once, as text.' } : reader.read(texts)
    if ('why' in part) wrong.push({ parameter: name, why: part.why })
    else filter = { ...filter, ...part.filter }
  }
  return wrong.length > 0 ? { ok: false, wrong } : { ok: true, filter }
}

const textsOf = (value: unknown, many: boolean): readonly string[] | undefined => {
  const values = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const texts = values.map((one) => (typeof one === 'number' ? String(one) : one))
  if (!texts.every((text) => typeof text === 'string')) return undefined
  return texts.flatMap((text) => (many ? text.split(',') : [text])).map((text) => text.trim()).filter((text) => text !== '')
}

/** A name that nobody declared may hold anything, so only what looks like a name is said back. */
const shown = (name: string): string => (/^[A-Za-z_-]{1,40}$/u.test(name) ? name : 'a parameter')

const unknownParameter = (name: string, known: readonly string[]): string =>
  Object.hasOwn(IN_BODY_ONLY, name)
    ? 'It identifies a patient and must not stand in an address: send it in the body of POST /api/documents/search.'
    : `There is no such parameter. Use ${known.join(', ')}.`

/** One sentence for a problem's detail. */
export const wrongInWords = (wrong: readonly Wrong[]): string => wrong.map(({ parameter, why }) => `${parameter}: ${why}`).join(' ')
