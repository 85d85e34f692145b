// The tables of docs/channels.md, docs/mappings.md and docs/reviewing.md, made from the declarations, so that a page cannot say other than
// the engine does. It refuses to touch what people wrote: only what stands between two markers is made here.
import { FACT_ORIGINS } from '../decide/fact-origins.ts'
import { FLOOR, type FloorLine, type Forbidden } from '../decide/floor.ts'
import { spanInWords } from '../decide/review-limits.ts'
import { REVIEW_REASONS } from '../decide/review-reason.ts'
import { FACT_NAMES, FACTS, type FactName } from '../types.ts'
import { declared, settingsFor, type JsonSchema } from './json-schema.ts'
import { directorateRow, documentCodeRow, folderFeed, hl7Mapping, httpFeed, mllpFeed, reviewLimitRow, serviceRow, sharingRules, uploadMapping } from './schema.ts'
import { pkbDestination, printDestination, withholdDestination } from './schema-destinations.ts'

export type Page = 'channels.md' | 'mappings.md' | 'reviewing.md'

/** The generated parts of each page, by the name in their markers. */
export const parts = (): { readonly [P in Page]: { readonly [name: string]: string } } => {
  const [mllp, http, folder, pkb, print, withhold] = [mllpFeed, httpFeed, folderFeed, pkbDestination, printDestination, withholdDestination].map(declared) as [JsonSchema, JsonSchema, JsonSchema, JsonSchema, JsonSchema, JsonSchema]
  const [rules, hl7, upload] = [sharingRules, hl7Mapping, uploadMapping].map(declared) as [JsonSchema, JsonSchema, JsonSchema]
  const everyFeed = shared([mllp, http, folder])
  const everyDestination = shared([pkb, print, withhold])
  const signals = hl7.properties?.['signals']?.items ?? {}
  return {
    'channels.md': {
      'keys of every feed': keys(mllp, (key) => everyFeed.has(key)),
      'keys of an MLLP feed': keys(mllp, (key) => !everyFeed.has(key)),
      'keys of an HTTP feed': keys(http, (key) => !everyFeed.has(key)),
      'keys of a folder feed': keys(folder, (key) => !everyFeed.has(key)),
      'keys of a test': keys(mllp.properties?.['tests']?.items ?? {}),
      'keys of every destination': keys(pkb, (key) => everyDestination.has(key)),
      'keys of the PKB destination': keys(pkb, (key) => !everyDestination.has(key)),
      'keys of the print destination': keys(print, (key) => !everyDestination.has(key)),
      'keys of the withhold destination': keys(withhold, (key) => !everyDestination.has(key)),
    },
    'mappings.md': {
      facts: table(['fact', 'values', 'from'], FACT_NAMES.map((fact) => [fact, FACTS[fact].join(', '), FACT_ORIGINS[fact]])),
      'keys of the sharing rules': keys(rules),
      'keys of a rule': keys(rules.properties?.['rules']?.items ?? {}),
      floor: table(['line', 'holds when', 'for these facts', 'forbids', 'lifted by', 'a copy at PKB'], FLOOR.map(floorRow)),
      'columns of document-codes.csv': columns(declared(documentCodeRow)),
      'columns of services.csv': columns(declared(serviceRow)),
      'columns of directorates.csv': columns(declared(directorateRow)),
      'columns of review-limits.csv': columns(declared(reviewLimitRow)),
      'keys of an HL7 mapping': keys(hl7),
      'keys of an upload mapping': keys(upload),
      'keys of a signal': keys(signals),
    },
    'reviewing.md': {
      'reasons for review': table(['in the table', 'reason', 'what to do', 'owner', 'within'], Object.entries(REVIEW_REASONS).map(([name, { text, act, owner, within }]) => [code(name), text, act, owner, spanInWords(within)])),
    },
  }
}

const opening = (name: string): string => `<!-- generated: ${name} -->`
const closing = (name: string): string => `<!-- end of generated: ${name} -->`

type Unknown = { readonly name: string; readonly line: number }

/** A page with its generated parts as they are now; `unknown` are markers for which nothing is made, or that do not close. */
export const renewed = (page: string, made: { readonly [name: string]: string }): { readonly text: string; readonly unknown: readonly Unknown[] } => {
  const unknown: Unknown[] = []
  let text = page
  for (const { 1: name = '', index } of page.matchAll(/^<!-- generated: (.+) -->$/gmu)) {
    const from = text.indexOf(`${opening(name)}\n`)
    const to = text.indexOf(`\n${closing(name)}`, from)
    if (Object.hasOwn(made, name) && from >= 0 && to > from) text = `${text.slice(0, from)}${opening(name)}\n${made[name]!}${text.slice(to)}`
    else unknown.push({ name, line: page.slice(0, index).split('\n').length })
  }
  return { text, unknown }
}

