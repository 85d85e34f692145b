// A report for a terminal, taken apart for a page and for programs: titles, and lines with how deep they stand. It
// refuses to say anything in words of its own.

export type Line = { readonly text: string; readonly depth: number }
export type Section = { readonly title: string; readonly lines: readonly Line[] }

/** A line without an indent after an empty one is a title. */
export const sectionsOf = (report: readonly string[]): readonly Section[] => {
  const sections: { title: string; lines: Line[] }[] = []
  for (const [n, line] of report.entries()) {
    if (line === '') continue
    if (indentOf(line) === 0 && report[n + 1]?.startsWith(' ')) sections.push({ title: line, lines: [] })
    else (sections.at(-1) ?? sections[sections.push({ title: '', lines: [] }) - 1]!).lines.push({ text: line.trim(), depth: Math.max(0, indentOf(line) / 2 - 1) })
  }
  return sections
}

/** Lines without a title among them. */
export const linesOf = (report: readonly string[]): readonly Line[] => report.map((line) => ({ text: line.trim(), depth: indentOf(line) / 2 }))

const indentOf = (line: string): number => line.length - line.trimStart().length
