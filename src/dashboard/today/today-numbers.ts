// A day's numbers from what the ledger tells: by feed, by destination, by hour beside the usual of the same weekday, by day,
// and by the age of what waits. Pure. It refuses to guess: what too few days or no movement tell is left out.
import { endOfLondonDay, londonDay, londonHour, startOfLondonDay } from '../../decide/london.ts'
import type { Halt } from '../../ledger/channel-words.ts'
import { BAND_SECS, CIRCUITS, type CircuitName, type Flow, type FlowAsked, type FlowWhat } from '../../ledger/flow-words.ts'
import { COLUMN_OF, COLUMNS, type Column } from '../../ledger/reconciliation.ts'

const HOUR_MS = 3_600_000
const WEEKS = 4
const DAYS = 14
/** Fewer do not make a habit. */
const FEWEST_LIKE = 2
/** Over which the rate is taken. */
export const RATE_MINUTES = 10

export type Columns = { readonly [C in Column]: number }
/** `halted`: by a person. */
export type FeedToday = { readonly feed: string; readonly came: number; readonly refused: number; readonly stands: Columns; readonly halted?: Halt }
export type CircuitToday = { readonly destination: string; readonly circuit: CircuitName; readonly until?: string; readonly code?: string; readonly since: string; /** Processes that see it so, of all that send there. */ readonly processes: number; readonly of: number }
export type DestinationToday = {
  readonly destination: string
  readonly today: { readonly [W in Exclude<FlowWhat, 'in'>]: number }
  readonly waiting: number
  readonly waitingSince?: string
  readonly trouble: number
  readonly troubleSince?: string
  readonly perMinute: number
  /** At this rate, without what comes in meanwhile; absent where nobody knows. */
  readonly drainMinutes?: number
  /** Absent where no process has been heard of. */
  readonly circuit?: CircuitToday
  /** By a person. */
  readonly halted?: Halt
}
export type HourToday = { readonly label: string; readonly since: string; readonly in: number; readonly out: number; readonly usualIn?: number; readonly usualOut?: number }
export type DayBefore = { readonly day: string } & Columns
export type Age = { /** Seconds; the last has no end. */ readonly from: number; readonly to?: number; readonly count: number; readonly byDestination: { readonly [destination: string]: number } }

export type Today = {
  readonly at: string
  /** In London. */
  readonly day: string
  readonly since: string
  readonly until: string
  readonly feeds: readonly FeedToday[]
  readonly destinations: readonly DestinationToday[]
  /** Where questions are asked beside: accounts. */
  readonly circuits: readonly CircuitToday[]
  readonly review: { readonly count: number; readonly since?: string }
  readonly hours: readonly HourToday[]
  /** How many days the usual is made from. */
  readonly like: number
  /** Until the last hour that is over: what came in, and what usually does. */
  readonly soFar: { readonly hours: number; readonly in: number; readonly out: number; readonly usualIn?: number; readonly usualOut?: number }
  readonly days: readonly DayBefore[]
  readonly ages: readonly Age[]
}

const shifted = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 24 * HOUR_MS).toISOString().slice(0, 10)
const spanOf = (day: string) => ({ since: startOfLondonDay(day)!, until: endOfLondonDay(day)! })

