// The body of one request on its way out: hashed as it passes, and with a failure of our own side told apart from one
// of the connection. It refuses to be read twice, and to name a hash of what was not handed over whole.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { asFailure, type Failure } from '../../errors.ts'
import type { Trace } from '../../types.ts'

export type WireBody = {
  readonly stream: Readable
  readonly bytes: number
  /** What a trace says of it. */
  trace(): Pick<Trace, 'requestSha256' | 'requestBytes'>
  /** Whether all of it was handed over: nobody can have taken what he was not given. */
  whole(): boolean
  /** A failure of ours, above all of the content store, that broke the request from within. */
  failure(): Failure | undefined
  /** Also closes the file of a request that never came about. */
  close(): void
}

/** `source`: what the chunks are read from. */
export const openWireBody = (chunks: AsyncIterable<Buffer>, bytes: number, source?: Readable): WireBody => {
  const hash = createHash('sha256')
  let passed = 0
  let digest: string | undefined
  let ours: Failure | undefined
  // A generator of its own: what breaks the connection is thrown into the outer one, and is not ours.
  const watched = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* chunks
    } catch (error) {
      ours = asFailure(error)
      throw error
    }
  }
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of watched()) {
      hash.update(chunk)
      passed += chunk.length
      yield chunk
    }
  }
  const stream = Readable.from(hashed(), { objectMode: false })
  return {
    stream,
    bytes,
    trace: () => {
      if (passed !== bytes) return passed > 0 ? { requestBytes: passed } : {}
      return { requestSha256: (digest ??= hash.digest('hex')), requestBytes: bytes }
    },
    whole: () => passed === bytes,
    failure: () => ours,
    close: () => {
      stream.destroy()
      source?.destroy()
    },
  }
}

/** One small body. */
export const wireText = (text: string): WireBody => {
  const bytes = Buffer.from(text)
  return openWireBody((async function* () { yield bytes })(), bytes.length)
}
