// Who approved, signed off or confirmed something, and on which day. It refuses a day that is still to come, for nobody
// can have looked at the file on it, and what stands in for a role until there is one.
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { CsvRow } from '../read/csv.ts'
import type { Read } from '../read/every-file.ts'
import type { PkbDestination } from '../schema.ts'

/** `today` is the day in London. */
export const approvals = (read: Read, today: string): readonly PolicyProblem[] => {
  const advice = (day: string): readonly string[] => (day > today ? [`${day} is still to come, and today is ${today}: write the day on which it was approved`] : [])
  const heads = [...read.channels.values(), ...read.mappings.values(), ...(read.rules ? [read.rules] : [])]
  return [
    ...heads.flatMap(({ yaml, value }) => [
      ...advice(value.approved_on).map((message) => wrongIn(yaml)(['approved_on'], message)),
      ...(value.kind === 'destination' && value.type === 'pkb' ? confirmations(value).flatMap(({ path, on }) => advice(on).map((message) => wrongIn(yaml)(path, message))) : []),
    ]),
    ...inRows(read.codes, ['approved_on'], advice),
    ...inRows(read.services, ['approved_on'], advice),
    ...inRows(read.directorates, ['approved_on', 'signed_off_on'], advice),
    ...inRows(read.reviewLimits, ['approved_on'], advice),
  ]
}

const confirmations = ({ confirmed_by_pkb: fhir, hl7_soap: { labels_confirmed_by_pkb: labels } }: PkbDestination) => [
  ...(fhir ? [{ path: ['confirmed_by_pkb', 'on'], on: fhir.on }] : []),
  ...(labels ? [{ path: ['hl7_soap', 'labels_confirmed_by_pkb', 'on'], on: labels.on }] : []),
]

// ---------------------------------------------------------------- who

/** What people write until they know: no letters at all, or a word for nobody yet. */
const NOBODY = /^(?:[^\p{L}]*|.|x+|tb[acd]|todo|to be (?:agreed|approved|confirmed|decided|done)|n\/?a|nil|none|no ?one|no ?body|some ?(?:one|body)|any ?(?:one|body)|unknown|pending|draft|test|me|yes|no|ok)[.?!]*$/iu

/** A policy that was in force keeps its approvers, whoever they were. */
export const approvers = (read: Read): readonly PolicyProblem[] => {
  const unlessRole = (wanted: string) => (who: string): readonly string[] => (who !== '' && NOBODY.test(who.trim()) ? [`"${who}" is no role: write the role that ${wanted}`] : [])
  const advice = unlessRole('approved it, such as Director of Operations')
  const heads = [...read.channels.values(), ...read.mappings.values(), ...(read.rules ? [read.rules] : [])]
  return [
    ...heads.flatMap(({ yaml, value }) => advice(value.approved_by).map((message) => wrongIn(yaml)(['approved_by'], message))),
    ...inRows(read.codes, ['approved_by'], advice),
    ...inRows(read.services, ['approved_by'], advice),
    ...inRows(read.directorates, ['approved_by', 'signed_off_by'], advice),
    ...inRows(read.reviewLimits, ['owner'], unlessRole('sees to it, such as Clinical records team')),
    ...inRows(read.reviewLimits, ['approved_by'], advice),
  ]
}

const inRows = <K extends string, R extends { readonly [column in K]: string }>({ file, rows }: { readonly file: string; readonly rows: readonly CsvRow<R>[] }, columns: readonly K[], advice: (day: string) => readonly string[]): readonly PolicyProblem[] =>
  rows.flatMap((one) => columns.flatMap((column) => advice(one.row[column]).map((message) => ({ file, ...one.at(column), path: column, message }))))
