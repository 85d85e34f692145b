// Reads one CSV table of codes. It refuses what spreadsheets do in silence: stray spaces, other encodings, other
// separators, rounded numbers, dates turned round, missing columns, a code twice.
import type { z } from 'zod'
import { cellsOf, placeIn, type Cell, type CsvRecord, type Place } from './csv-cells.ts'
import { DATE_WANTED, dayAdvice } from '../day.ts'
import { decode } from './encoding.ts'
import { didYouMean, nearest } from './nearest.ts'
import type { PolicyProblem } from '../problem.ts'
import { snomedAdvice } from './snomed.ts'
import { asSeen, findUnseen } from './unseen.ts'

export type CsvRow<T> = { readonly line: number; readonly row: T; /** Where the cell of a column stands. */ at(column: keyof T & string): Place }
export type CsvRead<T> = { readonly rows: readonly CsvRow<T>[]; readonly problems: readonly PolicyProblem[] }

const SAVE = 'save it from Excel as "CSV UTF-8 (Comma delimited)"'

/** `mayBeBare`: a table without a row says nothing, and nothing is wrong with that. `kept`: it was in force once, whatever stands in its cells. */
export const readCsv = <S extends z.ZodObject>(file: string, bytes: Uint8Array, row: S, key: keyof z.infer<S> & string, { mayBeBare = false, kept = false } = {}): CsvRead<z.infer<S>> => {
  const columns = Object.keys(row.shape)
  const needed = columns.filter((column) => !row.shape[column].safeParse(undefined).success)
  const problems: PolicyProblem[] = []
  const wrong: Tell = ({ line, col }, path, message) => { problems.push({ file, line, col, path, message }) }

  const decoded = decode(bytes, SAVE, kept)
  if ('message' in decoded) { wrong(decoded, '', decoded.message); return { rows: [], problems } }
  const { records, wrong: broken } = cellsOf(decoded.text)
  for (const one of broken) wrong(one, '', one.message)
  const [header, ...rest] = records
  if (!header) { if (broken.length === 0) wrong({ line: 1, col: 1 }, '', `the table is empty: line 1 names the columns ${needed.join(',')}`); return { rows: [], problems } }
  const before = problems.length
  readHeader(header, columns, needed, wrong)
  if (problems.length > before) return { rows: [], problems }
  if (rest.length === 0 && !mayBeBare) wrong(header.end, '', 'the table has no rows: write one below line 1, or nothing can be decided')

  const names = header.cells.map((cell) => cell.text)
  const seen = new Map<string, { readonly text: string; readonly line: number }>()
  const rows = rest.flatMap((record): CsvRow<z.infer<S>>[] => {
    const { cells } = record
    if (!kept && isNote(cells[0]!)) { wrong(cells[0]!, names[0]!, 'a table has no notes, so a line with # would count as a row: take it out'); return [] }
    if (!hasAsMany(record, names, wrong)) return []
    const of = (column: string): Cell => cells[names.indexOf(column)]!
    const told = new Set(kept ? [] : names.filter((column) => isMisspelt(of(column), column, wrong)))
    const name = of(key).text.trim()
    const known = seen.get(asSeen(name))
    if (known) wrong(of(key), key, `"${name}" ${known.text === name ? '' : `differs only by capitals, spaces or characters that nobody sees from "${known.text}", which `}stands on line ${known.line} already: keep one of them`)
    else if (name !== '') seen.set(asSeen(name), { text: name, line: of(key).line })
    const checked = row.safeParse(Object.fromEntries(names.map((column) => [column, of(column).text.trim()])))
    if (checked.success) return [{ line: cells[0]!.line, row: checked.data as z.infer<S>, at: (column) => ({ line: of(column).line, col: of(column).col }) }]
    for (const issue of checked.error.issues) {
      const column = String(issue.path[0] ?? '')
      if (!told.has(column)) wrong(of(column), column, advice(issue, of(column).text.trim()))
    }
    return []
  })
  return { rows, problems }
}

type Tell = (place: Place, path: string, message: string) => void

const OTHER_SEPARATORS = [[';', 'semicolons'], ['\t', 'tabs'], ['|', 'bars']] as const

