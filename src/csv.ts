// Writes CSV as RFC 4180 says, for people who open it in a spreadsheet: every field quoted, and none that a spreadsheet
// would run as a formula. Pure. It refuses rows of different widths.

/** What starts a formula in some spreadsheet, also behind white space and in full width. */
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u

/** A field: an apostrophe in front makes a would-be formula text. */
const csvField = (text: string): string => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

/** Lines end in CR LF, the last one too. */
const csvLine = (cells: readonly string[]): string => `${cells.map(csvField).join(',')}\r\n`

export const csv = <C extends string>(columns: readonly C[], rows: readonly Readonly<Record<C, string>>[]): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))].map(csvLine).join('')

/** The same, where each column says how its cell is made from a row. */
export const csvOf = <R>(columns: Readonly<Record<string, (row: R) => string>>, rows: readonly R[]): string => {
  const names = Object.keys(columns)
  return csv(names, rows.map((row) => Object.fromEntries(names.map((name) => [name, columns[name]!(row)]))))
}
