// What programs may ask for: the shapes of queries and bodies of the API, each once, from the parameters that `filter.ts`
// reads. They refuse to read anything: who answers does, and these are what the description of the API is made from.
import { z } from 'zod'
import { COLUMNS } from '../ledger/reconciliation.ts'
import { DOCUMENT_STATES, FACTS, RULE_ROUTES } from '../types.ts'
import { QUERY_PARAMETERS } from './documents/filter.ts'

type Parameter = (typeof QUERY_PARAMETERS)[number]

const several = (values: readonly string[]): string => `One or more of ${values.join(', ')}, with commas.`

const SAYS = {
  state: several(DOCUMENT_STATES),
  route: several([...RULE_ROUTES, 'observe']),
  rule: 'The name of a rule, as in mappings/sharing-rules.yaml.',
  sourceId: 'The id that RiO gave the document.',
  code: 'The four letters of a document code; -, documents without one.',
  team: 'The RiO team, in any case.',
  directorate: 'Its short name, as in mappings/directorates.csv.',
  feed: 'The name of a feed, as in channels/.',
  stage: `What the directorate and the feed let out, as it was decided. ${several(FACTS.directorate)}`,
  wouldRoute: `Where it goes, or would go if it were not observed. ${several(RULE_ROUTES)}`,
  marked: 'conflict, variance, instruction or taken-back.',
  since: 'Received at or after: an instant, or a day, which begins at midnight in London.',
  until: 'Received before this instant, or until the end of this day in London.',
  limit: '1 to 200; 50 if it is not given.',
  cursor: 'The cursor of the answer before, for the next page.',
} as const satisfies Record<Parameter, string>

const parameter = (name: Parameter) => z.string().optional().meta({ description: SAYS[name] })
const query = (...names: readonly Parameter[]) => Object.fromEntries(names.map((name) => [name, parameter(name)]))

export const listQuery = z.strictObject(query(...QUERY_PARAMETERS))
export const spanQuery = z.strictObject(query('since', 'until'))
export const assuranceQuery = z.strictObject({ ...query('since', 'until', 'directorate'), sort: z.string().optional().meta({ description: 'withheld, leaks or name; withheld if it is not given.' }) })
export const observingQuery = z.strictObject({ ...query('since', 'until', 'directorate'), by: z.string().optional().meta({ description: 'day or month; day if it is not given.' }) })
export const pageQuery = z.strictObject(query('limit', 'cursor'))
export const extractQuery = z.strictObject({ ...query('since', 'until'), source: z.string().optional().meta({ description: 'The source system, where there is more than one.' }) })
export const behindQuery = z.strictObject({ day: z.iso.date().meta({ description: 'A day in London.' }), feed: z.string().meta({ description: SAYS.feed }), column: z.enum(['received', ...COLUMNS]) })
export const refusedQuery = behindQuery.omit({ column: true })
export const recallsQuery = z.strictObject({ kind: z.string().optional().meta({ description: 'open, late or unconfirmed; open if it is not given.' }) })

const MANY: readonly Parameter[] = ['state', 'route', 'stage', 'wouldRoute']
const member = (name: Parameter) => (name === 'limit' ? z.union([z.int(), z.string()]) : MANY.includes(name) ? z.union([z.string(), z.array(z.string())]) : z.string()).nullish().meta({ description: SAYS[name] })

/** As the list's query, and what identifies a patient. */
export const searchAsked = z.strictObject({
  ...Object.fromEntries(QUERY_PARAMETERS.map((name) => [name, member(name)])),
  nhsNumber: z.string().optional().meta({ description: 'Ten digits, with or without spaces.' }), title: z.string().optional().meta({ description: 'Words in the title, each by its beginning; or a phrase in quotes.' }),
}).meta({ id: 'Search' })
