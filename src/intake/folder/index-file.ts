// Reads a CSV index: one row a document, its headings dotted metadata names and `file`. Pure. It refuses an index
// whose shape is wrong, a row that does not fit it, and to repeat a cell or a heading in what it says is wrong.
import { CsvError, parse, type Info } from 'csv-parse/sync'
import { Failure } from '../../errors.ts'

export type RowUpload = { readonly metadata: string; readonly file: string | null }
/** `line`: on which it begins. `csv`: the headings and the row as they came. A row that names another's document has both. */
export type IndexRow = { readonly line: number; readonly csv: string; readonly upload?: RowUpload; readonly fault?: string }

export const INDEX_BYTES = 16 * 1024 * 1024
const NEEDED = ['file', 'documentId']
const HEADING = /^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/u
/** Last names of columns whose cells hold several values. */
const LISTS = ['lines', 'formatNeeds']
const OPTIONS = { bom: true, info: true, raw: true, relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n', '\r'] }

type CsvRecord = { readonly record: readonly string[]; readonly raw: string; readonly info: Info }
type Line = { readonly cells: readonly string[]; readonly raw: string; readonly line: number }

const unreadable = (line: number, column: number | undefined, what: string): Failure =>
  new Failure('INDEX_UNREADABLE', `Line ${line}${column === undefined ? '' : `, column ${column}`}: ${what}`)

/** Throws a Failure where nothing of it can be used. */
export const readIndex = (bytes: Uint8Array): readonly IndexRow[] => {
  if (bytes.length > INDEX_BYTES) throw new Failure('TOO_LARGE', `The index is larger than ${INDEX_BYTES} bytes.`)
  const [first, ...rows] = linesOf(decode(bytes))
  if (first === undefined) throw unreadable(1, undefined, 'there are no headings.')
  const headings = first.cells.map((cell) => cell.trim())
  checkHeadings(headings, first.line)
  const column = headings.indexOf('file')
  const lines = linesByDocument(rows, headings.length, column)
  return rows.map((row) => {
    const csv = `${first.raw.trimEnd()}\n${row.raw.trim()}\n`
    const { line, cells } = row
    if (cells.length !== headings.length) return { line, csv, fault: `Line ${line}, column ${Math.min(cells.length, headings.length) + 1}: the row has ${cells.length} cells, and the headings are ${headings.length}.` }
    const other = lines.get(foldFile(cells[column]!))?.find((one) => one !== line)
    const upload = uploadOf(headings, cells)
    return other === undefined ? { line, csv, upload } : { line, csv, upload, fault: `Line ${line}, column ${column + 1}: line ${other} names the same document. Give each row a file of its own.` }
  })
}

const foldFile = (cell: string): string => cell.trim().normalize('NFC').toLowerCase()

const linesByDocument = (rows: readonly Line[], width: number, column: number): ReadonlyMap<string, readonly number[]> => {
  const lines = new Map<string, number[]>()
  for (const { cells, line } of rows) {
    const file = foldFile(cells[column] ?? '')
    if (file === '' || cells.length !== width) continue
    const known = lines.get(file)
    // Two are told of each other; more would make a long story of a file that is wrong throughout.
    if (known === undefined) lines.set(file, [line])
    else if (known.length < 2) known.push(line)
  }
  return lines
}

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const before = new TextDecoder('utf-8').decode(bytes).split('\uFFFD')[0]!.split(/\r\n|\n|\r/u)
    throw new Failure('INDEX_UNREADABLE', `Line ${before.length}, character ${before.at(-1)!.length + 1}: the index is not UTF-8. Save it from Excel as "CSV UTF-8".`)
  }
}

const countLines = (text: string): number => text.split(/\r\n|\n|\r/u).length - 1

const linesOf = (text: string): readonly Line[] => {
  let records: readonly CsvRecord[]
  try {
    records = parse(text, OPTIONS) as unknown as readonly CsvRecord[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw quotes(text, error as unknown as { readonly records?: number; readonly column?: number })
  }
  let line = 1
  return records.map(({ record, raw }) => {
    const body = raw.replace(/^[\r\n]+/u, '')
    const at = line + countLines(raw.slice(0, raw.length - body.length))
    line += countLines(raw)
    return { cells: record, raw: body, line: at }
  })
}

/** The parser says where it gave up; what helps is where the row begins in which a quote did not close. */
const quotes = (text: string, { records = 0, column = 0 }: { readonly records?: number; readonly column?: number }): Failure => {
  const before = records === 0 ? [] : parse(text, { ...OPTIONS, to: records }) as unknown as readonly CsvRecord[]
  const line = 1 + before.reduce((sum, { raw }) => sum + countLines(raw), 0)
  return unreadable(line, column + 1, 'quotes do not close. Put a text with quotes or commas in double quotes, and double the quotes in it.')
}

const OTHER_SEPARATORS = [[';', 'semicolons'], ['\t', 'tabs'], ['|', 'bars']] as const

const checkHeadings = (headings: readonly string[], line: number): void => {
  if (/^sep=/iu.test(headings[0]!)) throw unreadable(line, undefined, 'take out the line with sep=: the columns are named on the first line.')
  const separator = headings.length === 1 ? OTHER_SEPARATORS.find(([character]) => headings[0]!.includes(character)) : undefined
  if (separator) throw unreadable(line, undefined, `the cells are separated by ${separator[1]}: separate them by commas (save it from Excel as "CSV UTF-8 (Comma delimited)").`)
  for (const needed of NEEDED) if (!headings.includes(needed)) throw unreadable(line, undefined, `the column ${needed} is missing.`)
  for (const [at, heading] of headings.entries()) {
    if (!HEADING.test(heading)) throw unreadable(line, at + 1, 'a heading is a name of the metadata with dots, such as patient.nhsNumber.')
    if (headings.indexOf(heading) !== at) throw unreadable(line, at + 1, `column ${headings.indexOf(heading) + 1} has the same heading.`)
    const under = headings.findIndex((other) => other.startsWith(`${heading}.`))
    if (under >= 0) throw unreadable(line, at + 1, `column ${under + 1} is a part of it: it cannot have a value of its own.`)
  }
}

type Tree = { [name: string]: Tree | string | readonly string[] }

/** Empty cells are fields that are not there. */
const uploadOf = (headings: readonly string[], cells: readonly string[]): RowUpload => {
  const metadata = Object.create(null) as Tree
  let file: string | null = null
  for (const [at, heading] of headings.entries()) {
    const text = cells[at]!.trim()
    if (text === '') continue
    if (heading === 'file') { file = text; continue }
    const path = heading.split('.')
    const last = path.pop()!
    let inner = metadata
    for (const name of path) inner = (inner[name] ??= Object.create(null) as Tree) as Tree
    inner[last] = LISTS.includes(last) ? text.split('|').map((part) => part.trim()).filter((part) => part !== '') : text
  }
  return { metadata: JSON.stringify(metadata), file }
}
