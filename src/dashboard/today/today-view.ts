// A day's numbers in words and links ready for a view, what needs a person first. It refuses to call a thing well that
// nobody knows of, and a number that leads nowhere.
import type { Halt, HaltedChannel } from '../../ledger/channel-words.ts'
import { COLUMNS, type Column } from '../../ledger/reconciliation.ts'
import type { Route } from '../../types.ts'
import { byAge } from './charts/by-age.ts'
import { byDay, type Part } from './charts/by-day.ts'
import { byHour } from './charts/by-hour.ts'
import type { Chart } from './charts/svg.ts'
import { counted, hrefTo, number, type Cell } from '../assurance/numbers-view.ts'
import { COLUMNS_IN_WORDS } from '../assurance/reconciliation-view.ts'
import { ageOf, londonTime } from '../times.ts'
import { RATE_MINUTES, type CircuitToday, type DestinationToday, type HourToday, type Today } from './today-numbers.ts'
import { ROUTES_IN_WORDS, type Colour } from '../words.ts'

/** What other parts of the engine know to need a person. */
export type Needs = { readonly stops: number; /** Channels that people have paused or stopped. */ readonly halted: readonly HaltedChannel[]; readonly recalls: { readonly open: number; readonly openSince?: string }; readonly alerts: number; /** The review queue; of it, for longer than their reason allows. */ readonly reviews: { readonly count: number; readonly late: number; readonly since?: string } }

export type Need = { readonly what: string; readonly count: number; /** Of them, for too long. */ readonly late?: number; readonly text: string; readonly since?: string; readonly href: string; readonly link: string }

const QUESTIONS: Readonly<Record<string, string>> = { 'pkb-accounts': 'Questions about accounts', 'pkb-reads': 'Questions about what was read' }

export const destinationInWords = (destination: string): string =>
  Object.hasOwn(QUESTIONS, destination) ? QUESTIONS[destination]! : Object.hasOwn(ROUTES_IN_WORDS, destination) ? ROUTES_IN_WORDS[destination as Route] : destination

const many = (count: number, one: string, more: string): string => `${number(count)} ${count === 1 ? one : more}`

/** The order is that of urgency. */
export const needsPerson = (today: Today, { stops, halted, recalls, alerts, reviews }: Needs): readonly Need[] => {
  const trouble = today.destinations.filter((one) => one.trouble > 0)
  const failed = trouble.reduce((total, one) => total + one.trouble, 0)
  const failedSince = trouble.flatMap(({ troubleSince }) => troubleSince ?? []).toSorted()[0]
  return [
    ...(stops > 0 ? [{ what: 'stops', count: stops, text: `${many(stops, 'stop is', 'stops are')} in force`, href: '/stops', link: 'See who stopped what, and why' }] : []),
    ...halted.map(({ channel, state, at }) => ({ what: 'halted', count: 1, text: `${channel} is ${state}`, since: at, href: `/channels/${encodeURIComponent(channel)}`, link: 'See who did that, and why' })),
    ...(recalls.open > 0 ? [{ what: 'recalls', count: recalls.open, text: `${many(recalls.open, 'recall is', 'recalls are')} not done`, ...(recalls.openSince === undefined ? {} : { since: recalls.openSince }), href: '/recalls', link: 'See the recalls' }] : []),
    ...(alerts > 0 ? [{ what: 'alerts', count: alerts, text: `${many(alerts, 'alert is', 'alerts are')} open`, href: '/alerts', link: 'See the alerts' }] : []),
    ...today.destinations.filter(({ circuit }) => !circuit).map(({ destination, waiting }) => ({
      what: 'no-worker', count: 1, text: `Nothing is sent to ${destinationInWords(destination)}: no worker has been heard of for over a minute`, href: waiting > 0 ? behindHref(destination, 'waiting') : '/channels', link: waiting > 0 ? `See what waits` : 'See the channels',
    })),
    ...(failed > 0 ? [{ what: 'failed', count: failed, text: `${many(failed, 'delivery', 'deliveries')} failed or blocked`, ...(failedSince === undefined ? {} : { since: failedSince }), href: '/failed', link: 'See them by cause' }] : []),
    ...(reviews.count > 0 ? [{ what: 'reviews', count: reviews.count, ...(reviews.late > 0 ? { late: reviews.late } : {}), text: `${many(reviews.count, 'document waits', 'documents wait')} for a person to decide${reviews.late > 0 ? `, ${number(reviews.late)} of them for too long` : ''}`, ...(reviews.since === undefined ? {} : { since: reviews.since }), href: '/reviews', link: 'See them, oldest first' }] : []),
  ]
}

