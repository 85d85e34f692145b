// What a look at what is wrong makes of the incidents that are known: opened, still open, reminded of, resolved. Pure. It
// refuses to believe in the first moment of calm, so that a thing that comes and goes is one incident and not hundreds.
import { kindOf, type Incident, type IncidentKind, type Wrong } from './incidents.ts'

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000]
/** Calm for so long, it is over; each time that it came back doubles that. */
const [CALM_MS, MOST_CALM_MS] = [10 * MINUTE_MS, 4 * HOUR_MS]
/** What comes back within this is the same incident. */
export const COMES_BACK_MS = 24 * HOUR_MS

export type Change =
  | { readonly do: 'open'; readonly wrong: Wrong }
  /** It was resolved, and came back. */
  | { readonly do: 'again'; readonly id: string; readonly wrong: Wrong }
  | { readonly do: 'still'; readonly id: string; readonly wrong: Wrong; readonly remind: boolean; /** There are so many more that it is news. */ readonly grown: boolean }
  | { readonly do: 'calm' | 'resolve'; readonly id: string }

const calmNeededMs = (times: number): number => Math.min(CALM_MS * 2 ** (times - 1), MOST_CALM_MS)

/** The first after four hours, the second after a day, each further one after twice as long. */
const remindAfterMs = (reminders: number): number => (reminders === 0 ? 4 : 24 * 2 ** (reminders - 1)) * HOUR_MS

/** So many times what people were told of. */
const GROWN = 10

const keyOf = ({ kind, thing }: Pick<Wrong, 'kind' | 'thing'>): string => `${kind}~${thing}`

/**
 * `known`: those that are open, and those that were resolved lately. Of what happens once, `wrong` holds only what nobody has
 * answered for yet: beside one that a person closed it is another.
 * `unseen`: kinds that nobody could look at, so that their absence says nothing.
 */
export const judge = (wrong: readonly Wrong[], known: readonly Incident[], now: string, unseen: readonly IncidentKind[] = []): readonly Change[] => {
  const seen = new Map(wrong.map((one) => [keyOf(one), one]))
  // Of several of one thing the latest counts: an open one, if there is any.
  const latest = new Map(known.toSorted((a, b) => order(a.resolvedAt ?? '~', b.resolvedAt ?? '~')).map((one) => [keyOf(one), one]))
  const present = [...seen.values()].flatMap((one): Change | readonly Change[] => whileWrong(one, latest.get(keyOf(one)), Date.parse(now)))
  const absent = known.filter((one) => one.resolvedAt === undefined && !seen.has(keyOf(one)) && !unseen.includes(one.kind) && !kindOf(one.kind).once)
  return [...present, ...absent.flatMap((one) => whileCalm(one, Date.parse(now)))]
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const whileWrong = (wrong: Wrong, known: Incident | undefined, now: number): readonly Change[] => {
  if (!known) return [{ do: 'open', wrong }]
  if (known.resolvedAt !== undefined) {
    return !kindOf(wrong.kind).once && now - Date.parse(known.resolvedAt) < COMES_BACK_MS ? [{ do: 'again', id: known.id, wrong }] : [{ do: 'open', wrong }]
  }
  const remind = !known.taken && now - Date.parse(known.openedAt) >= remindAfterMs(known.reminders)
  // Who has it in hand is told as well: ten times as many is another thing.
  const grown = kindOf(wrong.kind).tellsGrowth === true && wrong.count !== undefined && known.toldCount !== undefined && wrong.count >= GROWN * known.toldCount
  return [{ do: 'still', id: known.id, wrong, remind, grown }]
}

const whileCalm = ({ id, calmSince, times }: Incident, now: number): readonly Change[] => {
  if (calmSince === undefined) return [{ do: 'calm', id }]
  return now - Date.parse(calmSince) >= calmNeededMs(times) ? [{ do: 'resolve', id }] : []
}
