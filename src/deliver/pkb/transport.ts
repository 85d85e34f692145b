// The connections to PKB: how many at once, how long one may take to come about, and how much of an answer is read.
// It refuses to hold a large answer: long strings are cut short as they come in, and what is still over the limit
// breaks the exchange.
import { Agent, Dispatcher1Wrapper, type Dispatcher } from 'undici'
import { elideLongStrings } from './elide.ts'

export type Transport = {
  /** For the `dispatcher` option of the global fetch. */
  readonly dispatcher: Dispatcher
  close(): Promise<void>
}

export const ANSWER_LIMIT_BYTES = 1024 * 1024
const LONGEST_STRING_BYTES = 16 * 1024
const CONNECT_SECS = 10

/** Carries the code that `broken` in fhir.ts reads. */
class AnswerTooLarge extends Error {
  readonly code = 'ANSWER_TOO_LARGE'
}

const asItIs = (chunk: Uint8Array): Uint8Array => chunk

const cutAnswers: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let left = ANSWER_LIMIT_BYTES
  let elide = asItIs
  return dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) => {
      left = ANSWER_LIMIT_BYTES
      const encoding = headers['content-encoding']
      elide = encoding === undefined || encoding === 'identity' ? elideLongStrings(LONGEST_STRING_BYTES) : asItIs
      handler.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => {
      const short = elide(chunk)
      left -= short.length
      if (left < 0) controller.abort(new AnswerTooLarge(`The answer is larger than ${ANSWER_LIMIT_BYTES} bytes.`))
      else if (short.length > 0) handler.onResponseData?.(controller, Buffer.from(short.buffer, short.byteOffset, short.length))
    },
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  })
}

/** `timeout` of whole exchanges is the caller's, by its signal. */
export const openTransport = (atOnce: number): Transport => {
  const agent = new Agent({ connections: Math.max(atOnce, 1), headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_SECS * 1000 } })
  return {
    // The fetch that Node brings speaks an older dispatcher protocol than this undici.
    dispatcher: new Dispatcher1Wrapper(agent.compose(cutAnswers)),
    close: () => agent.close(),
  }
}