export const behindHref = (destination: string, what: string): string => hrefTo('/today/behind', { destination, what })

// ---------------------------------------------------------------- tables

/** Where there is none of these, nobody misses their columns. */
const RARE: readonly Column[] = ['leftToTeam', 'observed']
const columnsIn = (feeds: Today['feeds']): readonly Column[] => COLUMNS.filter((column) => !RARE.includes(column) || feeds.some(({ stands }) => stands[column] > 0))

const feedCells = ({ feed, came, refused, stands }: Today['feeds'][number], columns: readonly Column[], day: string): readonly Cell[] => [
  counted('Came in', came, hrefTo('/reconciliation/documents', { day, feed, column: 'received' })),
  ...columns.map((column) => counted(COLUMNS_IN_WORDS[column], stands[column], hrefTo('/reconciliation/documents', { day, feed, column }))),
  counted('Refused', refused, '/today/refused'),
]

const DESTINATION_HEADS = ['Circuit', 'Handed over', 'Read or printed', 'Taken back', 'Failed', 'Waiting', 'Oldest', 'Rate', 'Time to drain'] as const

const destinationCells = (one: DestinationToday, now: Date): readonly Cell[] => {
  const { destination, today, waiting, waitingSince, perMinute } = one
  const link = (head: string, value: number, what: string): Cell => counted(head, value, behindHref(destination, what))
  return [
    link('Handed over', today.out, 'out'),
    // PKB tells what was read, the print house what was printed.
    destination === 'print' ? link('Read or printed', today.printed, 'printed') : link('Read or printed', today.read, 'read'),
    link('Taken back', today.recalled, 'recalled'), link('Failed', today.failed, 'failed'), link('Waiting', waiting, 'waiting'),
    { head: 'Oldest', text: waitingSince === undefined ? 'None' : ageOf(waitingSince, now) },
    { head: 'Rate', text: perMinute === 0 ? `None in ${RATE_MINUTES} minutes` : `${perMinute.toLocaleString('en-GB', { maximumFractionDigits: 1 })} a minute` },
    { head: 'Time to drain', text: drainInWords(one) },
  ]
}

const drainInWords = ({ waiting, drainMinutes }: DestinationToday): string => {
  if (waiting === 0) return 'Nothing waits'
  if (drainMinutes === undefined) return 'Not known'
  return drainMinutes < 120 ? `About ${many(drainMinutes, 'minute', 'minutes')}` : `About ${many(Math.round(drainMinutes / 60), 'hour', 'hours')}`
}

const CIRCUITS_IN_WORDS = {
  closed: { text: 'Working', colour: 'green' }, slow: { text: 'Starting slowly', colour: 'yellow' },
  'half-open': { text: 'Trying one', colour: 'yellow' }, open: { text: 'Left alone', colour: 'orange' },
} as const satisfies Record<CircuitToday['circuit'], { readonly text: string; readonly colour: Colour }>

const circuitView = (circuit: CircuitToday | undefined, halted?: Halt) => {
  if (halted !== undefined) return { text: 'Paused', colour: 'yellow' as const, says: 'By a person.' }
  if (!circuit) return { text: 'Not known', colour: 'grey' as const, says: 'No worker has been heard of.' }
  const { until, code, processes, of } = circuit
  const says = [
    circuit.circuit === 'closed' || code === undefined ? '' : `After ${code}.`, until === undefined ? '' : `Next try at ${clockTime(until)}.`, processes < of ? `So says ${processes} of ${of} workers.` : '',
  ].filter(Boolean).join(' ')
  return { ...CIRCUITS_IN_WORDS[circuit.circuit], says }
}

const clockTime = (at: string): string => londonTime(at).slice(-8)

// ---------------------------------------------------------------- charts

const PARTS: readonly (Part & { readonly columns: readonly Column[] })[] = [
  { name: 'shared', text: 'Shared', pattern: 'solid', columns: ['delivered'] },
  { name: 'posted', text: 'Posted', pattern: 'stripes', columns: ['printed', 'leftToTeam'] },
  { name: 'withheld', text: 'Withheld', pattern: 'dots', columns: ['withheld'] },
  { name: 'observed', text: 'Observed', pattern: 'empty', columns: ['observed'] },
  { name: 'waiting', text: 'Waiting or in review', pattern: 'crosses', columns: ['waiting', 'review'] },
  { name: 'failed', text: 'Failed', pattern: 'bars', columns: ['failed'] },
]

const shortDay = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' })
const weekday = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long' })
const noon = (day: string): Date => new Date(`${day}T12:00:00Z`)

