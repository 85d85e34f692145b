// Channels and their files in words ready for a view. It refuses patient data by having none to hand.
import type { HaltedChannel } from '../../ledger/channel-words.ts'
import type { FilesNow, PlacedProblem } from './channel-parts.ts'
import type { Act, ChannelNow, ChannelState } from './channel-states.ts'
import type { PolicyStatus } from '../parts.ts'
import { londonDay } from '../../decide/london.ts'
import { hrefTo } from '../assurance/numbers-view.ts'
import { ageOf, londonTime } from '../times.ts'
import { behindHref } from '../today/today-view.ts'

type Tag = { readonly text: string; readonly colour: string }

const STATES = {
  running: { text: 'Running', colour: 'green' }, paused: { text: 'Paused', colour: 'yellow' }, stopped: { text: 'Stopped', colour: 'red' },
  'circuit-open': { text: 'Left alone', colour: 'orange' }, down: { text: 'Down', colour: 'red' }, alone: { text: 'No process', colour: 'red' },
} as const satisfies Record<ChannelState, Tag>

const TYPES = { mllp: 'HL7 over MLLP', http: 'Uploads by HTTP', folder: 'Watched folder', pkb: 'Patients Know Best', print: 'Print house', withhold: 'Nobody' } as const satisfies Record<ChannelNow['type'], string>

const ADDRESSES = { mllp: 'Listens on', http: 'Takes', folder: 'Watches', pkb: 'Sends to', print: 'Puts into', withhold: 'Sends to' } as const satisfies Record<ChannelNow['type'], string>

type Said = { readonly act: Act; readonly button: string; readonly title: string; readonly says: string; readonly variant: string }

const FEED_ACTS = {
  pause: { button: 'Pause', variant: 'secondary', title: 'Pause the feed', says: 'It keeps its door open and takes nothing. Senders are told to keep what they have and to try again; files stay where they are. Nothing is lost.' },
  stop: { button: 'Stop', variant: 'warning', title: 'Stop the feed', says: 'Uploads in hand end first. Then its port is closed, and senders are refused the connection. A feed by HTTP has no port of its own: it answers that it takes nothing.' },
  start: { button: 'Start', variant: '', title: 'Start the feed', says: 'It takes uploads again. What its senders kept comes when they try again.' },
} as const satisfies Record<Act, Omit<Said, 'act'>>

const DESTINATION_ACTS = {
  ...FEED_ACTS,
  pause: { button: 'Pause', variant: 'warning', title: 'Pause the destination', says: 'Nothing new goes there, whichever directorate it is from. Documents still come in and are decided, and wait. What is being sent at that moment is sent. Recalls go on, and so do questions that tell whether a letter arrived. Times run on: a letter whose time at PKB is up goes by post, unless print is paused too or a stop holds it.' },
  start: { button: 'Start', variant: '', title: 'Start the destination', says: 'What waited is due at once, and goes out at the usual pace.' },
} as const satisfies Record<Act, Omit<Said, 'act'>>

const NOBODY: Tag = { text: 'Sends nothing', colour: 'grey' }
const tagOf = ({ type, state }: ChannelNow): Tag => (type === 'withhold' ? NOBODY : STATES[state])

/** Why it does not simply run. */
const trouble = ({ state, why, until, halt, kind, processes, following }: ChannelNow, now: Date): readonly string[] => [
  ...(halt ? [`${halt.actor}, ${londonTime(halt.at)} (${ageOf(halt.at, now)} ago): ${halt.reason}`] : []),
  ...(why === undefined ? [] : [why]),
  ...(until === undefined ? [] : [`It failed too often in a row. It is tried again at ${londonTime(until)}; recalls are tried before that.`]),
  ...(state === 'alone' ? [`No process of the engine says that it ${kind === 'feed' ? 'takes uploads' : 'sends'} here.`] : []),
  ...(state !== 'down' && processes > following ? [`${processes - following} of ${processes} processes ${processes - following === 1 ? 'has' : 'have'} not followed yet.`] : []),
]

const count = (number: number): string => number.toLocaleString('en-GB')

const lastOf = ({ kind, last }: ChannelNow, now: Date) =>
  ({ key: kind === 'feed' ? 'Last upload' : 'Last delivery', value: last === undefined ? 'None yet' : `${londonTime(last)} (${ageOf(last, now)} ago)` })

const rowOf = (channel: ChannelNow, files: FilesNow | undefined, now: Date) => {
  const tests = files?.tests?.byFeed.find(({ feed }) => feed === channel.name)
  const problems = problemsOf(channel, files).length
  return {
    name: channel.name, href: `/channels/${encodeURIComponent(channel.name)}`, type: TYPES[channel.type], address: channel.address, state: tagOf(channel), trouble: trouble(channel, now),
    last: channel.last === undefined ? undefined : { at: channel.last, text: londonTime(channel.last), age: ageOf(channel.last, now) },
    today: count(channel.today),
    documents: channel.today === 0 ? undefined : channel.kind === 'feed' ? hrefTo('/documents', { feed: channel.name, since: londonDay(now) }) : behindHref(channel.name, 'out'),
    ...(channel.waiting === undefined ? {} : { waiting: count(channel.waiting), waits: channel.waiting > 0 ? behindHref(channel.name, 'waiting') : undefined }),
    files: problems > 0 ? { text: many(problems, 'problem'), bad: true } : tests ? { text: tests.failed > 0 ? `${tests.failed} of ${many(tests.passed + tests.failed, 'test')} failed` : `${many(tests.passed, 'test')} passed`, bad: tests.failed > 0 } : { text: files ? 'No problem' : 'Not known', bad: false },
  }
}

