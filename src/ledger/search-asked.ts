// What a filter asks, as conditions in SQL: of documents, where an index of theirs leads to it, or of what is searchable (see
// migrations/0017-searchable.sql), where several things are asked at once. Both say the same. It refuses to ask anything itself.
import { Failure } from '../errors.ts'
import { BY_INSTRUCTION, TAKEN_BACK, type Marked } from './assurance.ts'
import type { DocumentFilter } from './ledger.ts'
import type { WordsAsked } from './title-words.ts'

/** Keeps a value for the statement, and says what stands for it there. */
export type Value = (given: unknown) => string

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/iu
export const isUuid = (text: string): boolean => UUID.test(text)

/** Where a list is read from, newest first. */
export type Order = { readonly at: string; readonly id: string }
export const BY_DOCUMENT: Order = { at: 'd.received_at', id: 'd.id' }
export const BY_SEARCHABLE: Order = { at: 's.received_at', id: 's.document_id' }

/** As migrations/0005-search.sql has it: only then does its index help. */
export const TEAM = (team: string): string => `upper(left(btrim(${team}), 100))`

/** Where a document's row has what it may have one of, and an index gives the newest. */
const COLUMNS = { state: 'd.state', route: 'd.route', rule: 'd.rule', code: 'd.code', team: TEAM('d.team'), directorate: 'd.directorate', feed: 'd.feed' } as const

/** What its trait is called. */
const KINDS = { state: 'state', route: 'route', rule: 'rule', code: 'code', team: 'team', directorate: 'directorate', feed: 'feed', stage: 'stage', wouldRoute: 'would', marked: 'marked' } as const satisfies { readonly [name in keyof DocumentFilter]?: string }
type Trait = keyof typeof KINDS
const NAMES = Object.keys(KINDS) as readonly Trait[]

/** For a code: documents that have none. */
const NONE = '-'

type Sought = { readonly name: Trait; readonly values: readonly string[] }
const soughtIn = (filter: DocumentFilter): readonly Sought[] =>
  NAMES.flatMap((name) => {
    const given = filter[name]
    return given === undefined ? [] : [{ name, values: typeof given === 'string' ? [given] : given }]
  })

/** As the assurance report counts them: what only the revision in force says, and the trait of whatever it can be true of. */
const TOLD: { readonly [mark in Marked]?: { readonly fits: string; readonly among: Sought } } = {
  instruction: { fits: BY_INSTRUCTION, among: { name: 'route', values: ['withhold'] } },
  'taken-back': { fits: TAKEN_BACK, among: { name: 'state', values: ['recalling', 'recalled'] } },
}
const told = ({ name, values: [mark] }: Sought) => (name === 'marked' ? TOLD[mark as Marked] : undefined)

/** How many things it is narrowed by of which any may be common. */
export const soughtTogether = (filter: DocumentFilter): number => soughtIn(filter).length + (filter.title === undefined ? 0 : 1)

// ---------------------------------------------------------------- of documents

export const ofDocuments = (filter: DocumentFilter, words: WordsAsked | undefined, value: Value): readonly string[] => [
  'd.revision > 0',
  ...soughtIn(filter).map((sought) => ofDocument(sought, value)),
  ...(filter.sourceId === undefined ? [] : [`d.source_id = ${value(filter.sourceId)}`]),
  ...(filter.nhsNumber === undefined ? [] : [`d.nhs_number = ${value(filter.nhsNumber)}`]),
  ...(words === undefined ? [] : [`(select s.words from searchable s where s.document_id = d.id) @@ ${words(value)}`]),
]

