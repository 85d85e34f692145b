// What people say of channels, followed by this process: looked for every second, and told back with how each channel is
// here. A destination needs no following: whoever begins an exchange sees the pause in the same transaction. It refuses to
// start anything because the ledger does not answer: what was last known stays.
import { setTimeout as delay } from 'node:timers/promises'
import { asFailure } from '../errors.ts'
import type { ChannelReport, HaltedChannel } from '../ledger/channel-words.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Feeds } from './feeds.ts'
import type { Lines } from './lines.ts'
import { oneAtATime } from './one-at-a-time.ts'

export type ChannelWatchParts = {
  readonly ledger: Pick<Ledger, 'haltedChannels' | 'reportChannels'>
  readonly feeds?: Pick<Feeds, 'follow' | 'reports'>
  readonly lines?: Pick<Lines, 'reports'>
  readonly say: Say
  readonly now: () => Date
  /** Names this process among others. */
  readonly id: string
  readonly everyMs?: number
}

export type ChannelWatch = {
  /** Looks now; resolves when this process has followed. */
  look(): Promise<void>
  close(): Promise<void>
}

const EVERY_MS = 1_000
/** What does not change is said again after this, so that others see that somebody is there. */
const SAY_AGAIN_MS = 5_000
/** A feed that takes long to end must not keep an engine from stopping. */
const CLOSE_WITHIN_MS = 5_000

/** Has followed once when it resolves: nothing that is stopped is opened after it. */
export const watchChannels = async ({ ledger, feeds, lines, say, now, id, everyMs = EVERY_MS }: ChannelWatchParts): Promise<ChannelWatch & { begin(): void }> => {
  const enter = oneAtATime()
  let known: ReadonlyMap<string, HaltedChannel> = new Map()
  let told = { text: '', at: Number.NEGATIVE_INFINITY }
  let [isAway, closed] = [false, false]
  let timer: NodeJS.Timeout | undefined

  const follow = async (): Promise<void> => {
    const halted = new Map((await ledger.haltedChannels()).map((one) => [one.channel, one]))
    for (const { channel, state, actor } of halted.values()) if (known.get(channel)?.state !== state) say('channel_halted', { channel, state, actor })
    for (const channel of known.keys()) if (!halted.has(channel)) say('channel_started', { channel })
    known = halted
    await feeds?.follow(new Map([...halted].map(([channel, { state }]) => [channel, state])))
  }
  const report = async (): Promise<void> => {
    const reports: readonly ChannelReport[] = [...(feeds?.reports() ?? []), ...(lines?.reports() ?? [])]
    const [text, at] = [JSON.stringify(reports), now()]
    if (text === told.text && at.getTime() - told.at < SAY_AGAIN_MS) return
    await ledger.reportChannels(id, reports, at.toISOString())
    told = { text, at: at.getTime() }
  }
  const look = async (): Promise<void> => {
    const leave = await enter()
    try {
      await follow()
      await report()
      isAway = false
    } catch (error) {
      const { code } = asFailure(error)
      if (!isAway) say('part_failed', { part: 'channels', code, detail: 'It is not known whether a channel was paused, stopped or started: what was last known stays.' })
      isAway = true
    } finally {
      leave()
    }
  }
  const turn = async (): Promise<void> => {
    await look()
    if (!closed) timer = setTimeout(() => void turn(), everyMs).unref()
  }

  await follow()
  return {
    look,
    begin: () => void turn(),
    close: async () => {
      closed = true
      clearTimeout(timer)
      await Promise.race([enter().then((leave) => leave()), delay(CLOSE_WITHIN_MS, undefined, { ref: false })])
      await ledger.reportChannels(id, [], now().toISOString()).catch(() => undefined)
    },
  }
}
