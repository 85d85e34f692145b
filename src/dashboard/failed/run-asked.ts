// What somebody wants planned, from a form or a body. It refuses what is not said in full, more than the destination's own
// pace, and to take a slip for what has changed.
import { MOST_PER_MINUTE, RUN_KINDS, USUAL_PER_MINUTE, type RunKind } from '../../decide/retry-run.ts'
import type { RunAsked, RunOf } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Wrong } from '../documents/filter.ts'
import { wrongReason } from '../reason.ts'

type Given = { readonly [name: string]: unknown }
export type RunRead = { readonly ok: true; readonly asked: RunAsked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const isGiven = (value: unknown): boolean => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)

export const readRun = (given: Given, policy: Policy): RunRead => {
  const [kind, of, changed, perMinute] = [kindOf(given['kind']), ofWhat(given), changedOf(given['changed']), rateOf(given['perMinute'])]
  const wrong = [kind, of, changed, perMinute].flatMap((one) => ('wrong' in one ? [one.wrong] : []))
  if ('wrong' in kind || 'wrong' in of || 'wrong' in changed || 'wrong' in perMinute) return { ok: false, wrong }
  return { ok: true, asked: { kind: kind.value, of: of.value, ...(changed.value === undefined ? {} : { changed: changed.value }), perMinute: (destination) => pace(policy, destination, perMinute.value) } }
}

type One<T> = { readonly value: T } | { readonly wrong: Wrong }

const kindOf = (given: unknown): One<RunKind> => {
  const kind = isGiven(given) ? RUN_KINDS.find((one) => one === given) : 'retry'
  return kind ? { value: kind } : { wrong: { parameter: 'kind', why: `Use ${RUN_KINDS.join(', ')}.` } }
}

const ofWhat = ({ group, deliveries, run }: Given): One<RunOf> => {
  const chosen = [group, deliveries, run].filter(isGiven)
  const ids = typeof deliveries === 'string' && deliveries !== '' ? [deliveries] : deliveries
  if (chosen.length !== 1) return { wrong: { parameter: 'deliveries', why: 'Choose a group, deliveries or another plan: one of the three.' } }
  if (isGiven(group)) return typeof group === 'string' ? { value: { group } } : { wrong: { parameter: 'group', why: 'Use the key of a group.' } }
  if (isGiven(run)) return typeof run === 'string' ? { value: { run } } : { wrong: { parameter: 'run', why: 'Use the id of a run.' } }
  return Array.isArray(ids) && ids.every((id): id is string => typeof id === 'string') ? { value: { deliveries: ids } } : { wrong: { parameter: 'deliveries', why: 'Use the ids of deliveries.' } }
}

const changedOf = (given: unknown): One<string | undefined> => {
  if (!isGiven(given)) return { value: undefined }
  const why = wrongReason(given)
  return why === undefined ? { value: String(given).trim() } : { wrong: { parameter: 'changed', why: why.replace('Say why', 'Say what has changed') } }
}

const rateOf = (given: unknown): One<number | undefined> => {
  if (!isGiven(given)) return { value: undefined }
  const rate = typeof given === 'string' && /^\d{1,4}$/u.test(given.trim()) ? Number(given) : given
  return typeof rate === 'number' && Number.isInteger(rate) && rate >= 1 && rate <= MOST_PER_MINUTE ? { value: rate } : { wrong: { parameter: 'perMinute', why: `Use a number from 1 to ${MOST_PER_MINUTE}.` } }
}

/** Never more than the channel lets through in a minute. */
const pace = ({ destinations: { pkb } }: Policy, destination: string, wanted: number | undefined): number => {
  const own = destination === 'pkb' ? pkb?.per_minute : undefined
  return Math.min(wanted ?? Math.min(own ?? USUAL_PER_MINUTE, USUAL_PER_MINUTE), own ?? MOST_PER_MINUTE)
}
