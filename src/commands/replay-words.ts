// A replay in words: recalls first and plainly, then who would go elsewhere, then the rest in numbers. It refuses to
// name a patient: documents are named by our id and RiO's.
import type { Move, Named, Result } from './replay-tally.ts'

/** Documents named in each group, unless all are asked for. */
const FIRST = 3

type About = { readonly policy: string; readonly where: string; readonly inForce: boolean; readonly span: string; readonly narrowed: string; readonly all: boolean }

export const inWords = (result: Result, { policy, where, inForce, span, narrowed, all }: About): string => {
  const say = (moves: readonly Move[]): readonly string[] => moveLines(moves, all)
  const { recalls, elsewhere, observed, unreadable, anyway, reason, labels } = result
  const left = [recalls, elsewhere, observed, unreadable, anyway].some((moves) => moves.some(({ documents }) => documents.length > FIRST))
  return [
    `Replay under policy ${policy.slice(0, 12)} (${where}), which is ${inForce ? 'in force' : 'not in force'}. Nothing is sent and nothing is written.`,
    `${documents(result.looked)} ${span}${narrowed === '' ? '' : `, ${narrowed},`} ${result.looked === 1 ? 'was' : 'were'} looked at.`,
    ...section(`RECALL: ${documents(total(recalls))} stand${total(recalls) === 1 ? 's' : ''} at a destination and would be taken back.`,
      [...Map.groupBy(recalls, ({ destinations }) => destinations.join(' and '))].flatMap(([at, moves]) => [`  at ${at}`, ...say(moves).map((line) => `  ${line}`)])),
    '', `${documents(total(elsewhere))} would go elsewhere.`, ...say(elsewhere),
    ...section(`${documents(total(observed))} that ${total(observed) === 1 ? 'is' : 'are'} or would be only observed would be decided otherwise. Nothing of theirs leaves either way.`, say(observed)),
    ...section(`${documents(total(unreadable))} cannot be read under this policy. Their decisions would stay, and nothing new would be sent.`,
      unreadable.map(({ code, from, directorate, documents: those }) => `  ${code}  ${directorate}  now ${from}  ${names(those, all)}`)),
    ...section(`${documents(total(anyway))} would change under the policy that decided ${total(anyway) === 1 ? 'it' : 'them'} as well: more is known since.`, say(anyway)),
    ...(reason.length === 0 ? [] : ['', `${documents(total(reason))} would go the same way for another reason or with other labels (${number(labels)} with other labels).`, ...(all ? say(reason) : [])]),
    ...section('By directorate', table(['directorate', 'looked at', 'elsewhere', 'recalled'], result.directorates.filter(isTouched).map((row) => [row.directorate, row.looked, row.elsewhere, row.recalls]))),
    ...section('By rule of the decision in the ledger', table(['rule', 'looked at', 'elsewhere', 'recalled'], result.rules.filter(isTouched).map((row) => [row.rule, row.looked, row.elsewhere, row.recalls]))),
    ...(left && !all ? ['', `Only the first ${FIRST} documents of each group are named. Add --ids for all of them, or --json.`] : []),
  ].join('\n')
}

/** The others stay as they are. */
const isTouched = ({ elsewhere, recalls }: Result['rules'][number] | Result['directorates'][number]): boolean => elsewhere + recalls > 0

const section = (heading: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', heading, ...lines])

export const total = (groups: readonly { readonly documents: readonly Named[] }[]): number => groups.reduce((sum, { documents: those }) => sum + those.length, 0)

const number = (value: number): string => value.toLocaleString('en-GB')
export const documents = (count: number): string => `${number(count)} ${count === 1 ? 'document' : 'documents'}`

/** Under each pair of ways, a line for each directorate and pair of rules. */
const moveLines = (moves: readonly Move[], all: boolean): readonly string[] =>
  [...Map.groupBy(moves, ({ from, to }) => `${from} → ${to}`)].flatMap(([way, those]) => [
    `  ${way}: ${number(total(those))}`,
    ...those.map(({ directorate, fromRule, toRule, documents: named }) =>
      `    ${directorate}  ${fromRule === toRule ? fromRule : `${fromRule} → ${toRule}`}  ${number(named.length)}: ${names(named, all)}`),
  ])

const names = (named: readonly Named[], all: boolean): string => {
  const shown = all ? named : named.slice(0, FIRST)
  const more = named.length - shown.length
  return `${shown.map(({ id, sourceId }) => `${sourceId} (${id})`).join(', ')}${more > 0 ? `, and ${number(more)} more` : ''}`
}

const table = (heads: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] => {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? number(cell) : cell)))]
  const widths = heads.map((_, n) => Math.max(...cells.map((row) => row[n]!.length)))
  return rows.length === 0 ? [] : cells.map((row) => `  ${row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join('  ')}`)
}
