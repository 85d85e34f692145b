// The feeds that run: those of the policy in force. Another policy's feeds are started beside them, and hold what comes
// in until that policy is in force. A paused feed keeps its port and takes nothing; a stopped one closes it. It refuses to let a
// message in hand go unanswered, and to end a feed before its successor is known to start, unless both want one port or folder.
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { resolve } from 'node:path'
import type { RequestHandler } from 'express'
import { asFailure, Failure } from '../errors.ts'
import { startFolderFeed } from '../intake/folder/folder.ts'
import { startMllpFeed } from '../intake/mllp/server.ts'
import type { FeedParts, Take } from '../intake/take.ts'
import type { ChannelReport, Halt } from '../ledger/channel-words.ts'
import type { Policy } from '../policy/policy.ts'
import type { Feed } from '../policy/schema.ts'
import type { Change } from './change.ts'
import { openHttpFeed, type RunningHttpFeed } from './http-feed.ts'
import { oneAtATime } from './one-at-a-time.ts'

export type Listening = { readonly feed: string; readonly host: string; readonly port: number }

type Running = { readonly name: string; readonly feed: Feed; readonly address?: { readonly host: string; readonly port: number }; readonly http?: RunningHttpFeed; close(): Promise<void> }

/** What people have halted, by the name of the channel. */
export type Halts = ReadonlyMap<string, Halt>

export type Feeds = {
  /** The routes of the HTTP feeds that run at the time. */
  readonly routes: RequestHandler
  listening(): readonly Listening[]
  /** Feeds of the policy in force that do not run. */
  down(): readonly string[]
  /** Each feed of the policy in force, as it is here. */
  reports(): readonly ChannelReport[]
  change(policy: Policy): Promise<Change>
  /** Pauses, stops and starts what is to be; resolves when it is so. */
  follow(halts: Halts): Promise<void>
  close(): Promise<void>
}

const TRIES = 5
const TRY_AGAIN_MS = 1000

