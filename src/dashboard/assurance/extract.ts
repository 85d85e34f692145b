// Reads what RiO says it sent: ids of documents, one on each line, or a CSV with a column of them. It refuses a list that it
// cannot read whole: a line that was skipped would pass for a document that RiO never sent.
import { parse } from 'csv-parse/sync'

export const MOST_IDS = 100_000
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

/** The whole text of a file or of a form's field. */
export const readExtract = (text: string): ExtractRead => {
  const rows = rowsOf(text)
  if (rows === undefined) return { ok: false, why: 'It is no CSV that can be read: look for a quotation mark that is not closed.' }
  const headings = (rows[0]?.cells ?? []).map((cell) => cell.toLowerCase().replaceAll(/[^a-z]/gu, ''))
  const column = HEADINGS.map((heading) => headings.indexOf(heading)).find((at) => at >= 0)
  if (column === undefined && rows.some(({ cells }) => cells.length > 1)) return { ok: false, why: 'It has several columns: call the one with the ids documentId in the first line.' }
  const said = column === undefined ? rows : rows.slice(1)
  const bad = said.find(({ cells }) => !isId(cells[column ?? 0]))
  return bad ? { ok: false, why: `Line ${bad.line} has no id of 1 to ${LONGEST} characters.` } : extractOf(said.map(({ cells }) => cells[column ?? 0]!))
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

const rowsOf = (text: string): readonly { readonly cells: readonly string[]; readonly line: number }[] | undefined => {
  try {
    const rows = parse(text, { bom: true, delimiter: [',', ';', '\t'], relax_column_count: true, skip_empty_lines: true, trim: true, info: true }) as unknown as readonly { readonly record: readonly string[]; readonly info: { readonly lines: number } }[]
    return rows.map(({ record, info }) => ({ cells: record, line: info.lines }))
  } catch {
    return undefined
  }
}
