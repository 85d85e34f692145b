// What differs between the tables by which two policies decide, cell by cell with who approved it, and what becomes of a
// usual letter with such a code or of such a team. It refuses to guess at letters that are not usual: the rules' own
// differences say what becomes of those.
import { observes } from '../../decide/decide.ts'
import { outcomeOf, USUAL } from '../../decide/difference.ts'
import { directorateFact } from '../../decide/facts.ts'
import { standingAfter } from '../../decide/owed.ts'
import type { Facts } from '../../types.ts'
import type { Policy } from '../policy.ts'
import type { Directorate } from '../schema.ts'

type Row = { readonly approved_by: string; readonly approved_on: string }
type Deciding = 'codes' | 'services' | 'directorates'
export type TableName = Deciding | 'reviewLimits'
export type Cell = { readonly column: string; readonly before: string; readonly after: string }
export type RowChange = {
  readonly table: TableName
  readonly key: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** Of a row that came or went: what it says. Approvals are in `approval`, unless nothing else has changed. */
  readonly cells: readonly Cell[]
  readonly approval: { readonly by: string; readonly on: string; readonly renewed: boolean }
}
/** What becomes of a usual letter, before and after. */
export type Effect = {
  readonly table: Deciding | 'feeds'
  readonly keys: readonly string[]
  readonly directorate?: string
  /** Of a feed: letters that name no organisation of their author. */
  readonly without?: 'organisation'
  /** The day from which on letters have to come for it to be so. */
  readonly from?: string
  readonly before: string
  readonly after: string
  /** Of copies that stand at PKB and would no longer be sent there. */
  readonly standing?: 'recall' | 'leave'
  /** More of them reach a patient than before: as they come, or once a person has released them. */
  readonly loosens?: 'at-once' | 'released'
}

export const DECIDING: readonly Deciding[] = ['codes', 'services', 'directorates']
const APPROVAL = ['approved_by', 'approved_on']

export const tableChanges = (before: Policy, after: Policy): readonly RowChange[] => DECIDING.flatMap((table) => rowChanges(table, before[table] as Rows, after[table] as Rows))

type Rows = { readonly [key: string]: Row }
export const own = <T>(rows: { readonly [key: string]: T }, key: string): T | undefined => (Object.hasOwn(rows, key) ? rows[key] : undefined)
export const keysOf = (before: object, after: object): readonly string[] => [...new Set([...Object.keys(before), ...Object.keys(after)])]

const rowChanges = (table: Deciding, before: Rows, after: Rows): readonly RowChange[] =>
  keysOf(before, after).flatMap((key): readonly RowChange[] => {
    const [was, is] = [own(before, key), own(after, key)] as [{ [column: string]: string } | undefined, { [column: string]: string } | undefined]
    const row = (is ?? was)!
    const cells = Object.keys(row).map((column) => ({ column, before: was?.[column] ?? '', after: is?.[column] ?? '' })).filter((cell) => cell.before !== cell.after)
    if (cells.length === 0) return []
    const told = cells.filter(({ column }) => !APPROVAL.includes(column))
    const approval = { by: row['approved_by']!, on: row['approved_on']!, renewed: told.length < cells.length }
    return [{ table, key, kind: !was ? 'added' : !is ? 'removed' : 'changed', cells: told.length > 0 ? told : cells, approval }]
  })

// ---------------------------------------------------------------- what becomes of a usual letter

export const effects = (before: Policy, after: Policy): readonly Effect[] => [...codeEffects(before, after), ...teamEffects(before, after)]

/** What becomes of a document with these facts: `pkb (to-pkb)`. */
export const becomes = (policy: Policy, facts: Facts, post?: Directorate['post']): string => {
  const { route, rule } = outcomeOf(policy.rules, facts)
  if (observes(facts, route)) return `observe (would be ${route}, ${rule})`
  return `${route === 'print' && post === 'team' ? 'left to the team' : route} (${rule})`
}

const goesToPkb = ({ rules }: Policy, facts: Facts): boolean => outcomeOf(rules, facts).route === 'pkb' && !observes(facts, 'pkb')
export const standingOf = (before: Policy, was: Facts, after: Policy, is: Facts): Pick<Effect, 'standing'> =>
  goesToPkb(before, was) && !goesToPkb(after, is) ? { standing: standingAfter(is) } : {}

const RELEASES = ['none', 'one', 'two'] as const
const goesOut = ({ rules }: Policy, facts: Facts): boolean => {
  const { route } = outcomeOf(rules, facts)
  return (route === 'pkb' || route === 'print') && !observes(facts, route)
}
/** `was`: undefined where no such letter was taken. */
export const loosensOf = (before: Policy, was: Facts | undefined, after: Policy, is: Facts): Pick<Effect, 'loosens'> => {
  const release = RELEASES.find((one) => goesOut(after, { ...is, release: one }) && !(was && goesOut(before, { ...was, release: one })))
  return release === undefined ? {} : { loosens: release === 'none' ? 'at-once' : 'released' }
}

const codeEffects = (before: Policy, after: Policy): readonly Effect[] =>
  keysOf(before.codes, after.codes).flatMap((code): readonly Effect[] => {
    const [was, is] = [factsOfCode(before, code), factsOfCode(after, code)]
    return same(was, is) ? [] : [{ table: 'codes', keys: [code], before: becomes(before, was), after: becomes(after, is), ...standingOf(before, was, after, is), ...loosensOf(before, was, after, is) }]
  })

const factsOfCode = ({ codes }: Policy, code: string): Facts => {
  const row = own(codes, code)
  return { ...USUAL, code: row?.sharing ?? 'unlisted', kind: row?.kind ?? 'unknown', producer: row?.kind === 'external' ? 'external' : 'trust' }
}

/** Teams of one directorate for which the same changes stand together. */
const teamEffects = (before: Policy, after: Policy): readonly Effect[] => {
  const each = keysOf(before.services, after.services).flatMap((team): readonly Effect[] => {
    const [was, is] = [ofTeam(before, team), ofTeam(after, team)]
    if (same(was.facts, is.facts) && was.row?.post === is.row?.post) return []
    const [wasThen, isNow] = [becomes(before, was.facts, was.row?.post), becomes(after, is.facts, is.row?.post)]
    const later = is.facts.directorate === 'live' && (was.facts.directorate !== 'live' || was.row?.go_live !== is.row?.go_live) ? is.row?.go_live : undefined
    return [{ table: 'services', keys: [team], before: wasThen, after: isNow, ...standingOf(before, was.facts, after, is.facts), ...loosensOf(before, was.facts, after, is.facts), ...(is.row ? { directorate: is.row.name } : {}), ...(later ? { from: later } : {}) }]
  })
  const alike = Map.groupBy(each, ({ directorate, from, before: a, after: b, standing, loosens }) => JSON.stringify([directorate, from, a, b, standing, loosens]))
  return [...alike.values()].map((some) => ({ ...some[0]!, keys: some.flatMap(({ keys }) => keys) }))
}

/** A letter that comes when every go-live date has passed. */
const LATER = '9999-12-31T00:00:00Z'

const ofTeam = (policy: Policy, team: string): { readonly facts: Facts; readonly row?: Directorate } => {
  const service = own(policy.services, team)
  const row = service && own(policy.directorates, service.directorate)
  return { facts: { ...USUAL, service: service?.service ?? 'unknown', directorate: directorateFact(row, LATER) }, ...(row ? { row } : {}) }
}

const same = (one: Facts, other: Facts): boolean => JSON.stringify(one) === JSON.stringify(other)
