// What fetch does not tell of a connection that broke: whether the request had begun on it, and whether it was a proxy that
// answered. It refuses to let an answer of a proxy pass for a connection that broke without a word.
import type { Dispatcher } from 'undici'

/** The code of a proxy's answer; of HTTP 407 fetch makes a broken connection, as browsers do. */
export const PROXY_REFUSES = 'PROXY_REFUSES'

/** A plain Error: fetch keeps no cause of a kind that it does not know. */
const proxyRefuses = (): Error => Object.assign(new Error('A proxy wants a name and a password.'), { code: PROXY_REFUSES })

/** Errors after the connection stood, TLS and all, say so: by `broken` in answer.ts nothing of them proves that nothing got there. */
export const tellBegun: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let begun = false
  return dispatch(options, {
    onRequestStart: (controller, context) => {
      begun = true
      handler.onRequestStart?.(controller, context)
    },
    onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) => {
      if (status === 407) controller.abort(proxyRefuses())
      else handler.onResponseStart?.(controller, status, headers, message)
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, begun ? Object.assign(error, { begun }) : error),
  })
}
