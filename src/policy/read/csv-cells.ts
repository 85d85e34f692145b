// Takes the text of a table apart into cells (RFC 4180) and knows where each one stands, so that an editor can jump
// there. It refuses to guess: quotes where none belong are told, and the cells are as they were written.
import { endOf } from './encoding.ts'

export type Place = { readonly line: number; readonly col: number }
export type Cell = Place & { readonly text: string; readonly quoted: boolean }
export type CsvRecord = { readonly cells: readonly Cell[]; /** Right after its last cell. */ readonly end: Place }
export type CsvWrong = Place & { readonly message: string }

/** Where the character at `index` of a cell's text stands in the file. */
export const placeIn = (cell: Cell, index: number): Place => {
  const before = cell.text.slice(0, index)
  const { line, col } = endOf(cell.quoted ? `"${before.replaceAll('"', '""')}` : before)
  return { line: cell.line + line - 1, col: line === 1 ? cell.col + col - 1 : col }
}

const OPEN = 'the quotes do not close: put a text with quotes or commas in double quotes, and double the quotes in it'
const INSIDE = 'a quote in the middle of a text: put the whole text in double quotes, and double the quotes in it'
const AFTER = 'there is something between the closing quote and the next comma: take it out, or double the quotes inside the text'

/** Lines with nothing in them are left out. `wrong` with no records: the rest of the file could not be told apart. */
export const cellsOf = (text: string): { readonly records: readonly CsvRecord[]; readonly wrong: readonly CsvWrong[] } => {
  const records: CsvRecord[] = []
  const wrong: CsvWrong[] = []
  let [at, line, lineStart] = [0, 1, 0]
  const here = (): Place => ({ line, col: at - lineStart + 1 })
  const lineBreak = (): number => (text[at] === '\r' ? (text[at + 1] === '\n' ? 2 : 1) : text[at] === '\n' ? 1 : 0)
  const step = (): void => {
    const broken = lineBreak()
    at += broken || 1
    if (broken > 0) { line += 1; lineStart = at }
  }
  /** From the opening quote to the one that closes; undefined: none does. */
  const quoted = (): string | undefined => {
    let inside = ''
    for (at += 1; at < text.length;) {
      if (text[at] === '"' && text[at + 1] !== '"') { at += 1; return inside }
      const from = at
      if (text[at] === '"') at += 2
      else step()
      inside += text[from] === '"' ? '"' : text.slice(from, at)
    }
    return undefined
  }
  const plain = (tell: string): string => {
    const from = at
    while (at < text.length && text[at] !== ',' && lineBreak() === 0) {
      if (text[at] === '"' && tell !== '' && !text.slice(from, at).includes('"')) wrong.push({ ...here(), message: tell })
      at += 1
    }
    return text.slice(from, at)
  }

  while (at < text.length) {
    const cells: Cell[] = []
    for (;;) {
      const place = here()
      const isQuoted = text[at] === '"'
      const value = isQuoted ? quoted() : plain(INSIDE)
      if (value === undefined) return { records: [], wrong: [{ ...place, message: OPEN }] }
      cells.push({ ...place, text: value, quoted: isQuoted })
      const after = here()
      if (isQuoted && plain('') !== '') wrong.push({ ...after, message: AFTER })
      if (text[at] !== ',') break
      at += 1
    }
    if (cells.length > 1 || cells[0]!.text !== '' || cells[0]!.quoted) records.push({ cells, end: here() })
    if (at < text.length) step()
  }
  return { records, wrong }
}
