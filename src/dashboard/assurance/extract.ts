// Reads what RiO says it sent: ids of documents, one on each line, or a CSV with a column of them, as spreadsheets write it. It
// refuses a list that it cannot read whole: a line that was skipped, or an id that a spreadsheet has shortened, would pass for
// a document that RiO never sent.
import { parse } from 'csv-parse/sync'

const MOST_IDS = 100_000
export const MOST_BYTES = 8_000_000
const LONGEST = 200
const HEADINGS = ['documentid', 'riodocumentid', 'sourceid', 'docid', 'id']

export type Extract = {
  /** Lines with an id. */
  readonly named: number
  /** Each once, in the order of the extract. */
  readonly ids: readonly string[]
  readonly duplicates: readonly { readonly id: string; readonly times: number }[]
}
export type ExtractRead = { readonly ok: true; readonly extract: Extract } | { readonly ok: false; readonly why: string }

/** With its mark a spreadsheet's "Unicode text" is UTF-16; all else is read as UTF-8. */
export const textOf = (bytes: Uint8Array): string => {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  return new TextDecoder(mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8').decode(bytes)
}

/** The whole text of a file or of a form's field. */
export const readExtract = (text: string): ExtractRead => {
  if (text.startsWith('PK\u0003\u0004')) return { ok: false, why: 'It is a spreadsheet, and no text: save it as CSV.' }
  const rows = rowsOf(text)
  if (rows === undefined) return { ok: false, why: 'It is no CSV that can be read: look for a quotation mark that is not closed.' }
  const headings = (rows[0]?.cells ?? []).map((cell) => cell.toLowerCase().replaceAll(/[^a-z]/gu, ''))
  const column = HEADINGS.map((heading) => headings.indexOf(heading)).find((at) => at >= 0)
  if (column === undefined && rows.some(({ cells }) => cells.length > 1)) return { ok: false, why: 'It has several columns: call the one with the ids documentId in the first line.' }
  const said = column === undefined ? rows : rows.slice(1)
  const bad = said.find(({ cells }) => !isId(cells[column ?? 0]))
  if (bad) return { ok: false, why: `Line ${bad.line} has no id of 1 to ${LONGEST} characters.` }
  const short = said.find(({ cells }) => SHORTENED.test(cells[column ?? 0]!))
  return short ? { ok: false, why: `Line ${short.line} has a number that a spreadsheet has shortened, such as 1.23E+11: its last digits are lost. Format the column as text, and export it again.` } : extractOf(said.map(({ cells }) => cells[column ?? 0]!))
}

const SHORTENED = /^\d([.,]\d+)?E\+\d+$/iu

/** Ids that were named and never came, and differ from one that came unnamed by zeros at the beginning alone: a spreadsheet takes them for numbers. */
export const withoutTheirZeros = (missing: readonly string[], unnamed: readonly string[]): number => {
  const came = new Set(unnamed.flatMap((id) => (/^0+\d+$/u.test(id) ? [id.replace(/^0+(?=\d)/u, '')] : [])))
  return missing.filter((id) => came.has(id)).length
}

/** Ids that came as a list. */
export const readIds = (ids: unknown): ExtractRead => {
  if (!Array.isArray(ids) || !ids.every((id): id is string => typeof id === 'string')) return { ok: false, why: 'Give ids, a list of texts.' }
  const trimmed = ids.map((id) => id.trim())
  const bad = trimmed.findIndex((id) => !isId(id))
  return bad >= 0 ? { ok: false, why: `Number ${bad + 1} is no id of 1 to ${LONGEST} characters.` } : extractOf(trimmed)
}

const isId = (text: string | undefined): boolean => text !== undefined && text !== '' && text.length <= LONGEST && !/\p{Cc}/u.test(text)

const extractOf = (named: readonly string[]): ExtractRead => {
  if (named.length === 0) return { ok: false, why: 'It has no id.' }
  if (named.length > MOST_IDS) return { ok: false, why: `It has more than ${MOST_IDS.toLocaleString('en-GB')} ids: compare a shorter time.` }
  const times = new Map<string, number>()
  for (const id of named) times.set(id, (times.get(id) ?? 0) + 1)
  return { ok: true, extract: { named: named.length, ids: [...times.keys()], duplicates: [...times].filter(([, count]) => count > 1).map(([id, count]) => ({ id, times: count })) } }
}

/** `sep=;` on the first line says how a spreadsheet splits it, and `="007"` is a text that it is not to take for a number. */
const plain = (text: string): string => text.replace(/^\uFEFF?sep=[,;\t](?=\r?\n)/iu, '').replaceAll(/(?<=^|[,;\t\r\n])=(?="[^"\r\n]*"(?:$|[,;\t\r\n]))/gu, '')

const rowsOf = (text: string): readonly { readonly cells: readonly string[]; readonly line: number }[] | undefined => {
  try {
    const rows = parse(plain(text), { bom: true, delimiter: [',', ';', '\t'], relax_column_count: true, skip_empty_lines: true, skip_records_with_empty_values: true, trim: true, info: true }) as unknown as readonly { readonly record: readonly string[]; readonly info: { readonly lines: number } }[]
    return rows.map(({ record, info }) => ({ cells: record, line: info.lines }))
  } catch {
    return undefined
  }
}
