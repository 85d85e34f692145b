// How the pages of policies show a problem with its place, and who approved a file.
import type { PolicyStatus } from '../parts.ts'
import { londonTime } from '../times.ts'
import type { PlacedProblem } from './channel-parts.ts'

export const problemView = ({ file, line, col, path, message }: PlacedProblem) => ({ place: `${file}:${line}:${col}`, path, message })

export const approvalView = ({ file, by, on, rows }: ReturnType<PolicyStatus['approvals']>[number]) =>
  ({ file, by, on: londonTime(on), what: rows === undefined ? 'The file' : `${rows} ${rows === 1 ? 'row' : 'rows'}` })
