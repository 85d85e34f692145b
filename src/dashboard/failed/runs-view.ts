// Retry runs in words ready for a view: what a plan would do before anything happens, how far a run is, and what became
// of each delivery. It refuses patient data: ids, codes and numbers only.
import { LAST_STEP, MEMBER_STATES, minutesFor, type RunWish } from '../../decide/retry-run.ts'
import type { Run, RunNow, RunRow } from '../../ledger/ledger.ts'
import type { Route } from '../../types.ts'
import { CAUSES_IN_WORDS } from './cause-words.ts'
import { number } from '../assurance/numbers-view.ts'
import { CLASSES_IN_WORDS, MEMBER_STATES_IN_WORDS, OUR_ANSWERS_IN_WORDS, RUN_KINDS_IN_WORDS, RUN_STATES_IN_WORDS, STEPS_IN_WORDS, WHY_STOPPED } from './run-words.ts'
import { londonTime } from '../times.ts'
import { ROUTES_IN_WORDS } from '../words.ts'

type Row = { readonly key: string; readonly value: string }

export const count = (n: number, one: string): string => `${number(n)} ${one}${n === 1 ? '' : 's'}`
export const destinationOf = (name: string): string => (Object.hasOwn(ROUTES_IN_WORDS, name) ? ROUTES_IN_WORDS[name as Route] : name)
const titleOf = ({ kind, cause, signature }: Run): string => `${RUN_KINDS_IN_WORDS[kind].text}: ${cause ? `${CAUSES_IN_WORDS[cause].text}, ${signature ?? ''}` : 'chosen deliveries'}`

export const runRowView = (run: Run) => ({
  href: `/runs/${run.id}`, what: titleOf(run), state: RUN_STATES_IN_WORDS[run.state], destination: destinationOf(run.destination),
  documents: number(run.documents), arrived: number((run.byState.arrived ?? 0) + (run.byState.printed ?? 0)), failed: number((run.byState.failed ?? 0) + (run.byState.blocked ?? 0)),
  by: run.startedBy ?? run.plannedBy, at: { at: run.plannedAt, text: londonTime(run.plannedAt) }, reason: run.reason ?? 'Not started',
})

/** What keeps deliveries to this destination waiting, whatever is retried. */
export type Waits = RunNow & { readonly circuitUntil?: string; readonly paused?: { readonly actor: string; readonly reason: string } }

/** Before anything happens: what would. */
const planRows = (run: Run, now: Waits): readonly Row[] => [
  { key: 'To be tried', value: run.part === 0 ? 'Nothing' : `${count(run.documents, 'document')} of ${count(run.patients, 'patient')}, ${run.kind === 'print' ? `by post instead of to ${destinationOf(run.destination)}` : `to ${destinationOf(run.destination)}`}` },
  ...(run.byClass.unsure ? [{ key: 'Asked about first', value: `${number(run.byClass.unsure)}: the destination may have ${run.byClass.unsure === 1 ? 'it' : 'them'} already, and nothing is sent before that is known` }] : []),
  { key: 'Rate', value: `At most ${number(run.perMinute)} a minute${run.part === 0 ? '' : `: about ${count(minutesFor(run.part, run.perMinute), 'minute')}, if nothing has to wait`}` },
  { key: 'Order', value: `One, then ten, then the rest, each when those before have ended. A patient’s letters go one after another, the oldest first` },
  { key: 'Policy', value: policiesOf(now) },
]

const policiesOf = ({ policies, policyInForce }: RunNow): string =>
  `Decided under ${policies.map(({ hash, documents }) => `${hash.slice(0, 12)} (${count(documents, 'document')})`).join(', ')}; in force is ${policyInForce?.slice(0, 12) ?? 'none'}`

/** What is in the group and not in the run, and why. */
const leftOut = ({ kind, byClass, changed, cut }: Run, { joined, overtaken }: RunNow): readonly string[] => [
  ...(byClass.refused && changed === undefined && kind !== 'print' ? [`${number(byClass.refused)} refused by the destination: ${byClass.refused === 1 ? 'it' : 'each'} would be refused again unchanged. Say what has changed, and ${byClass.refused === 1 ? 'it is' : 'they are'} part of the plan.`] : []),
  ...(byClass.blocked && kind === 'retry' ? [`${number(byClass.blocked)} blocked by the second key: never retried. Only a new decision clears ${byClass.blocked === 1 ? 'it' : 'them'}.`] : []),
  ...(byClass.nothing ? [`${number(byClass.nothing)} superseded, or with nothing to do any more.`] : []),
  ...(overtaken > 0 ? [`${number(overtaken)} overtaken since the plan was made: a newer revision came, or it arrived by itself. ${overtaken === 1 ? 'It is' : 'They are'} left alone.`] : []),
  ...(joined > 0 ? [`${number(joined)} joined the group since the plan was made: not in it. Plan again to take ${joined === 1 ? 'it' : 'them'} in.`] : []),
  ...(cut ? ['More are in the group than a plan takes: these are the oldest. Plan the rest when they are done.'] : []),
]