const ofDocument = (sought: Sought, value: Value): string => {
  const { name, values } = sought
  const fits = told(sought)?.fits
  if (fits) return `exists (select from revisions v where v.document_id = d.id and v.revision = d.revision and ${fits})`
  if (name === 'marked') return `d.${values[0] === 'conflict' ? 'conflict' : 'variance'}`
  if (name === 'wouldRoute') return `(${anyOf('d.would_route', values, value)} or (d.would_route is null and ${anyOf('d.route', values, value)}))`
  if (name === 'code' && values[0] === NONE) return 'd.code is null'
  if (name === 'team') return `${COLUMNS.team} = ${TEAM(`${value(values[0])}::text`)}`
  return anyOf(name === 'stage' ? 'd.stage' : COLUMNS[name], values, value)
}

/** Of one value an index gives the order too; of several it would not. */
const anyOf = (column: string, values: readonly string[], value: Value): string =>
  values.length === 1 ? `${column} = ${value(values[0])}` : `${column} = any(${value(values)}::text[])`

// ---------------------------------------------------------------- of what is searchable

export const ofSearchable = (filter: DocumentFilter, words: WordsAsked | undefined, value: Value): readonly string[] => {
  const sought = soughtIn(filter)
  const traits = sought.map((one) => told(one)?.among ?? one)
  const [one, several] = [traits.filter(({ values }) => values.length === 1), traits.filter(({ values }) => values.length !== 1)]
  return [
    ...(words === undefined ? [] : [`s.words @@ ${words(value)}`]),
    ...(one.length === 0 ? [] : [`s.traits @> array[${one.map(({ name, values }) => trait(name, values[0]!, value)).join(', ')}]::text[]`]),
    ...several.map(({ name, values }) => `s.traits && array[${values.map((one) => trait(name, one, value)).join(', ')}]::text[]`),
    ...sought.flatMap((one) => inRevision(one) ?? []),
  ]
}

const trait = (name: Trait, given: string, value: Value): string => (name === 'team' ? `'team ' || ${TEAM(`${value(given)}::text`)}` : `${value(`${KINDS[name]} ${given}`)}::text`)

const inRevision = (sought: Sought): string | undefined => {
  const fits = told(sought)?.fits
  return fits && `exists (select from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.id = s.document_id and ${fits})`
}

/**
 * When each thing that is asked for was last seen, as far as an index tells at once: before the earliest of these times nothing
 * can have them all. One that was never seen has none.
 */
export const lastSeen = (filter: DocumentFilter, value: Value): readonly string[] =>
  soughtIn(filter).flatMap(({ name, values }) => {
    if (!(name in COLUMNS) || values.includes(NONE)) return []
    const column = COLUMNS[name as keyof typeof COLUMNS]
    // In the order of the index of that column: in the order of time alone PostgreSQL might read all documents in search of one.
    const last = `select ${column} as one, d.received_at from documents d where d.revision > 0 and ${column} is not null and (${column}, d.received_at) <= (asked.one, 'infinity') order by ${column} desc, d.received_at desc limit 1`
    return [`(select max(last.received_at) from (select ${name === 'team' ? TEAM('one') : 'one'} as one from unnest(${value(values)}::text[]) each(one)) asked, lateral (${last}) last where last.one = asked.one)`]
  })

// ---------------------------------------------------------------- of both

export const times = ({ since, until, cursor }: Pick<DocumentFilter, 'since' | 'until' | 'cursor'>, { at, id }: Order, value: Value): readonly string[] => [
  ...(since === undefined ? [] : [`${at} >= ${value(since)}::timestamptz`]),
  ...(until === undefined ? [] : [`${at} < ${value(until)}::timestamptz`]),
  ...(cursor === undefined ? [] : [after(cursor, { at, id }, value)]),
]

const after = (cursor: string, { at, id }: Order, value: Value): string => {
  const [lastAt = '', lastId = ''] = cursor.split('~')
  if (Number.isNaN(Date.parse(lastAt)) || !isUuid(lastId)) throw new Failure('QUERY_INVALID', 'cursor: Use the cursor that came with the page before.')
  return `(${at}, ${id}) < (${value(new Date(lastAt).toISOString())}::timestamptz, ${value(lastId)}::uuid)`
}
