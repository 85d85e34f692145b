// Long lines for a terminal: broken between words, and indented below where they begin. It refuses to touch lines that
// go to a file or to another program.

const WIDEST = 100
const NARROWEST = 40

/** Undefined: it is no terminal, and lines stay as they are. */
export const widthOf = ({ isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number }): number | undefined =>
  isTTY ? Math.max(NARROWEST, Math.min(WIDEST, columns ?? WIDEST)) : undefined

export const linesFor = (lines: readonly string[], width: number | undefined): readonly string[] => (width === undefined ? lines : lines.flatMap((line) => broken(line, width)))

const broken = (line: string, width: number): readonly string[] => {
  const indent = /^ */u.exec(line)![0]
  const [first = '', ...words] = line.slice(indent.length).split(' ')
  const lines = [`${indent}${first}`]
  for (const word of words) {
    const last = lines.at(-1)!
    if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${indent}    ${word}`)
  }
  return lines
}
