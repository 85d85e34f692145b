// The difference of two policies as text for a terminal: what goes out that did not before comes first. It refuses to
// decide anything, and names no document.
import { MOST_UNUSUAL, USUAL, type Change, type Difference, type Outcome } from '../../decide/difference.ts'
import { FACT_NAMES, type RuleRoute } from '../../types.ts'
import { differs, type FileChange, type PolicyDiff, type RuleEdit, type TestCounts } from './diff.ts'
import { limitsInWords } from './limits.ts'
import { DECIDING, type Cell, type Effect, type RowChange, type TableName } from './tables.ts'
import type { ValueChange } from './values.ts'
import { sentences } from './words.ts'
import type { Rule } from '../policy.ts'

export type Places = {
  /** `file:line` of a rule, before and after. */
  readonly before: readonly Rule[]
  readonly after: readonly Rule[]
  /** The folder of the new policy, where that is one. `settings`: those of the settings. */
  readonly folder?: string
}

export const inWords = (diff: PolicyDiff, places: Places): readonly string[] => {
  if (!differs(diff)) return [diff.before === diff.after ? 'Nothing changed.' : 'Only comments, spacing or order on the page differ: nothing is decided otherwise.']
  return [
    ...section('Rules', [...diff.edits.map(editInWords), ...ruleChanges(diff.rules, places)]),
    ...DECIDING.flatMap((table) => section(TITLES[table], [...diff.rows.filter((row) => row.table === table).flatMap(rowInWords), ...diff.effects.filter((effect) => effect.table === table).map(effectInWords)])),
    ...section('Limits of reviews', limitsInWords(diff.rows.filter(({ table }) => table === 'reviewLimits'))),
    ...diff.files.flatMap((file) => section(file.file, [...fileInWords(file), ...diff.effects.filter((effect) => isOf(effect, file.file)).map(effectInWords)])),
    ...unsaidInWords(diff.unsaid, places),
  ]
}

const section = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', title, ...lines.map(indented)])
const indented = (line: string): string => (line === '' ? '' : `  ${line}`)
const number = (count: number): string => count.toLocaleString('en-GB')
const plural = (count: number, one: string): string => `${number(count)} ${count === 1 ? one : `${one}s`}`

// ---------------------------------------------------------------- rules

const leaves = ({ route }: Outcome): boolean => route === 'pkb' || route === 'print'
export const goesOut = ({ before, after, observed }: Change): boolean => !observed && !leaves(before) && leaves(after)
const GROUPS: readonly { readonly title: string; readonly of: (change: Change) => boolean }[] = [
  { title: 'Goes out, and did not before', of: goesOut },
  { title: 'Goes out another way', of: ({ before, after, observed }) => !observed && leaves(before) && leaves(after) },
  { title: 'No longer goes out', of: ({ before, after, observed }) => !observed && leaves(before) && !leaves(after) },
  { title: 'Stays in, but otherwise', of: ({ before, after, observed }) => !observed && !leaves(before) && !leaves(after) },
  { title: 'Only observed, so nothing of it is sent, before or after', of: ({ observed }) => observed },
]
const MOST_CHANGES = 12
const MOST_SENTENCES = 6

const ruleChanges = (rules: Difference, places: Places): readonly string[] => {
  const { changes, compared, all } = rules
  if (changes.length === 0) return []
  const of = (kind: Change['of']) => changes.filter((change) => change.of === kind).toSorted((one, other) => unusualIn(one).length - unusualIn(other).length)
  const routes = of('route')
  const count = routes.reduce((sum, { combinations }) => sum + combinations, 0)
  const few = `${number(compared)} combinations with at most ${MOST_UNUSUAL} unusual facts (the rules have too little in common to go through all ${number(all)})`
  const space = compared < all ? few : `${number(all)} combinations of facts`
  return [
    routes.length === 0 ? `No combination of facts goes another way, of ${space}.` : `${number(count)} of ${space} ${count === 1 ? 'goes' : 'go'} another way.`,
    ...(rules.boxesLeftOut && compared === all ? ['They cannot be put into a few sentences, so each pair of rules has one example.'] : []),
    ...GROUPS.flatMap(({ title, of: belongs }) => some(title, routes.filter(belongs), (change) => changeInWords(change, places))),
    ...some('Listed as a conflict, and was not before', of('conflict').filter(({ after }) => after.conflict), (change) => changeInWords(change, places)),
    ...some('No longer listed as a conflict', of('conflict').filter(({ after }) => !after.conflict), (change) => changeInWords(change, places)),
    ...some('Goes the same way by another rule, so only the reason differs', of('rule'), (change) => [byAnotherRule(change, places)]),
    ...(routes.length > 0 ? ['', 'Each sentence means letters that are usual in every other way. Where a directorate is observing or not live, pkb, print and review are only what would happen.'] : []),
  ]
}

const byAnotherRule = ({ before, after, combinations }: Change, places: Places): string =>
  `${before.route}: ${place(before, places.before)} → ${place(after, places.after)}, ${plural(combinations, 'combination')}`

const some = (title: string, changes: readonly Change[], lines: (change: Change) => readonly string[]): readonly string[] => {
  if (changes.length === 0) return []
  const left = changes.slice(MOST_CHANGES)
  return ['', title, ...changes.slice(0, MOST_CHANGES).flatMap(lines).map(indented), ...(left.length > 0 ? [`  and ${number(left.length)} more pairs of rules: --json lists them`] : [])]
}