const many = (number: number, one: string): string => `${count(number)} ${number === 1 ? one : `${one}s`}`

const problemView = ({ file, line, col, path, message }: PlacedProblem) => ({ place: `${file}:${line}:${col}`, path, message })

/** Those in its own files: a problem is told with the path on disk. */
const problemsOf = ({ files }: ChannelNow, now: FilesNow | undefined): readonly PlacedProblem[] =>
  [...(now?.problems ?? []), ...(now?.tests?.problems ?? [])].filter((problem, n, all) => files.some((file) => problem.file === file || problem.file.endsWith(`/${file}`)) && all.indexOf(problem) === n)

// ---------------------------------------------------------------- the files

const FILES = {
  'in-force': { text: 'In force', colour: 'green' }, waiting: { text: 'Can be taken', colour: 'yellow' }, refused: { text: 'Cannot be taken', colour: 'red' },
} as const satisfies Record<FilesNow['state'], Tag>

const NOT_REACHED = { rules: 'Rules', codes: 'Codes', services: 'Services', directorates: 'Directorates' } as const
const notReachedView = (notReached: NonNullable<FilesNow['tests']>['notReached']) =>
  (Object.keys(NOT_REACHED) as (keyof typeof NOT_REACHED)[]).flatMap((what) => (notReached[what].length > 0 ? [{ what: NOT_REACHED[what], names: notReached[what].join(', ') }] : []))

const filesView = (files: FilesNow, now: Date) => ({
  state: FILES[files.state], isWaiting: files.state === 'waiting', isRefused: files.state === 'refused', hash: files.hash,
  at: `${londonTime(files.at)} (${ageOf(files.at, now)} ago)`,
  problems: files.problems.map(problemView),
  ...(files.tests ? { tests: { text: `${count(files.tests.passed)} passed, ${count(files.tests.failed)} failed`, problems: files.tests.problems.map(problemView) }, notReached: notReachedView(files.tests.notReached) } : { notReached: [] }),
  changes: files.changes,
})

// ---------------------------------------------------------------- the pages

export const channelsView = (channels: readonly ChannelNow[], left: readonly HaltedChannel[], files: FilesNow | undefined, status: PolicyStatus, now: Date) => ({
  feeds: channels.filter(({ kind }) => kind === 'feed').map((one) => rowOf(one, files, now)),
  destinations: channels.filter(({ kind }) => kind === 'destination').map((one) => rowOf(one, files, now)),
  left: left.map(({ channel, state, actor, reason, at }) => ({ name: channel, text: `${channel}: ${state} by ${actor} on ${londonTime(at)}. ${reason}` })),
  policy: { hash: status.hash.slice(0, 12), since: londonTime(status.since), isRefused: status.refused !== undefined },
  ...(files ? { files: filesView(files, now) } : {}),
})

export const oneChannelView = (channel: ChannelNow, texts: readonly { readonly file: string; readonly text: string }[], files: FilesNow | undefined, now: Date) => {
  const { kind, name, type, waiting, status } = channel
  const acts = kind === 'feed' ? FEED_ACTS : DESTINATION_ACTS
  const tests = files?.tests?.byFeed.find(({ feed }) => feed === name)
  return {
    channel: {
      name, isFeed: kind === 'feed', kind: kind === 'feed' ? 'Feed' : 'Destination', state: tagOf(channel), trouble: trouble(channel, now),
      rows: type === 'withhold' ? [{ key: 'Kind', value: 'Destination: nobody' }] : [
        { key: 'Kind', value: `${kind === 'feed' ? 'Feed' : 'Destination'}: ${TYPES[type]}` }, { key: ADDRESSES[type], value: channel.address },
        ...(status === undefined ? [] : [{ key: 'Lets out', value: status === 'live' ? 'Live: as the directorates say' : status === 'observing' ? 'Observing: nothing' : 'Not live: nothing' }]),
        lastOf(channel, now), { key: kind === 'feed' ? 'Uploads today' : 'Handed over today', value: count(channel.today) },
        ...(waiting === undefined ? [] : [{ key: 'Waiting for it', value: count(waiting) }]),
        { key: 'Processes', value: count(channel.processes) },
      ],
      seen: channel.halt ? channel.state : 'running',
      acts: channel.may.map((act): Said => ({ act, ...acts[act] })),
      tests: tests ? `${count(tests.passed)} passed, ${count(tests.failed)} failed` : undefined,
      notReached: tests ? notReachedView(tests.notReached) : [],
      problems: problemsOf(channel, files).map(problemView),
      isChanged: files !== undefined && files.state !== 'in-force',
      texts,
    },
  }
}