/** Of the columns some need not be there. */
const readHeader = ({ cells }: CsvRecord, columns: readonly string[], needed: readonly string[], wrong: Tell): void => {
  const [first] = cells as readonly [Cell]
  const named = `line 1 names the columns ${needed.join(',')}`
  if (first.line > 1) { wrong({ line: 1, col: 1 }, '', `line 1 is empty: ${named}`); return }
  if (/^sep=/iu.test(first.text)) { wrong(first, '', 'take out the line with sep=: the columns are named on line 1'); return }
  const separator = cells.length === 1 ? OTHER_SEPARATORS.find(([character]) => first.text.includes(character)) : undefined
  if (separator) { wrong(placeIn(first, first.text.indexOf(separator[0])), '', `the cells are separated by ${separator[1]}: separate them by commas (${SAVE})`); return }

  const names = cells.map((cell) => cell.text)
  const missing = needed.filter((column) => !names.includes(column))
  const taken = new Set<string>()
  cells.forEach((cell, at) => {
    if (isUnseenTold(cell, cell.text.trim(), wrong)) { taken.add(nearest(cell.text, missing) ?? ''); return }
    if (names.indexOf(cell.text) < at && columns.includes(cell.text)) wrong(cell, cell.text, `the column ${cell.text} stands twice: keep one of them`)
    if (columns.includes(cell.text)) return
    const near = nearest(cell.text, missing)
    if (near) taken.add(near)
    wrong(cell, cell.text.trim(), cell.text.trim() === '' ? (cells.slice(at).every(({ text }) => text.trim() === '') ? 'a column without a name: in Excel delete the empty columns to the right of the table, or take out the commas at the end of each line' : `a column without a name: ${named}`) : `there is no column ${cell.text.trim()}: ${didYouMean(cell.text, missing, named)}`)
  })
  for (const column of missing) if (!taken.has(column)) wrong(first, column, `the column ${column} is missing: ${named}`)
}

/** As scripts and YAML have them; what Excel could not work out begins so too. */
const isNote = ({ text }: Cell): boolean => /^\s*#(?!\S*[!?/#])/u.test(text)

const hasAsMany = ({ cells, end }: CsvRecord, names: readonly string[], wrong: Tell): boolean => {
  if (cells.every(({ text }) => text.trim() === '')) { wrong(cells[0]!, '', 'the row is empty: take it out'); return false }
  if (cells.length === names.length) return true
  const separator = cells.length === 1 ? OTHER_SEPARATORS.find(([character]) => cells[0]!.text.split(character).length === names.length) : undefined
  if (separator) { wrong(placeIn(cells[0]!, cells[0]!.text.indexOf(separator[0])), '', `the cells of this row are separated by ${separator[1]}: separate them by commas, as on line 1`); return false }
  if (cells.length === 1 && cells[0]!.quoted && cells[0]!.text.split(',').length >= names.length) { wrong(cells[0]!, names[0]!, 'the whole row stands in double quotes, so that it is one cell: take out the quote at its beginning and the one at its end'); return false }
  const says = `the row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, and line 1 has ${names.length}: `
  if (cells.length < names.length) wrong(end, names[cells.length]!, `${says}after this ${names.slice(cells.length).join(', ')} ${names.length - cells.length === 1 ? 'is' : 'are'} missing; an empty cell needs its comma too`)
  else wrong(cells[names.length]!, '', `${says}put a text with a comma in double quotes, or take out what stands here`)
  return false
}

/** Spaces and characters that nobody sees; only the first of a cell is told. */
const isUnseenTold = (cell: Cell, column: string, wrong: Tell): boolean => {
  const { text } = cell
  const unseen = findUnseen(text)
  const breaks = /[\r\n]/u.exec(text)
  if (unseen) wrong(placeIn(cell, unseen.index), column, unseen.message)
  else if (breaks) wrong(placeIn(cell, breaks.index), column, 'take out the line break in the cell')
  else if (text !== text.trim()) wrong(placeIn(cell, text.startsWith(' ') ? 0 : text.trimEnd().length), column, `take out the space ${text.startsWith(' ') ? 'before' : 'after'} the text`)
  else return false
  return true
}

/** What a spreadsheet made of the cell; true if the cell needs no further look. */
const isMisspelt = (cell: Cell, column: string, wrong: Tell): boolean => {
  if (isUnseenTold(cell, column, wrong)) return false
  if (/^[=+@]|^-(?!$)/u.test(cell.text)) wrong(cell, column, `to Excel a cell that begins with ${cell.text[0]} is a formula: write the text itself, beginning with a letter or a digit`)
  else if (/^#(N\/A|NAME\?|REF!|VALUE!|DIV\/0!|NULL!|NUM!|#+)/u.test(cell.text)) wrong(cell, column, `Excel wrote ${cell.text} because it could not work the cell out: write the text itself`)
  else if (cell.text.startsWith('\'')) wrong(cell, column, 'take out the apostrophe before the text: Excel hides it, and here it counts')
  else if (column === 'snomed' && cell.text !== '' && snomedAdvice(cell.text)) wrong(cell, column, snomedAdvice(cell.text)!)
  else return false
  return true
}

const advice = (issue: z.core.$ZodIssue, text: string): string => {
  const inner = issue.code === 'invalid_union' ? issue.errors.flat().find(({ message }) => message.startsWith(DATE_WANTED)) ?? issue : issue
  if (inner.message.startsWith(DATE_WANTED)) return dayAdvice(text, '')
  if (issue.code === 'invalid_value') return `write one of ${issue.values.map(String).join(', ')}${text === '' ? '' : didYouMean(text, issue.values.map(String), '').replace(/^(?=.)/u, '; ')}`
  if (issue.code === 'too_small') return 'this must not be empty'
  return issue.message
}
