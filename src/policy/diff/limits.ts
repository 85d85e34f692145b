// What differs between the limits of two policies for documents that wait for a person, as they are in force: a reason
// without a row has those of the engine. It refuses to say anything of letters: a limit sends nothing another way.
import { limitOf, spanInWords } from '../../decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../../decide/review-reason.ts'
import type { Policy } from '../policy.ts'
import type { RowChange } from './tables.ts'

const REASONS = Object.keys(REVIEW_REASONS) as readonly ReviewReason[]

/** A row that came or went is told by what it changes; its cells are those in force before and after. */
export const limitChanges = (before: Policy, after: Policy): readonly RowChange[] => REASONS.flatMap((key): readonly RowChange[] => {
  const [was, is] = [before.reviewLimits[key], after.reviewLimits[key]]
  const row = is ?? was
  if (!row) return []
  const [old, now] = [limitOf(before.reviewLimits, key), limitOf(after.reviewLimits, key)]
  const approvals = (['approved_by', 'approved_on'] as const).map((column) => ({ column, before: was?.[column] ?? '', after: is?.[column] ?? '' })).filter(differs)
  const told = [{ column: 'owner', before: old.owner, after: now.owner }, { column: 'within', before: spanInWords(old.within), after: spanInWords(now.within) }].filter(differs)
  if (told.length + approvals.length === 0) return []
  return [{ table: 'reviewLimits', key, kind: !was ? 'added' : !is ? 'removed' : 'changed', cells: told, approval: { by: row.approved_by, on: row.approved_on, renewed: approvals.length > 0 } }]
})

const differs = (cell: { readonly before: string; readonly after: string }): boolean => cell.before !== cell.after

/** One sentence for each reason for which another limit is in force, and one for all of whose rows only the writing is new. */
export const limitsInWords = (changes: readonly RowChange[]): readonly string[] => {
  if (changes.length === 0) return []
  const silent = changes.filter(({ cells }) => cells.length === 0)
  return [...changes.filter(({ cells }) => cells.length > 0).map(otherLimit), ...AS_BEFORE.flatMap(([kind, says]) => {
    const keys = silent.filter((change) => change.kind === kind).map(({ key }) => key)
    return keys.length === 0 ? [] : [`${keys.join(', ')}: ${says}`]
  }), 'These say whose it is and when it is late. No letter goes another way by them.']
}

const AS_BEFORE = [
  ['added', 'written down now, as it was in force before'], ['removed', 'no longer written down, and in force as before'], ['changed', 'only the approval is another'],
] as const satisfies readonly (readonly [RowChange['kind'], string])[]

/** `external: late after 5 working days instead of 10 working days (approved by …)`. */
const otherLimit = ({ key, kind, cells, approval: { by, on, renewed } }: RowChange): string => {
  const { within, owner } = Object.fromEntries(cells.map((cell) => [cell.column, cell]))
  const changes = [
    ...(within ? [`late after ${within.after} instead of ${within.before}`] : []),
    ...(owner ? [`seen to by ${owner.after} instead of ${owner.before}`] : []),
  ]
  return `${key}: ${changes.join(', ')} (${kind === 'removed' ? 'its row is gone, and what the engine has holds' : `approved by ${by}, ${on}${renewed ? '' : ', as before'}`})`
}
