// Each channel of the policy in force as it is now: what a person said of it, what the processes that run it say, what
// went through it, and what may be done. Pure. It refuses secrets: of a setting only an address or a folder is told.
import type { ChannelActivity, Halt, HaltedChannel, HeardReport } from '../../ledger/channel-words.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Channel } from '../../policy/schema.ts'

/** `alone`: it should run, and no process says that it does. */
export const CHANNEL_STATES = ['running', 'paused', 'stopped', 'circuit-open', 'down', 'alone'] as const
export type ChannelState = (typeof CHANNEL_STATES)[number]
export const ACTS = ['pause', 'stop', 'start'] as const
export type Act = (typeof ACTS)[number]

export type ChannelNow = {
  readonly name: string
  readonly kind: Channel['kind']
  readonly type: Channel['type']
  readonly state: ChannelState
  /** Of a feed: what it lets out. */
  readonly status?: string
  readonly address: string
  /** While it is down. */
  readonly why?: string
  /** While the circuit is open. */
  readonly until?: string
  readonly halt?: { readonly actor: string; readonly reason: string; readonly at: string }
  /** Processes that run it, and how many of them do as a person said. */
  readonly processes: number
  readonly following: number
  readonly last?: string
  readonly today: number
  readonly waiting?: number
  /** `channels/rio-mllp.yaml`, and the mappings that bear on it. */
  readonly files: readonly string[]
  readonly may: readonly Act[]
}

export type ChannelsAsked = {
  readonly policy: Policy
  /** Of the policy in force: `channels/rio-mllp.yaml`. */
  readonly files: readonly string[]
  readonly halted: readonly HaltedChannel[]
  readonly reports: readonly HeardReport[]
  readonly activity: readonly ChannelActivity[]
}

/** Nobody gets these: there is nothing to run. */
const isNobody = ({ type }: Channel): boolean => type === 'withhold'

export const channelsNow = (asked: ChannelsAsked): readonly ChannelNow[] =>
  Object.entries(asked.policy.channels).toSorted(([one, a], [other, b]) => (a.kind === b.kind ? one.localeCompare(other) : a.kind === 'feed' ? -1 : 1)).map(([name, channel]) => channelNow(name, channel, asked))

const channelNow = (name: string, channel: Channel, { policy, files, halted, reports, activity }: ChannelsAsked): ChannelNow => {
  const halt = halted.find((one) => one.channel === name)
  const heard = reports.filter((report) => report.channel === name)
  const down = heard.find(({ is }) => is === 'down')
  const open = heard.find(({ circuit }) => circuit === 'open')
  const state = isNobody(channel) ? 'running' : (halt?.state ?? (down ? 'down' : heard.length === 0 ? 'alone' : open ? 'circuit-open' : 'running'))
  const { last, since = 0, waiting } = activity.find((one) => one.channel === name) ?? {}
  return {
    name, kind: channel.kind, type: channel.type, state, address: addressOf(name, channel, heard),
    ...('status' in channel ? { status: channel.status } : {}),
    ...(down?.why === undefined ? {} : { why: down.why }),
    ...(state === 'circuit-open' && open?.until !== undefined ? { until: open.until } : {}),
    ...(halt ? { halt: { actor: halt.actor, reason: halt.reason, at: halt.at } } : {}),
    // A pause of a destination holds in the ledger itself: nobody has to follow.
    processes: heard.length, following: channel.kind === 'destination' ? heard.length : heard.filter(({ is }) => is === (halt?.state ?? 'running')).length,
    ...(last === undefined ? {} : { last }), today: since, ...(waiting === undefined ? {} : { waiting }),
    files: filesOf(name, channel, files, policy),
    may: isNobody(channel) ? [] : actsIn(channel.kind, halt?.state),
  }
}

/** Recalls are never stopped, so a destination is only ever paused. */
export const actsIn = (kind: Channel['kind'], halt: Halt | undefined): readonly Act[] =>
  ACTS.filter((act) => (act === 'start' ? halt !== undefined : act === 'pause' ? halt !== 'paused' : kind === 'feed' && halt !== 'stopped'))

// ---------------------------------------------------------------- where it is

const addressOf = (name: string, channel: Channel, heard: readonly HeardReport[]): string => {
  switch (channel.type) {
    case 'mllp':
      return heard.find(({ address }) => address !== undefined)?.address ?? `${channel.tls ? 'mllps' : 'mllp'}://${channel.host}:${channel.port}`
    case 'http':
      return `POST /feeds/${name}/documents`
    case 'folder':
    case 'print':
      return channel.folder
    case 'pkb':
      return withoutUser(channel.transport === 'fhir' ? channel.fhir.base_url : channel.hl7_soap.url)
    case 'withhold':
      return ''
  }
}

const withoutUser = (address: string): string => {
  if (!URL.canParse(address)) return ''
  const { origin, pathname } = new URL(address)
  return `${origin}${pathname}`
}

const filesOf = (name: string, channel: Channel, files: readonly string[], { mappings }: Policy): readonly string[] => {
  const own = [`channels/${name}.yaml`, `channels/${name}.yml`]
  const mapping = 'mapping' in channel && Object.hasOwn(mappings, channel.mapping) ? [`mappings/${channel.mapping}.yaml`, `mappings/${channel.mapping}.yml`] : []
  return files.filter((file) => own.includes(file) || mapping.includes(file))
}
