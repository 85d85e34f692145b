// One sender's connection: frames in, answers out, one after the other and in order. The next bytes are asked for when
// the last ones are dealt with, so a slow store slows the sender and no buffer grows. It refuses to say AA before the
// receipt is durable, and to let one bad frame cost the good one behind it.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { asFailure, Failure } from '../../errors.ts'
import type { Receipt } from '../../types.ts'
import { haltedFailure, type FeedParts, type RejectMessage } from '../take.ts'
import { acknowledgement, type Verdict } from './acknowledge.ts'
import { legible } from './charset.ts'
import { framed, frameReader, type FrameEvent } from './frame.ts'
import { incomingMessage, type Heard, type IncomingMessage, type Limits } from './message.ts'

export type ConnectionParts = FeedParts & { readonly limits: Limits; readonly idleMs: number }

export type Connection = {
  /** Resolves when the connection is done with; never rejects. */
  readonly done: Promise<void>
  /** No message begins from now on; one that has begun is finished and answered. */
  finish(): void
  destroy(): void
}

const STRAY_MOST = 64 * 1024
/** How long a sender may take to close its side once the feed has closed. */
const LINGER_MS = 1000

export const connection = (socket: Socket, parts: ConnectionParts): Connection => {
  const { name, say } = parts
  const reader = frameReader()
  let message: IncomingMessage | undefined
  /** Bytes between frames, reported once for each run of them. */
  let stray = { size: 0, head: Buffer.alloc(0) }
  let isFinishing = false
  /** Waiting for the store, not for the sender: no reason to call the sender idle. */
  let isBusy = false
  let why = 'sender'

  /** Whether it was kept. */
  const reject = async (code: Parameters<RejectMessage>[0]['code'], detail: string, skeleton: string): Promise<boolean> => {
    try {
      await parts.reject({ feed: name, at: parts.now().toISOString(), code, detail, skeleton })
      return true
    } catch (error) {
      say('part_failed', { part: name, code: 'STORE_UNAVAILABLE', detail: `a refused message could not be kept (${asFailure(error).code})` })
      return false
    }
  }
  const reportStray = async (): Promise<void> => {
    const { size, head } = stray
    if (size === 0) return
    stray = { size: 0, head: Buffer.alloc(0) }
    await reject('FRAME_BROKEN', `${size} bytes came outside of a frame.`, legible(head, STRAY_MOST))
  }

  const verdictOn = async (heard: Heard): Promise<Verdict> => {
    if (!heard.ok) {
      if (heard.code === 'STORE_UNAVAILABLE' || heard.code === 'INTERNAL') say('part_failed', { part: name, code: heard.code, detail: heard.detail })
      // Nothing is wrong with it: the sender keeps it.
      else if (heard.code === 'FEED_PAUSED') return { kind: 'refused', code: heard.code, detail: heard.detail }
      // Until a refusal is kept the message is not dealt with: the sender is to send it again.
      else if (!(await reject(heard.code, heard.detail, heard.skeleton))) return { kind: 'refused', code: 'STORE_UNAVAILABLE', detail: 'The message was refused, and the refusal could not be recorded.' }
      return { kind: 'refused', code: heard.code, detail: heard.detail }
    }
    const receipt: Receipt = {
      id: parts.newId(), feed: name, format: 'hl7-mdm', receivedAt: parts.now().toISOString(), skeleton: heard.skeleton, contents: heard.contents,
    }
    try {
      const taken = await parts.take(receipt)
      // A receipt that is refused was kept, with its reason, by who took it.
      if (taken.kind === 'refused') return { kind: 'refused', code: taken.code, detail: taken.detail }
      return taken.controlIdShared ? { kind: 'taken', warning: 'MSH-10 came before with another document. Both were taken.' } : { kind: 'taken' }
    } catch (error) {
      const { code, detail } = error instanceof Failure ? error : new Failure('STORE_UNAVAILABLE', 'The receipt could not be kept.', { cause: error })
      say('part_failed', { part: name, code, detail })
      return { kind: 'refused', code, detail: 'Nothing was kept of this message.' }
    }
  }

  const answer = async (heard: Heard): Promise<void> => {
    const verdict = await verdictOn(heard)
    const bytes = acknowledgement(heard.header, verdict, { at: parts.now(), id: parts.newId() })
    if (!bytes || !socket.writable) return
    const flushed = socket.write(framed(bytes))
    isBusy = false
    // A sender that never reads its answers is idle, and goes the way of all idle ones.
    if (!flushed) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }

  const handle = async (event: FrameEvent): Promise<void> => {
    if (event.kind === 'outside') {
      stray = { size: stray.size + event.bytes.length, head: Buffer.concat([stray.head, event.bytes.subarray(0, STRAY_MOST - stray.head.length)]) }
    } else if (event.kind === 'start') {
      await reportStray()
      message = incomingMessage(parts.content, parts.limits, haltedFailure(parts.halted))
    } else if (event.kind === 'body') {
      await message?.push(event.bytes)
    } else {
      const heard = await message?.end(event.broken)
      message = undefined
      if (heard) await answer(heard)
    }
  }

  const drive = async (events: Iterable<FrameEvent>): Promise<void> => {
    for (const event of events) {
      if (isFinishing && !message) return
      isBusy = true
      await handle(event)
      isBusy = false
    }
  }

  const serve = async (): Promise<void> => {
    // Half-closed: a sender that has said all may still read, and gets its answer.
    const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
    for await (const chunk of chunks) {
      await drive(reader.push(chunk))
      // Time spent with the store does not count against the sender.
      socket.setTimeout(parts.idleMs)
      if (isFinishing && !message) return
    }
    await drive(reader.end())
  }

  const end = async (): Promise<void> => {
    await reportStray()
    const cut = message
    message = undefined
    if (cut && !isFinishing) {
      const heard = await cut.end(`the connection ended (${why}) before the frame did`)
      if (!heard.ok && heard.code !== 'FEED_PAUSED') await reject(heard.code, heard.detail, heard.skeleton)
    }
    await cut?.drop()
    if (socket.destroyed) return
    // What is still on its way in is not wanted, but closing on it would cost the sender the answer.
    socket.end()
    socket.resume()
    if (isFinishing) socket.setTimeout(LINGER_MS)
    await once(socket, 'close')
  }

  // `once` and the iterator reject on it too; this keeps the process alive when neither is listening.
  socket.on('error', (error: NodeJS.ErrnoException) => { why = error.code ?? 'error' })
  socket.setTimeout(parts.idleMs, () => {
    if (isBusy) return
    why = 'idle'
    socket.destroy()
  })
  say('connection_opened', { feed: name })
  const done = serve().catch(() => {}).then(end).catch(() => {}).finally(() => {
    socket.destroy()
    say('connection_closed', { feed: name, why: isFinishing ? 'the feed closes' : why })
  })

  return {
    done,
    finish: () => {
      isFinishing = true
      if (!message && !isBusy) socket.destroySoon()
    },
    destroy: () => { socket.destroy() },
  }
}