export const openFeeds = (parts: Omit<FeedParts, 'name'>): Feeds => {
  let running: readonly Running[] = []
  /** Why each that should run does not. */
  let down: ReadonlyMap<string, string> = new Map()
  let halts: Halts = new Map()
  let inForce: Policy | undefined
  let closed = false
  /** A port that nobody chose, where a feed is stopped: it comes back to it. */
  const ports = new Map<string, number>()
  const enter = oneAtATime()

  const start = async (name: string, feed: Feed, take: Take): Promise<Running> => {
    const given = { ...parts, name, take, halted: () => halts.get(name) }
    if (feed.type === 'http') { const http = openHttpFeed({ ...given, feed }); return { name, feed, http, close: http.close } }
    if (feed.type === 'folder') return { name, feed, ...(await startFolderFeed({ ...given, feed })) }
    return { name, feed, ...(await startMllpFeed({ ...given, feed })) }
  }

  /** One that made way for a policy that was not taken after all. */
  const startAgain = async (old: Running): Promise<void> => {
    const feed = old.address && old.feed.type === 'mllp' ? { ...old.feed, port: old.address.port } : old.feed
    for (let tries = 1; ; tries += 1) {
      try {
        running = [...running, { ...(await start(old.name, feed, parts.take)), feed: old.feed }]
        return
      } catch (error) {
        const { code, detail } = asFailure(error)
        parts.say('part_failed', { part: old.name, code, detail })
        if (tries === TRIES) { down = new Map([...down, [old.name, detail]]); return }
        await delay(TRY_AGAIN_MS)
      }
    }
  }

  /** An HTTP feed has no port of its own to be closed: it answers that it takes nothing. */
  const isStopped = (name: string, feed: Feed): boolean => halts.get(name) === 'stopped' && feed.type !== 'http'

  const makeReady = async (policy: Policy): Promise<Change> => {
    const goes = running.filter(({ name, feed }) => !sameDoor(feed, policy.feeds[name]))
    const comes = Object.entries(policy.feeds).filter(([name, feed]) => !isStopped(name, feed) && !sameDoor(feed, running.find((one) => one.name === name)?.feed))
    const gate = Promise.withResolvers<void>()
    gate.promise.catch(() => undefined)
    const take: Take = async (receipt) => { await gate.promise; return parts.take(receipt) }
    const started: Running[] = []
    const stopped: Running[] = []

    const undo = async (): Promise<void> => {
      gate.reject(new Failure('STORE_UNAVAILABLE', 'The policy that brought this feed was not taken.'))
      for (const one of started.toReversed()) await one.close()
      running = running.filter((one) => !stopped.includes(one))
      for (const one of stopped) await startAgain(one)
    }
    const startOne = async ([name, feed]: readonly [string, Feed]): Promise<Change & { ok: false } | undefined> => {
      try {
        started.push({ ...(await start(name, inPlaceOf(goes, name, feed), take)), feed })
        return undefined
      } catch (error) {
        await undo()
        return { ok: false, channel: name, failure: asFailure(error) }
      }
    }
    const mustWait = ([name, feed]: readonly [string, Feed]): boolean => goes.some((old) => clash(old, name, feed))

    for (const one of comes.filter((next) => !mustWait(next))) { const failed = await startOne(one); if (failed) return failed }
    for (const old of goes) {
      if (old.name in policy.feeds && !comes.some(([name, feed]) => clash(old, name, feed))) continue
      stopped.push(old)
      await old.close()
    }
    for (const one of comes.filter(mustWait)) { const failed = await startOne(one); if (failed) return failed }

    const commit = async (): Promise<void> => {
      running = [...running.filter((one) => !goes.includes(one)), ...started]
      down = new Map()
      inForce = policy
      gate.resolve()
      await Promise.all(goes.filter((one) => !stopped.includes(one)).map((one) => one.close()))
    }
    return { ok: true, commit, undo }
  }

  /** Nothing is paused, stopped or started between the making ready and its end. */
  const change = async (policy: Policy): Promise<Change> => {
    const leave = await enter()
    const thenLeave = (work: () => Promise<void>) => () => work().finally(leave)
    const made = await makeReady(policy).catch((error: unknown) => { leave(); throw error })
    if (made.ok) return { ok: true, commit: thenLeave(made.commit), undo: thenLeave(made.undo) }
    leave()
    return made
  }

  const startNow = async (name: string, feed: Feed): Promise<void> => {
    const port = feed.type === 'mllp' && feed.port === 0 ? ports.get(name) : undefined
    try {
      const started = await start(name, feed.type === 'mllp' && port !== undefined ? { ...feed, port } : feed, parts.take)
      if (closed) await started.close()
      else running = [...running, { ...started, feed }]
    } catch (error) {
      const { code, detail } = asFailure(error)
      parts.say('part_failed', { part: name, code, detail })
      down = new Map([...down, [name, detail]])
    }
  }

  const follow = async (next: Halts): Promise<void> => {
    const leave = await enter()
    try {
      const before = halts
      halts = next
      if (!inForce || closed) return
      const ends = running.filter(({ name, feed }) => isStopped(name, feed))
      running = running.filter((one) => !ends.includes(one))
      for (const { name, address } of ends) if (address) ports.set(name, address.port)
      await Promise.all(ends.map((one) => one.close()))
      // One that a person starts has another chance.
      down = new Map([...down].filter(([name]) => !before.has(name) && !next.has(name)))
      const comes = Object.entries(inForce.feeds).filter(([name, feed]) => !isStopped(name, feed) && !down.has(name) && !running.some((one) => one.name === name))
      for (const [name, feed] of comes) await startNow(name, feed)
    } finally {
      leave()
    }
  }

  const reportOf = ([name, feed]: readonly [string, Feed]): ChannelReport => {
    const [halt, why, address] = [halts.get(name), down.get(name), running.find((one) => one.name === name)?.address]
    const at = feed.type === 'mllp' && address ? { address: `${feed.tls ? 'mllps' : 'mllp'}://${inUrl(address.host)}:${address.port}` } : {}
    if (why !== undefined) return { channel: name, is: 'down', why }
    return { channel: name, is: halt ?? (running.some((one) => one.name === name) ? 'running' : 'down'), ...at }
  }

  return {
    routes: (req, res, next) => {
      const http = running.find((one) => one.http?.isFor(req.path))?.http
      if (http) http.serve(req, res, next)
      else next()
    },
    listening: () => running.flatMap(({ name, address }) => (address ? [{ feed: name, ...address }] : [])),
    down: () => [...down.keys()],
    reports: () => Object.entries(inForce?.feeds ?? {}).map(reportOf),
    change,
    follow,
    close: async () => {
      closed = true
      await Promise.all(running.map((one) => one.close()))
      running = []
    },
  }
}

/** An IPv6 address stands in brackets. */
const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What a feed is to its senders. The rest (mapping, status, tests) is read from the policy in force with each receipt. */
const door = ({ tests: _tests, approved_by: _by, approved_on: _on, mapping: _mapping, status: _status, producer_when_missing: _producer, alert_if_silent: _silent, ...rest }: Feed) => rest
const sameDoor = (one: Feed, other: Feed | undefined): boolean => other !== undefined && isDeepStrictEqual(door(one), door(other))

/** Both want the same port or folder: the old one has to go first. */
const clash = (old: Running, name: string, feed: Feed): boolean => {
  if (feed.type === 'mllp') return old.address !== undefined && (feed.port === old.address.port || keepsPort(old, name, feed))
  return feed.type === 'folder' && old.feed.type === 'folder' && resolve(feed.folder) === resolve(old.feed.folder)
}

/** A port that nobody chose stays as it is while the feed does. */
const keepsPort = (old: Running, name: string, feed: Feed): boolean => old.name === name && old.feed.type === 'mllp' && feed.type === 'mllp' && old.feed.port === 0 && feed.port === 0

const inPlaceOf = (goes: readonly Running[], name: string, feed: Feed): Feed => {
  const port = goes.find((old) => keepsPort(old, name, feed))?.address?.port
  return feed.type === 'mllp' && port !== undefined ? { ...feed, port } : feed
}