const AGES = ['Under 15 minutes', '15 min to 1 hour', '1 to 4 hours', '4 to 24 hours', '1 to 3 days', 'Over 3 days'] as const
/** From this band on it is old. */
const OLD_BAND = 4

const hourChart = (today: Today, way: 'in' | 'out'): Chart => {
  const { soFar, like } = today
  const usual = way === 'in' ? soFar.usualIn : soFar.usualOut
  const by = String(today.hours[soFar.hours]?.label ?? '24').slice(0, 2)
  const count = way === 'in' ? soFar.in : soFar.out
  const did = way === 'in' ? many(count, 'upload came in', 'uploads came in') : many(count, 'delivery was handed over', 'deliveries were handed over')
  const habit = like === 0 ? 'What is usual is not known yet: it takes two of the same weekday.' : usual === undefined ? '' : `Usual for a ${weekday.format(noon(today.day))}: ${number(usual)}, the middle of the last ${like}.`
  return byHour({
    id: `hours-${way}`, title: way === 'in' ? 'Uploads by hour, today' : 'Handed over by hour, today', head: way === 'in' ? 'Uploads' : 'Handed over',
    description: [soFar.hours === 0 ? 'The first hour of the day is not over.' : `By ${by}:00, ${did}.`, habit].filter(Boolean).join(' '),
    usual: `usual ${weekday.format(noon(today.day))}`,
    hours: today.hours.map((hour: HourToday) => {
      const other = way === 'in' ? hour.usualIn : hour.usualOut
      return { label: hour.label, count: hour[way], ...(other === undefined ? {} : { usual: other }) }
    }),
  })
}

const sumOf = (one: Today['days'][number], columns: readonly Column[]): number => columns.reduce((total, column) => total + one[column], 0)

export const chartsOf = (today: Today): readonly Chart[] => {
  const totals = PARTS.map(({ text, columns }) => `${text.toLowerCase()} ${number(today.days.reduce((total, one) => total + sumOf(one, columns), 0))}`)
  const destinations = [...new Set(today.ages.flatMap(({ byDestination }) => Object.keys(byDestination)))].toSorted()
  const old = today.ages.slice(OLD_BAND).reduce((total, { count }) => total + count, 0)
  const waiting = today.ages.reduce((total, { count }) => total + count, 0)
  return [
    hourChart(today, 'in'), hourChart(today, 'out'),
    byDay({
      id: 'days', title: 'The last 14 days, by what became of it', description: `Documents by the day they came in, and where they stand now: ${totals.join(', ')}.`, parts: PARTS,
      days: today.days.map((one) => ({ day: londonTime(one.day), short: shortDay.format(noon(one.day)), counts: Object.fromEntries(PARTS.map(({ name, columns }) => [name, sumOf(one, columns)])) })),
    }),
    byAge({
      id: 'ages', title: 'How long deliveries have waited', description: waiting === 0 ? 'Nothing waits.' : `${many(waiting, 'delivery waits', 'deliveries wait')}, ${number(old)} of them for a day or longer.`, destinations: destinations.map(destinationInWords),
      ages: today.ages.map(({ count, byDestination }, band) => ({ text: AGES[band]!, count, counts: destinations.map((destination) => byDestination[destination] ?? 0), old: band >= OLD_BAND })),
    }),
  ]
}

// ---------------------------------------------------------------- the page

export const todayView = (today: Today, needs: Needs, now: Date) => {
  const persons = needsPerson(today, needs)
  const feeds = today.feeds.filter(({ came, refused }) => came + refused > 0)
  const columns = columnsIn(feeds)
  return {
    day: `${weekday.format(noon(today.day))} ${londonTime(today.day)}`, at: { at: today.at, text: clockTime(today.at) },
    needs: persons.map(({ since, ...need }) => ({ ...need, age: since === undefined ? undefined : ageOf(since, now) })),
    feedHeads: ['Feed', 'Came in', ...columns.map((column) => COLUMNS_IN_WORDS[column]), 'Refused'], feeds: feeds.map((feed) => ({ feed: feed.feed, cells: feedCells(feed, columns, today.day) })),
    quiet: today.feeds.filter((feed) => !feeds.includes(feed)).map(({ feed }) => feed).join(', '),
    destinationHeads: ['Destination', ...DESTINATION_HEADS],
    destinations: today.destinations.map((one) => ({ name: destinationInWords(one.destination), circuit: circuitView(one.circuit, one.halted), cells: destinationCells(one, now) })),
    circuits: today.circuits.map((one) => ({ name: destinationInWords(one.destination), circuit: circuitView(one) })),
    charts: chartsOf(today),
  }
}
