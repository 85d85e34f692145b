// Reads one CSV table of codes. It refuses what spreadsheets do in silence: stray spaces, other encodings, missing
// columns, a code twice.
import { parse, CsvError, type Info } from 'csv-parse/sync'
import type { z } from 'zod'
import type { PolicyProblem } from './problem.ts'

export type CsvRow<T> = { readonly line: number; readonly row: T }

export const readCsv = <S extends z.ZodObject>(file: string, bytes: Uint8Array, row: S, key: keyof z.infer<S> & string): { readonly rows: readonly CsvRow<z.infer<S>>[]; readonly problems: readonly PolicyProblem[] } => {
  const problems: PolicyProblem[] = []
  const wrong = (line: number, col: number, path: string, message: string) => { problems.push({ file, line, col, path, message }) }
  const columns = Object.keys(row.shape)

  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    const line = badLine(bytes)
    wrong(line, 1, '', 'the file is not UTF-8: save it from Excel as "CSV UTF-8"')
    return { rows: [], problems }
  }
  let records: { record: string[]; info: Info }[]
  try {
    records = parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true }) as unknown as { record: string[]; info: Info }[]
  } catch (error) {
    wrong(error instanceof CsvError ? Number((error as unknown as { lines?: number }).lines ?? 1) : 1, 1, '', 'the quotes do not close: put a text with quotes or commas in double quotes, and double the quotes in it')
    return { rows: [], problems }
  }
  const header = records[0]?.record.map((cell) => cell.trim()) ?? []
  for (const column of columns) if (!header.includes(column)) wrong(1, 1, column, `the column ${column} is missing: line 1 names the columns ${columns.join(',')}`)
  header.forEach((column, at) => { if (!columns.includes(column)) wrong(1, at + 1, column, `there is no column ${column}: line 1 names the columns ${columns.join(',')}`) })
  if (problems.length > 0) return { rows: [], problems }

  const seen = new Map<string, number>()
  const rows = records.slice(1).flatMap(({ record, info }): CsvRow<z.infer<S>>[] => {
    // `info.lines` is the line on which the record ends; cells with line breaks are refused below, so it is its line.
    const line = info.lines
    if (record.length !== header.length) { wrong(line, Math.min(record.length, header.length) + 1, '', `the row has ${record.length} cells, and line 1 has ${header.length}`); return [] }
    const cells = Object.fromEntries(header.map((column, at) => [column, (record[at] ?? '').trim()]))
    header.forEach((column, at) => {
      const cell = record[at] ?? ''
      if (cell !== cell.trim()) wrong(line, at + 1, column, 'take out the space before or after the text')
      if (/[\r\n]/u.test(cell)) wrong(line, at + 1, column, 'take out the line break in the cell')
    })
    const name = cells[key] ?? ''
    if (seen.has(name)) wrong(line, header.indexOf(key) + 1, key, `"${name}" stands on line ${seen.get(name)} already: keep one of them`)
    else seen.set(name, line)
    const checked = row.safeParse(cells)
    if (checked.success) return [{ line, row: checked.data as z.infer<S> }]
    for (const issue of checked.error.issues) {
      const column = String(issue.path[0] ?? '')
      const message = issue.code === 'invalid_value' ? `write one of ${issue.values.map(String).join(', ')}` : issue.code === 'too_small' ? 'this must not be empty' : issue.code === 'invalid_union' ? 'write a date as 2026-11-20, or leave it empty' : issue.message
      wrong(line, header.indexOf(column) + 1, column, message)
    }
    return []
  })
  return { rows, problems }
}

const badLine = (bytes: Uint8Array): number => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  let start = 0
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== 10) continue
    try { decoder.decode(bytes.subarray(start, at)) } catch { return line }
    line += 1
    start = at + 1
  }
  return 1
}