export const changeInWords = (change: Change, places: Places): readonly string[] => {
  const { before, after, combinations } = change
  const told = sentences(change.boxes)
  const way = change.of === 'route' ? `${before.route} → ${after.route}` : before.route
  const rest = told.length - MOST_SENTENCES
  return [
    ...told.slice(0, MOST_SENTENCES).map(({ text, observed }) => `${text}: ${way}${observed ? ' (only observed)' : ''}`),
    ...(told.length === 0 ? [`${way}`] : rest > 0 ? [`and ${plural(rest, 'more kind')} of them: --json lists them`] : []),
    `  ${plural(combinations, 'combination')}; before ${place(before, places.before)}, after ${place(after, places.after)}; for example ${exampleInWords(change)}`,
  ]
}

const ENGINE: { readonly [rule: string]: string } = { floor: 'the safety floor', 'no-rule-matched': 'no rule' }
const place = ({ rule, route }: { readonly rule: string; readonly route: RuleRoute }, rules: readonly Rule[]): string => {
  const found = rules.find((one) => one.name === rule && one.route === route) ?? rules.find((one) => one.name === rule)
  return found ? `${rule} (${found.file}:${found.line})` : (ENGINE[rule] ?? rule)
}

/** What is unusual about the example; those about the most usual letters come first. */
const unusualIn = ({ example }: Change) => FACT_NAMES.filter((fact) => example[fact] !== USUAL[fact])
const exampleInWords = (change: Change): string => unusualIn(change).map((fact) => `${fact} ${change.example[fact]}`).join(', ') || 'a usual letter'

const editInWords = (edit: RuleEdit): string => {
  if (edit.kind === 'changed') return `${edit.rule}: ${edit.values.map(valueInWords).join('; ')}`
  return { added: `${edit.rule} is new`, removed: `${edit.rule} is gone`, moved: `${edit.rule} stands at another place among the rules` }[edit.kind]
}

// ---------------------------------------------------------------- tables

const TITLES: Record<(typeof DECIDING)[number], string> = { codes: 'Codes', services: 'Services', directorates: 'Directorates' }

export const rowInWords = ({ table, key, kind, cells, approval }: RowChange): readonly string[] => {
  const by = `approved by ${approval.by}, ${approval.on}${kind === 'changed' && !approval.renewed ? ', as before' : ''}`
  if (kind !== 'changed') return [`${key} is ${kind === 'added' ? `new: ${listed(key, cells, 'after')} (${by})` : `gone: it was ${listed(key, cells, 'before')}`}`]
  const lines = cells.map((cell) => `${key} ${cell.column}: ${shown(cell.before)} → ${shown(cell.after)}${meaning(table, cell)}`)
  return lines.length === 1 ? [`${lines[0]} (${by})`] : [...lines, `${key} is ${by}`]
}

const shown = (cell: string): string => (cell === '' ? 'empty' : cell)
const listed = (key: string, cells: readonly Cell[], side: 'before' | 'after'): string =>
  cells.filter((cell) => cell[side] !== '' && cell[side] !== key && !cell.column.startsWith('snomed')).map((cell) => `${cell.column} ${cell[side]}`).join(', ')

const meaning = (table: TableName, { column, after }: Cell): string => {
  if (table !== 'directorates') return ''
  if (column === 'post') return after === 'team' ? ', so the team posts what is to be printed' : ', so the print house gets what is to be printed'
  return column === 'go_live' && after !== '' ? `, so what first came before ${after} is never sent` : ''
}

export const effectInWords = ({ table, keys, without, directorate, from, before, after, standing }: Effect): string => {
  const who = table === 'feeds' ? `letters that ${keys.join()} brings${without ? `, without an ${without} of their author` : ''}` : table === 'codes' ? `letters with ${keys.join(', ')}` : `letters of ${names(keys)}${directorate ? ` (${directorate})` : ''}${from ? `, first received from ${from} on` : ''}`
  const copies = standing ? `; copies that stand at PKB ${standing === 'recall' ? 'are taken back' : 'stay'}` : ''
  return before === after ? `${who}: ${after}, as before` : `${who}: ${before} → ${after}${copies}`
}
const MOST_NAMES = 8
const names = (keys: readonly string[]): string => `${keys.slice(0, MOST_NAMES).join(', ')}${keys.length > MOST_NAMES ? ` and ${keys.length - MOST_NAMES} more teams` : ''}`

// ---------------------------------------------------------------- every other file

const fileInWords = (change: FileChange): readonly string[] => {
  if (change.kind === 'unreadable') return ['cannot be compared: one of the two is not YAML']
  if (change.kind !== 'changed') return [`is ${change.kind === 'added' ? 'new' : 'gone'}${change.says ? ` (${change.says})` : ''}`]
  return [...change.values.map(valueInWords), ...(change.tests ? [testsInWords(change.tests)] : [])]
}

const isOf = ({ table, keys }: Effect, file: string): boolean => table === 'feeds' && keys.some((name) => [`channels/${name}.yaml`, `channels/${name}.yml`].includes(file))

const unsaidInWords = (unsaid: PolicyDiff['unsaid'], { folder = 'DIR' }: Places): readonly string[] => {
  const [replay, test] = folder === 'settings' ? ['', ''] : [` --with ${folder}`, ` ${folder}`]
  return unsaid.length === 0 ? [] : ['', `What these do to letters diff cannot say: ${unsaid.join(', ')}. Run npx openletter replay --since …${replay} and npx openletter test${test}.`]
}

const valueInWords = (change: ValueChange): string => {
  if (change.kind === 'changed') return `${change.path}: ${change.before} → ${change.after}`
  if (change.kind === 'secret') return `${change.path}: changed (not shown)`
  return `${change.path}: ${change.kind === 'moved' ? `another order, ${change.value}` : `${change.value} ${change.kind}`}`
}

export const testsInWords = ({ before, after, added, removed, changed }: TestCounts): string => `tests: ${number(before)} → ${number(after)} (${number(added)} added, ${number(removed)} removed, ${number(changed)} changed)`