const waiting = ({ shared, stopped, away, circuitUntil, paused }: Waits): readonly string[] => [
  ...(shared > 0 ? [`${number(shared)} ${shared === 1 ? 'is' : 'are'} part of another run that has not ended: see Retry runs before you start this one.`] : []),
  ...(stopped > 0 ? [`${number(stopped)} ${stopped === 1 ? 'is' : 'are'} held by a stop: made due, and sent only when the stop is lifted.`] : []),
  ...(paused ? [`The channel is paused by ${paused.actor}: ${paused.reason}`] : []),
  ...(circuitUntil === undefined ? [] : [`The circuit is open: nothing is sent before ${londonTime(circuitUntil)}.`]),
  ...(away && circuitUntil === undefined ? [`The last exchange with the destination failed (${away.code}): they may have to wait for it.`] : []),
]

/** All of it in lines, for a terminal. */
export const runInWords = (run: Run, now: RunNow): readonly string[] => [...planRows(run, now).map(({ key, value }) => `${key}: ${value}.`), ...leftOut(run, now).map((line) => `Not part of it: ${line}`), ...waiting(now)]

const historyRows = (run: Run): readonly Row[] => [
  { key: 'Planned', value: `${run.plannedBy}, ${londonTime(run.plannedAt)}` },
  ...(run.changed === undefined ? [] : [{ key: 'Changed since it was refused', value: run.changed }]),
  ...(run.startedBy === undefined ? [] : [{ key: 'Wanted by', value: run.startedBy }]),
  ...(run.confirmedBy === undefined ? [] : [{ key: 'Confirmed by', value: run.confirmedBy }]),
  ...(run.startedAt === undefined ? [] : [{ key: 'Started', value: londonTime(run.startedAt) }]),
  ...(run.reason === undefined ? [] : [{ key: 'Why', value: run.reason }]),
  ...(run.endedAt === undefined ? [] : [{ key: 'Ended', value: londonTime(run.endedAt) }]),
]

const MAY: Readonly<Record<Run['state'], readonly RunWish[]>> = {
  planned: ['start', 'cancel'], unconfirmed: ['start', 'cancel'], running: ['pause', 'cancel'], paused: ['go-on', 'cancel'], stopped: ['go-on', 'cancel'], done: [], cancelled: [],
}

const progress = (run: Run) => {
  const ended = run.part - (run.byState.waiting ?? 0) - (run.byState['under-way'] ?? 0)
  return { ended, of: run.part, percent: run.part === 0 ? 100 : Math.floor((ended / run.part) * 100), text: `${number(ended)} of ${number(run.part)} ended`, step: STEPS_IN_WORDS[Math.min(run.step, LAST_STEP)] }
}

/** `mayRetry`: who looks may do something about it. */
export const runView = (run: Run, now: Waits, rows: readonly RunRow[], mayRetry: boolean) => ({
  id: run.id, title: titleOf(run), state: RUN_STATES_IN_WORDS[run.state], is: run.state, kind: RUN_KINDS_IN_WORDS[run.kind], kindValue: run.kind,
  isPlan: run.state === 'planned' || run.state === 'unconfirmed', why: run.why && WHY_STOPPED[run.why],
  groupHref: run.group === undefined ? undefined : `/failed/${run.group}`, part: run.part, perMinute: run.perMinute, second: now.second,
  plan: planRows(run, now), left: leftOut(run, now), waits: run.state === 'done' || run.state === 'cancelled' ? [] : waiting(now), history: historyRows(run), progress: progress(run),
  refusedLeft: run.kind !== 'print' && run.changed === undefined ? (run.byClass.refused ?? 0) : 0, refused: run.byClass.refused ?? 0, changed: run.changed,
  may: mayRetry ? Object.fromEntries(MAY[run.state].map((wish) => [wish.replace('-', ''), true])) : {},
  outcomes: MEMBER_STATES.flatMap((state) => (run.byState[state] ? [{ ...MEMBER_STATES_IN_WORDS[state], count: number(run.byState[state]) }] : [])),
  failedFirst: (run.byState.failed ?? 0) + (run.byState.blocked ?? 0) > 0, rows: rows.map((row) => memberView(row, run)),
})

/** Where it is to be decided again, to what would be different first. */
const memberView = (row: RunRow, { kind, state, changed }: Run) => ({
  href: `/documents/${row.documentId}${kind === 'decide-again' && (state === 'planned' || state === 'unconfirmed') ? '/difference' : '#deliveries'}`, sourceId: row.sourceId, code: row.code ?? 'None', team: row.team ?? 'None', state: MEMBER_STATES_IN_WORDS[row.state],
  was: row.class === 'refused' && (kind === 'print' || changed !== undefined) ? 'Refused by the destination' : CLASSES_IN_WORDS[row.class], answer: OUR_ANSWERS_IN_WORDS[row.lastCode ?? ''] ?? row.lastCode ?? '', tried: row.triedAt === undefined ? 'No' : londonTime(row.triedAt), step: row.step === undefined ? '' : STEPS_IN_WORDS[row.step],
})