// ---------------------------------------------------------------- tables

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  ['', row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row), ''].join('\n')

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/gu, ' ')).join(' | ')} |`

/** Top-level keys that all of them have, alike but for the constant that tells them apart. */
const shared = (schemas: readonly JsonSchema[]): ReadonlySet<string> => {
  const [first, ...others] = schemas
  return new Set(Object.keys(first?.properties ?? {}).filter((key) => key !== 'type' && others.every((other) => other.properties?.[key] !== undefined)))
}

/** Each key, and those of its block below it, written with dots. */
const keys = (schema: JsonSchema, only: (key: string) => boolean = () => true): string =>
  table(['key', 'required', 'type or values', 'meaning'], keyRows(schema).filter(([key]) => only(key.split('.')[0]!)).map(([key, ...cells]) => [`\`${key}\``, ...cells]))

const keyRows = (schema: JsonSchema, above = ''): readonly (readonly [string, string, string, string])[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, node]) => {
    const own = [`${above}${key}`, schema.required?.includes(key) ? 'yes' : 'no', withSettings(node, `${above}${key}`), node.description ?? ''] as const
    return node.properties && !isFacts(node) ? [own, ...keyRows(node, `${above}${key}.`)] : [own]
  })

/** No key of a mapping is called like one at which a channel takes a setting. */
const withSettings = (node: JsonSchema, path: string): string => {
  const { names, only } = settingsFor(node, path)
  return only ? names.map((name) => `\`\${${name}}\``).join(', ') : `${valuesOf(node)}${names.length > 0 ? ' or a setting' : ''}`
}

const columns = (schema: JsonSchema): string =>
  table(['column', 'may be empty', 'type or values', 'meaning'], Object.entries(schema.properties ?? {}).map(([key, node]) => [`\`${key}\``, mayBeEmpty(node) ? 'yes' : 'no', valuesOf(node), node.description ?? '']))

const mayBeEmpty = (node: JsonSchema): boolean =>
  node.anyOf ? node.anyOf.some(mayBeEmpty) : node.const === '' || (node.type === 'string' && !node.enum && !node.minLength && (!node.pattern || new RegExp(node.pattern, 'u').test('')))

/** Facts have a table of their own. */
const isFacts = (node: JsonSchema): boolean => FACT_NAMES.every((fact) => node.properties?.[fact] !== undefined)

const MOST_VALUES = 20

const valuesOf = (node: JsonSchema): string => {
  if (node.const !== undefined) return code(node.const)
  if (node.enum) return node.enum.length > MOST_VALUES ? 'a code' : node.enum.map(code).join(', ')
  if (node.anyOf) return [...new Set(node.anyOf.filter((one) => one.const !== '').map(valuesOf))].join(' or ')
  if (node.items) return `list of ${valuesOf(node.items)}${node.items.enum ? '' : 's'}`
  if (isFacts(node)) return 'facts'
  if (node.properties && node.required?.length === 1 && Object.keys(node.properties).length === 1) return code(`{ ${node.required[0]}: … }`)
  if (node.properties ?? node.additionalProperties) return 'block'
  if (node.type === 'number' || node.type === 'integer') return `${node.type === 'integer' ? 'whole number' : 'number'}${limits(node)}`
  if (node.type === 'boolean') return '`true`, `false`'
  return node.pattern === undefined ? ({ null: '`null`' }[String(node.type)] ?? 'text') : (PATTERNS.find(([example]) => new RegExp(node.pattern!, 'u').test(example))?.[1] ?? 'text')
}

const code = (value: unknown): string => `\`${String(value)}\``

const limits = ({ minimum, exclusiveMinimum, maximum }: JsonSchema): string => {
  const from = minimum !== undefined ? ` from ${minimum}` : exclusiveMinimum !== undefined ? ` above ${exclusiveMinimum}` : ''
  return `${from}${maximum === undefined ? '' : minimum === undefined ? `, at most ${maximum}` : ` to ${maximum}`}`
}

/** What only a pattern says, by a text that fits it; tried from the top. */
const PATTERNS = [
  ['any text', 'text'],
  ['2026-10-01', 'date'],
  ['3 working days', 'working hours or days'],
  ['TXA-12.1', 'place'],
  ['patient.nhsNumber', 'place'],
  ['to-pkb', 'name'],
  ['8HK12', 'ODS code'],
  ['CL', 'two to four capital letters'],
  ['CLIN', 'four capital letters'],
  ['734163000', '6 to 18 digits'],
] as const

// ---------------------------------------------------------------- the floor

const FORBIDS = { 'pkb,print,send': 'anything leaving', 'pkb,send': 'PKB', print: 'print', send: 'sending to PKB' } as const satisfies Partial<Record<string, string>>
const forbids = (what: readonly Forbidden[]): string => FORBIDS[what.join() as keyof typeof FORBIDS] ?? what.join(', ')

/** Where people can lift a line, it holds only while too few have released the document. */
const liftedBy = (release: readonly string[] | undefined): string => (release === undefined ? 'nobody' : release.includes('one') ? 'two people' : 'one person')

const STANDING = { recall: 'is taken back', leave: 'is left as it stands' } as const satisfies Record<FloorLine['standing'], string>

const floorRow = ({ id, says, when, forbids: what, standing }: FloorLine): readonly string[] => {
  const facts = (Object.entries(when) as [FactName, readonly string[]][]).filter(([fact]) => fact !== 'release').map(([fact, values]) => `${fact}: ${values.join(', ')}`)
  return [id, says, facts.join('; '), forbids(what), liftedBy(when.release), STANDING[standing]]
}
