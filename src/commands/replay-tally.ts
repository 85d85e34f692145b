// What a replay found, added up document by document: who would go elsewhere, from where to where, by directorate and
// rule. Pure. It refuses to lay at the policy's door what would change under the old one as well.
import type { Replayed } from '../ledger/ledger.ts'
import { sameWay } from '../ledger/replay.ts'
import type { Planned } from '../plan.ts'
import type { Decision, Route } from '../types.ts'

export type Named = { readonly id: string; readonly sourceId: string }

/** `observed`: it goes another way, nothing leaves before or after, and no list of reviews gains or loses it. `reason`: rule, words or labels. */
export type Kind = 'same' | 'reason' | 'observed' | 'elsewhere' | 'unreadable'

/** One document, without anything of its message. */
export type Looked = Named & {
  readonly kind: Kind
  readonly directorate: string
  readonly from: string
  readonly fromRoute: Route
  readonly fromRule: string
  /** As it was, where it cannot be read. */
  readonly to: string
  readonly toRoute: Route
  readonly toRule: string
  readonly otherLabels: boolean
  /** Why it cannot be read: one of errors.ts. */
  readonly code?: string
  /** Destinations where a copy stands that would be taken back. */
  readonly recalls: readonly string[]
  /** The policy that decided it would change it as well, with what is known now. */
  readonly anyway: boolean
}

/** Documents that would all make the same move. */
export type Move = Pick<Looked, 'from' | 'to' | 'directorate' | 'fromRule' | 'toRule'> & { readonly documents: readonly Named[] }
type Total = { readonly looked: number; readonly elsewhere: number; readonly recalls: number }

export type Result = {
  readonly looked: number
  /** A copy stands and would be taken back. They are among the others too. */
  readonly recalls: readonly (Move & { readonly destinations: readonly string[] })[]
  readonly elsewhere: readonly Move[]
  readonly observed: readonly Move[]
  readonly unreadable: readonly (Pick<Move, 'from' | 'directorate' | 'documents'> & { readonly code: string })[]
  /** Not by this policy: more is known since. */
  readonly anyway: readonly Move[]
  readonly reason: readonly Move[]
  /** Of `reason`, those with other labels. */
  readonly labels: number
  readonly directorates: readonly (Total & { readonly directorate: string })[]
  /** By the rule of the decision in the ledger. */
  readonly rules: readonly (Total & { readonly rule: string })[]
}

// ---------------------------------------------------------------- one document

/** In one word, where a decision sends a document; of one that is observed, where it would go. */
const wayOf = ({ route, leftToTeam, wouldRoute }: Decision): string => (leftToTeam ? 'left to the team' : route === 'observe' ? `observe (${wouldRoute ?? 'unknown'})` : route)

const sameLabels = (a: Decision, b: Decision): boolean => a.labels.length === b.labels.length && a.labels.every((label) => b.labels.includes(label))

const sameReason = (a: Decision, b: Decision): boolean =>
  a.rule === b.rule && a.because === b.because && a.wouldRule === b.wouldRule && a.conflict === b.conflict && a.variance === b.variance

/** It leaves, or a person has it in front of them. */
const matters = ({ route }: Decision): boolean => route === 'pkb' || route === 'print' || route === 'review'

const kindOf = (recorded: Decision, decision: Decision): Kind => {
  if (!sameWay(recorded, decision)) return [recorded, decision].some(({ route }) => route === 'observe') && ![recorded, decision].some(matters) ? 'observed' : 'elsewhere'
  return sameReason(recorded, decision) && sameLabels(recorded, decision) ? 'same' : 'reason'
}

/** `again`: planned under the policy that decided it, with what is known now; asked for only where something changes. */
export const lookedAt = ({ row, recorded, planned, recalls }: Replayed, again: () => Planned | undefined): Looked => {
  const decision = planned.ok ? planned.plan.decision : recorded
  const kind = planned.ok ? kindOf(recorded, decision) : 'unreadable'
  const before = (kind === 'same' && recalls.length === 0) || !planned.ok ? undefined : again()
  return {
    id: row.id, sourceId: row.sourceId, kind, recalls,
    directorate: row.directorate ?? (planned.ok ? planned.plan.directorate : undefined) ?? 'unknown',
    from: wayOf(recorded), fromRoute: recorded.route, fromRule: recorded.rule, to: wayOf(decision), toRoute: decision.route, toRule: decision.rule,
    otherLabels: !sameLabels(recorded, decision),
    ...(planned.ok ? {} : { code: planned.refusal.code }),
    anyway: before?.ok === true && kindOf(before.plan.decision, decision) === 'same',
  }
}

// ---------------------------------------------------------------- all of them

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const movesOf = (looked: readonly Looked[]): readonly Move[] =>
  [...Map.groupBy(looked, ({ from, to, directorate, fromRule, toRule }) => JSON.stringify([from, to, directorate, fromRule, toRule])).values()]
    .map((those): Move => {
      const { from, to, directorate, fromRule, toRule } = those[0]!
      return { from, to, directorate, fromRule, toRule, documents: those.map(({ id, sourceId }) => ({ id, sourceId })) }
    })
    .sort((a, b) => b.documents.length - a.documents.length || order(a.from, b.from) || order(a.to, b.to) || order(a.directorate, b.directorate))

export type Counter = { add(one: Looked): void; changed(): readonly Looked[]; result(): Result }

export const openTally = (): Counter => {
  // Of those that stay as they are only the number is kept: there may be a year of them.
  const changed: Looked[] = []
  const seen = { directorate: new Map<string, number>(), fromRule: new Map<string, number>() }
  let looked = 0
  const result = (): Result => {
    const of = (kind: Kind): readonly Looked[] => changed.filter((one) => one.kind === kind && !one.anyway)
    const recalls = changed.filter((one) => one.recalls.length > 0 && !one.anyway)
    const elsewhere = of('elsewhere')
    const totals = (by: keyof typeof seen): readonly (Total & { readonly name: string })[] => [...seen[by]].sort(([a], [b]) => order(a, b)).map(([name, count]) => ({
      name, looked: count, elsewhere: elsewhere.filter((one) => one[by] === name).length, recalls: recalls.filter((one) => one[by] === name).length,
    }))
    return {
      looked,
      recalls: [...Map.groupBy(recalls, (one) => one.recalls.join(' ')).values()].flatMap((those) => movesOf(those).map((move) => ({ ...move, destinations: those[0]!.recalls }))),
      elsewhere: movesOf(elsewhere), observed: movesOf(of('observed')), reason: movesOf(of('reason')),
      unreadable: [...Map.groupBy(of('unreadable'), ({ code = '' }) => code)].flatMap(([code, those]) => movesOf(those).map(({ from, directorate, documents }) => ({ code, from, directorate, documents }))),
      anyway: movesOf(changed.filter((one) => one.anyway)),
      labels: of('reason').filter(({ otherLabels }) => otherLabels).length,
      directorates: totals('directorate').map(({ name, ...total }) => ({ directorate: name, ...total })),
      rules: totals('fromRule').map(({ name, ...total }) => ({ rule: name, ...total })),
    }
  }
  return {
    add: (one) => {
      looked += 1
      for (const by of ['directorate', 'fromRule'] as const) seen[by].set(one[by], (seen[by].get(one[by]) ?? 0) + 1)
      if (one.kind !== 'same' || one.recalls.length > 0) changed.push(one)
    },
    changed: () => changed,
    result,
  }
}