/** What to ask the ledger for at this moment. */
export const askedAt = (now: Date): FlowAsked & { readonly day: string } => {
  const day = londonDay(now)
  return {
    now: now.toISOString(), day, ...spanOf(day),
    like: Array.from({ length: WEEKS }, (_, n) => spanOf(shifted(day, -7 * (n + 1)))),
    days: Array.from({ length: DAYS }, (_, n) => shifted(day, n + 1 - DAYS)).map((one) => ({ day: one, ...spanOf(one) })),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const earliest = (times: readonly string[]): string | undefined => times.toSorted()[0]

const columnsOf = (counts: readonly { readonly state: keyof typeof COLUMN_OF; readonly count: number }[]): Columns =>
  Object.fromEntries(COLUMNS.map((column) => [column, sum(counts.filter(({ state }) => COLUMN_OF[state] === column).map(({ count }) => count))])) as Columns

const names = (first: readonly string[], more: readonly string[]): readonly string[] => [...new Set([...first, ...more.toSorted()])]

/** `feeds` and `destinations`: of the policy in force; others show where anything of them moved or waits. */
export type KnownChannels = { readonly feeds: readonly string[]; readonly destinations: readonly string[]; /** What people have paused or stopped. */ readonly halted?: Readonly<Record<string, Halt>> }

export const todayOf = (flow: Flow, asked: ReturnType<typeof askedAt>, known: KnownChannels): Today => {
  const { now, day, since, until } = asked
  const mine = flow.moved.filter(({ hour }) => hour >= since && hour < until)
  const like = asked.like.filter((one) => flow.begins !== undefined && flow.begins <= one.since)
  const { hours, soFar } = hoursOf(flow, asked, like.length >= FEWEST_LIKE ? like : [])
  const haltOf = (channel: string): { readonly halted?: Halt } => {
    const halted = known.halted?.[channel]
    return halted === undefined ? {} : { halted }
  }
  return {
    at: now, day, since, until,
    feeds: names(known.feeds, [...flow.cameIn, ...flow.refused].map(({ feed }) => feed)).map((feed) => {
      const of = flow.cameIn.filter((one) => one.feed === feed)
      return { feed, came: sum(of.map(({ count }) => count)), refused: flow.refused.find((one) => one.feed === feed)?.count ?? 0, stands: columnsOf(of), ...haltOf(feed) }
    }),
    destinations: names(known.destinations, [...mine.filter(({ what }) => what !== 'in').map(({ channel }) => channel), ...[...flow.waiting, ...flow.trouble].map(({ destination }) => destination)])
      .map((destination) => destinationOf(destination, flow, mine, haltOf(destination))),
    circuits: [...new Set(flow.states.map(({ destination }) => destination))].filter((destination) => !known.destinations.includes(destination)).map((destination) => circuitOf(flow, destination)!),
    review: flow.review,
    hours, like: like.length >= FEWEST_LIKE ? like.length : 0, soFar,
    days: asked.days.map((one) => ({ day: one.day, ...columnsOf(flow.days.filter(({ day: of }) => of === one.day)) })),
    ages: [0, ...BAND_SECS].map((from, band) => {
      const of = flow.waiting.filter((one) => one.band === band)
      const to = BAND_SECS[band]
      return { from, ...(to === undefined ? {} : { to }), count: sum(of.map(({ count }) => count)), byDestination: Object.fromEntries(of.map(({ destination, count }) => [destination, count])) }
    }),
  }
}

const destinationOf = (destination: string, flow: Flow, mine: Flow['moved'], halt: Pick<DestinationToday, 'halted'>): DestinationToday => {
  const of = (what: FlowWhat): number => sum(mine.filter((one) => one.channel === destination && one.what === what).map(({ count }) => count))
  const lately = (...whats: readonly FlowWhat[]): number => sum(flow.lately.filter((one) => one.channel === destination && whats.includes(one.what)).map(({ count }) => count)) / RATE_MINUTES
  const waits = flow.waiting.filter((one) => one.destination === destination)
  const waiting = sum(waits.map(({ count }) => count))
  const waitingSince = earliest(waits.map((one) => one.since))
  const trouble = flow.trouble.find((one) => one.destination === destination)
  const circuit = circuitOf(flow, destination)
  // What is owed ends by being handed over or taken back; while it is paused, nobody knows when it goes on.
  const leaves = lately('out', 'recalled')
  const drain = waiting === 0 ? 0 : leaves > 0 && circuit && circuit.circuit !== 'open' && halt.halted === undefined ? waiting / leaves : undefined
  return {
    destination, today: { out: of('out'), read: of('read'), printed: of('printed'), recalled: of('recalled'), failed: of('failed') },
    waiting, ...(waitingSince === undefined ? {} : { waitingSince }), trouble: trouble?.count ?? 0, ...(trouble ? { troubleSince: trouble.since } : {}),
    perMinute: lately('out'), ...(drain === undefined ? {} : { drainMinutes: Math.ceil(drain) }), ...(circuit ? { circuit } : {}), ...halt,
  }
}

/** Each process has its own view: the worst is told. */
const circuitOf = (flow: Flow, destination: string): CircuitToday | undefined => {
  const of = flow.states.filter((one) => one.destination === destination)
  const worst = of.toSorted((a, b) => BADNESS[b.circuit] - BADNESS[a.circuit] || (b.until ?? '').localeCompare(a.until ?? ''))[0]
  if (!worst) return undefined
  const { process: _process, ...state } = worst
  return { ...state, processes: of.filter(({ circuit }) => circuit === worst.circuit).length, of: of.length }
}
const BADNESS = { closed: 0, slow: 1, 'half-open': 2, open: 3 } as const satisfies Record<(typeof CIRCUITS)[number], number>

// ---------------------------------------------------------------- by hour

const hoursIn = ({ since, until }: { readonly since: string; readonly until: string }): readonly string[] =>
  Array.from({ length: (Date.parse(until) - Date.parse(since)) / HOUR_MS }, (_, n) => new Date(Date.parse(since) + n * HOUR_MS).toISOString())

const clock = (hour: string): string => String(londonHour(new Date(hour))).padStart(2, '0')

/** The middle one of them: one odd day does not move it. */
const median = (numbers: readonly number[]): number | undefined => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length === 0 ? undefined : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const hoursOf = (flow: Flow, asked: FlowAsked, like: FlowAsked['like']): Pick<Today, 'hours' | 'soFar'> => {
  const counts = new Map<string, number>()
  for (const { hour, what, count } of flow.moved) counts.set(`${what} ${hour}`, (counts.get(`${what} ${hour}`) ?? 0) + count)
  const inThe = (hour: string, what: 'in' | 'out'): number => counts.get(`${what} ${hour}`) ?? 0
  const days = like.map((day) => hoursIn(day).map((hour) => ({ hour, label: clock(hour) })))
  // On the night when the clock goes back an hour comes twice: both count towards it.
  const usual = (labels: readonly string[], what: 'in' | 'out'): number | undefined =>
    median(days.map((hours) => hours.filter(({ label }) => labels.includes(label))).filter((hours) => hours.length > 0).map((hours) => sum(hours.map(({ hour }) => inThe(hour, what)))))
  const today = hoursIn(asked)
  const hours = today.map((hour, n): HourToday => {
    const again = n > 0 && clock(hour) === clock(today[n - 1]!)
    const [usualIn, usualOut] = again ? [] : [usual([clock(hour)], 'in'), usual([clock(hour)], 'out')]
    return { label: `${clock(hour)}${again ? ' again' : ''}`, since: hour, in: inThe(hour, 'in'), out: inThe(hour, 'out'), ...(usualIn === undefined ? {} : { usualIn }), ...(usualOut === undefined ? {} : { usualOut }) }
  })
  const over = today.filter((hour) => Date.parse(hour) + HOUR_MS <= Date.parse(asked.now))
  const labels = over.map(clock)
  const [usualIn, usualOut] = [usual(labels, 'in'), usual(labels, 'out')]
  return {
    hours,
    soFar: {
      hours: over.length, in: sum(over.map((hour) => inThe(hour, 'in'))), out: sum(over.map((hour) => inThe(hour, 'out'))),
      ...(over.length === 0 || usualIn === undefined ? {} : { usualIn }), ...(over.length === 0 || usualOut === undefined ? {} : { usualOut }),
    },
  }
}
