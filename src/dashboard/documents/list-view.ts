// What the list, search and failed pages show of documents, in words ready for a view. It refuses patient data:
// rows have none.
import type { Marked } from '../../ledger/assurance.ts'
import type { DocumentRow } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import { DOCUMENT_STATES, RULE_ROUTES } from '../../types.ts'
import type { Wrong } from './filter.ts'
import { ageOf, londonTime } from '../times.ts'
import { ENGINE_RULES, factInWords, PARAMETERS_IN_WORDS, ROUTES_IN_WORDS, STATES } from '../words.ts'

export const rowView = (row: DocumentRow, now: Date) => ({
  href: `/documents/${row.id}`,
  sourceId: row.sourceId,
  state: STATES[row.state],
  route: ROUTES_IN_WORDS[row.route],
  because: row.because,
  code: row.code ?? '',
  team: row.team ?? '',
  age: ageOf(row.receivedAt, now),
  receivedAt: row.receivedAt,
  received: londonTime(row.receivedAt),
})

type Option = { readonly value: string; readonly text: string; readonly selected: boolean }

/** A choice that is in the address but not in the list is offered too, so that the form never lies about what is shown. */
const options = (chosen: string, known: readonly { readonly value: string; readonly text: string }[]): readonly Option[] => {
  const all = chosen === '' || known.some(({ value }) => value === chosen) ? known : [...known, { value: chosen, text: chosen }]
  return [{ value: '', text: 'Any' }, ...all].map(({ value, text }) => ({ value, text, selected: value === chosen }))
}

/** The filter form, filled with what the address says. */
export const filterView = (query: { readonly [name: string]: unknown }, policy: Policy) => {
  const given = (name: string): string => [query[name]].flat().filter((text) => typeof text === 'string').join(',')
  const rules = [...policy.rules.map(({ name }) => name), ...ENGINE_RULES]
  return {
    state: options(given('state'), DOCUMENT_STATES.map((value) => ({ value, text: STATES[value].text }))),
    route: options(given('route'), [...RULE_ROUTES, 'observe' as const].map((value) => ({ value, text: ROUTES_IN_WORDS[value] }))),
    rule: options(given('rule'), rules.map((value) => ({ value, text: value }))),
    code: options(given('code').toUpperCase(), [...Object.values(policy.codes).map(({ code, name }) => ({ value: code, text: `${code} ${name}` })), { value: '-', text: 'No code' }]),
    // A date field shows a day: of an instant, its day.
    since: given('since').slice(0, 10),
    sourceId: given('sourceId'),
    team: given('team'),
    directorate: options(given('directorate'), Object.entries(policy.directorates).map(([value, { name }]) => ({ value, text: name }))),
    feed: options(given('feed'), Object.keys(policy.feeds).map((value) => ({ value, text: value }))),
    until: given('until').slice(0, 10),
    more: ONLY_IN_LINKS.flatMap((name) => {
      const value = given(name)
      return value === '' ? [] : [{ name, value, text: `${PARAMETERS_IN_WORDS[name]}: ${value.split(',').map((one) => inWords(name, one, policy)).join(', ')}` }]
    }),
  }
}

/** The form has no field for these, and keeps them: a list is never narrowed by what nobody can see. */
const ONLY_IN_LINKS = ['team', 'directorate', 'feed', 'stage', 'wouldRoute', 'marked', 'until'] as const

const MARKED_IN_WORDS = { conflict: 'conflict', variance: 'variance', instruction: 'withheld by instruction', 'taken-back': 'taken back' } as const satisfies Record<Marked, string>

const inWords = (name: (typeof ONLY_IN_LINKS)[number], value: string, { directorates }: Policy): string => {
  if (name === 'directorate') return Object.hasOwn(directorates, value) ? directorates[value]!.name : value
  if (name === 'stage') return factInWords('directorate', value).text
  if (name === 'until') return londonTime(value)
  if (name === 'marked') return Object.hasOwn(MARKED_IN_WORDS, value) ? MARKED_IN_WORDS[value as Marked] : value
  return name === 'wouldRoute' && Object.hasOwn(ROUTES_IN_WORDS, value) ? ROUTES_IN_WORDS[value as keyof typeof ROUTES_IN_WORDS] : value
}

/** What is wrong with a form: for the summary at its top, and for each field. */
export const wrongView = (wrong: readonly Wrong[]) => ({
  wrong: wrong.map(({ parameter, why }) => ({ href: `#${parameter}`, text: `${Object.hasOwn(PARAMETERS_IN_WORDS, parameter) ? PARAMETERS_IN_WORDS[parameter] : parameter}: ${why}` })),
  errors: Object.fromEntries(wrong.map(({ parameter, why }) => [parameter, { text: why }])),
})

/** The same list from another cursor, or from its beginning. */
export const pageHref = (query: { readonly [name: string]: unknown }, cursor?: string): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const text of [value].flat()) if (name !== 'cursor' && typeof text === 'string' && text !== '') params.append(name, text)
  if (cursor !== undefined) params.set('cursor', cursor)
  const text = params.toString()
  return text === '' ? '/documents' : `/documents?${text}`
}

/** `about 12,000`: an estimate says no more than its first two digits. */
export const roughly = (count: number): string => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(count, 1))) - 1)
  return `about ${(Math.round(count / unit) * unit).toLocaleString('en-GB')}`
}
