// The MLLP feed on a real socket and a real content store, with a taker that records what it is handed, and a bare
// socket to talk to it byte by byte.
import { EventEmitter, once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { framed, frameReader } from '../../src/intake/mllp/frame.ts'
import { startMllpFeed } from '../../src/intake/mllp/server.ts'
import type { RejectMessage, Take } from '../../src/intake/take.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { MllpFeed } from '../../src/policy/schema.ts'
import type { Receipt } from '../../src/types.ts'
import { makeFolder } from './folder.ts'
import { anAccepted } from './http-feed.ts'

const feed: MllpFeed = {
  kind: 'feed', type: 'mllp', approved_by: 'Head of Clinical Records', approved_on: '2026-10-01', mapping: 'rio-hl7-mdm', status: 'live',
  producer_when_missing: 'unknown', tests: [], host: '127.0.0.1', port: 0, max_message_mb: 4, idle_timeout_secs: 30, test_system: false,
}

export type MllpStand = {
  readonly port: number
  readonly taken: Receipt[]
  readonly rejected: Parameters<RejectMessage>[0][]
  readonly said: string[]
  readonly content: ContentStore
  files(): Promise<readonly string[]>
  bytesOf(sha256: string): Promise<Buffer>
  close(): Promise<void>
}

export type MllpStandOptions = {
  readonly feed?: Partial<MllpFeed>
  readonly take?: Take
  readonly reject?: RejectMessage
  readonly content?: (real: ContentStore) => ContentStore
}

/** One content store for a file of tests, emptied after each: it takes a while to make. */
let kept: { readonly store: string; readonly content: ContentStore; remove(): void } | undefined
const openKept = async (): Promise<NonNullable<typeof kept>> => {
  const folder = makeFolder()
  const store = join(folder.path, 'content')
  return (kept = { store, content: await openContent(store), remove: folder.remove })
}
export const removeMllpStore = (): void => {
  kept?.remove()
  kept = undefined
}

export const mllpStand = async (options: MllpStandOptions = {}): Promise<MllpStand> => {
  const { store, content: real } = kept ?? (await openKept())
  const files = async (): Promise<readonly string[]> =>
    (await readdir(store, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const taken: Receipt[] = []
  const rejected: Parameters<RejectMessage>[0][] = []
  const said: string[] = []
  let id = 0
  const running = await startMllpFeed({
    name: 'rio-mllp',
    feed: { ...feed, ...options.feed },
    content: options.content?.(real) ?? real,
    take: async (receipt) => {
      taken.push(receipt)
      return options.take ? options.take(receipt) : anAccepted()
    },
    reject: options.reject ?? (async (message) => { rejected.push(message) }),
    say: (event, fields) => { said.push(`${event} ${JSON.stringify(fields)}`) },
    now: () => new Date('2026-11-20T11:02:11.123Z'),
    newId: () => `00000000-0000-4000-8000-${String(++id).padStart(12, '0')}`,
  })
  return {
    port: running.address.port,
    taken,
    rejected,
    said,
    content: real,
    files,
    bytesOf: async (sha256) => Buffer.concat(await (await real.read(sha256)).toArray()),
    close: async () => {
      await running.close()
      for (const file of await files()) await rm(file)
    },
  }
}

export type Wire = {
  readonly socket: Socket
  write(bytes: Buffer | string): Promise<void>
  message(text: string | Buffer): Promise<void>
  /** The next answer, as text. */
  answer(): Promise<string>
  /** Resolves when the other side has closed; the answers that were not asked for. */
  closed(): Promise<readonly string[]>
}

/** A bare socket; it closes its side only when told to. */
export const wireTo = async (port: number): Promise<Wire> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  const reader = frameReader()
  const answers: string[] = []
  const news = new EventEmitter()
  let body: Buffer[] = []
  let ended = false
  const finish = (): void => {
    ended = true
    news.emit('news')
  }
  socket.on('data', (chunk: Buffer) => {
    for (const event of reader.push(chunk)) {
      if (event.kind === 'body') body.push(event.bytes)
      if (event.kind === 'end') {
        answers.push(Buffer.concat(body).toString('latin1'))
        body = []
      }
    }
    news.emit('news')
  })
  for (const event of ['end', 'error', 'close']) socket.on(event, finish)
  const write = async (bytes: Buffer | string): Promise<void> => { if (!socket.write(bytes)) await once(socket, 'drain') }
  return {
    socket,
    write,
    message: (text) => write(framed(Buffer.from(text))),
    answer: async () => {
      while (answers.length === 0) {
        if (ended) throw new Error('the feed closed the connection without an answer')
        await once(news, 'news')
      }
      return answers.shift()!
    },
    closed: async () => {
      if (!ended) await new Promise((resolve) => { socket.once('end', resolve).once('close', resolve) })
      socket.destroy()
      return answers
    },
  }
}

/** MSA-1 and MSA-2, as in `AA MSG0001`. */
export const verdictOf = (answer: string): string => {
  const [, code = '', controlId = ''] = answer.split('\r').find((segment) => segment.startsWith('MSA'))?.split('|') ?? []
  return `${code} ${controlId}`.trim()
}
