// The connections to PKB: how many at once, how long one may take to come about, and how much of an answer is read.
// It refuses to hold a large answer, however small it was packed: long strings are cut short as they come in, and what
// is still over the limit breaks the exchange.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { Agent, Dispatcher1Wrapper, type Dispatcher } from 'undici'
import { tellBegun } from './begun.ts'
import { elideLongStrings } from './elide.ts'

export type Connections = {
  /** For the `dispatcher` option of the global fetch. */
  readonly dispatcher: Dispatcher
  close(): Promise<void>
}

const ANSWER_LIMIT_BYTES = 1024 * 1024
const LONGEST_STRING_BYTES = 16 * 1024
const CONNECT_SECS = 10

/** Carries the code that `broken` in answer.ts reads. A plain Error: fetch keeps no cause of a kind that it does not know. */
const answerTooLarge = (limitBytes: number): Error => Object.assign(new Error(`The answer is larger than ${limitBytes} bytes.`), { code: 'ANSWER_TOO_LARGE' })

type Headers = Readonly<Record<string, string | string[] | undefined>>

const encodingOf = (headers: Headers): string => String(headers['content-encoding'] ?? 'identity').trim().toLowerCase()
const isPacked = (headers: Headers): boolean => encodingOf(headers) !== 'identity'

const UNPACK: Readonly<Record<string, (packed: Buffer, limit: { readonly maxOutputLength: number }) => Buffer>> =
  { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync, br: brotliDecompressSync }

/** Nobody is asked to pack an answer, and some do. It is held until it is known how large it is; fetch unpacks it after that. */
const unpackable = (limitBytes: number): Dispatcher.DispatcherComposeInterceptor => (dispatch) => (options, handler) => {
  let held: Buffer[] | undefined
  let encoding = ''
  return dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) => {
      held = isPacked(headers) ? [] : undefined
      encoding = encodingOf(headers)
      handler.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => {
      if (!held) { handler.onResponseData?.(controller, chunk); return }
      held.push(Buffer.from(chunk))
      if (held.reduce((sum, one) => sum + one.length, 0) > limitBytes) controller.abort(answerTooLarge(limitBytes))
    },
    onResponseEnd: (controller, trailers) => {
      const packed = held && Buffer.concat(held)
      if (packed && packed.length > 0) {
        try {
          if (!Object.hasOwn(UNPACK, encoding)) throw new TypeError('an encoding that is not known')
          UNPACK[encoding]?.(packed, { maxOutputLength: limitBytes })
        } catch {
          handler.onResponseError?.(controller, answerTooLarge(limitBytes))
          return
        }
        handler.onResponseData?.(controller, packed)
      }
      handler.onResponseEnd?.(controller, trailers)
    },
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  })
}

const asItIs = (chunk: Uint8Array): Uint8Array => chunk

const cutAnswers = (limitBytes: number): Dispatcher.DispatcherComposeInterceptor => (dispatch) => (options, handler) => {
  let left = limitBytes
  let elide = asItIs
  return dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) => {
      left = limitBytes
      // The strings of XML are not those of JSON: an acknowledgement is read as it is.
      elide = !isPacked(headers) && !/xml/iu.test(String(headers['content-type'] ?? '')) ? elideLongStrings(LONGEST_STRING_BYTES) : asItIs
      handler.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => {
      const short = elide(chunk)
      left -= short.length
      if (left < 0) controller.abort(answerTooLarge(limitBytes))
      else if (short.length > 0) handler.onResponseData?.(controller, Buffer.from(short.buffer, short.byteOffset, short.length))
    },
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  })
}

/** `timeout` of whole exchanges is the caller's, by its signal. `limitBytes`: of an answer; one about thousands of people is large. */
export const openConnections = (atOnce: number, limitBytes = ANSWER_LIMIT_BYTES): Connections => {
  const agent = new Agent({ connections: Math.max(atOnce, 1), headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_SECS * 1000 } })
  return {
    // The fetch that Node brings speaks an older dispatcher protocol than this undici.
    dispatcher: new Dispatcher1Wrapper(agent.compose(unpackable(limitBytes), cutAnswers(limitBytes), tellBegun)),
    close: () => agent.close(),
  }
}
