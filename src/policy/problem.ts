// One thing that is wrong in a file that an analyst edits: where, what, and what to write instead. It refuses to be without a
// place: a problem of a whole file stands on its first line.

export type PolicyProblem = { readonly file: string; readonly line: number; readonly col: number; readonly path: string; readonly message: string }

/** `file:line:col path: what is wrong, and what to write instead`. */
export const printProblem = ({ file, line, col, path, message }: PolicyProblem): string => `${file}:${line}:${col} ${path === '' ? '' : `${path}: `}${message}`

export const inOrder = (problems: readonly PolicyProblem[]): readonly PolicyProblem[] =>
  [...problems].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.col - b.col)

/** Makes problems of one file out of a path in it. */
export const wrongIn = (file: { readonly file: string; at(path: readonly PropertyKey[]): { readonly line: number; readonly col: number } }) =>
  (path: readonly PropertyKey[], message: string): PolicyProblem => ({ file: file.file, ...file.at(path), path: path.map(String).join('.'), message })
