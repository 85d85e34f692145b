// A table in Markdown, with its columns in line so that it reads well in a terminal too.

/** The first row is the head; a column whose cells below it are all numbers is set to the right. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...body] = rows
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)))
  const isNumber = head.map((_, column) => body.length > 0 && body.every((row) => /^[-–<≤~]?[\d.,]*$/u.test(row[column] ?? '')))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (isNumber[column] ? (row[column] ?? '').padStart(width) : (row[column] ?? '').padEnd(width))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (isNumber[column] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`
  return [line(head), rule, ...body.map(line)].join('\n')
}

/** The value below which `share` (0 to 1) of the values lie; undefined of none. */
export const quantile = (values: readonly number[], share: number): number | undefined => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

export const rounded = (value: number | undefined, digits = 0): string => (value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits))
