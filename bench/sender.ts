// A client of the engine, as RiO is one: one connection to each door, one message at a time, and the next only after
// the answer. It refuses to call a message acknowledged on anything but AA, 200 or 201.
import { Agent, request } from 'undici'
import { connectMllp, type MllpSender } from '../src/intake/mllp/client.ts'
import type { Message } from './upload.ts'

export type Doors = { readonly mllpPort: number; readonly httpUrl: string; readonly token: string }

export type Sent =
  | { readonly kind: 'acknowledged' }
  /** No answer, or one that asks to send again: it may have been taken. */
  | { readonly kind: 'again'; readonly why: string }
  /** There was no connection, so nothing was sent. */
  | { readonly kind: 'away'; readonly why: string }
  /** The engine does not want this message. */
  | { readonly kind: 'refused'; readonly why: string }

export type Sender = { send(message: Message): Promise<Sent>; close(): Promise<void> }

const ANSWER_MS = 10_000
/** ERR-3 of an answer that is worth another try: the engine could not store. */
const STORE_FAILED = /^ERR\|[^|]*\|[^|]*\|207\b/mu

export const makeSender = (doors: Doors): Sender => {
  const http = new Agent({ connections: 1, pipelining: 1, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS })
  let mllp: MllpSender | undefined

  const overMllp = async ({ bytes }: Message): Promise<Sent> => {
    try {
      mllp ??= await connectMllp({ host: '127.0.0.1', port: doors.mllpPort, timeoutMs: ANSWER_MS })
      const { code, error, text, raw } = await mllp.send(bytes)
      if (code === 'AA') return { kind: 'acknowledged' }
      const why = `${code} ${error?.code ?? ''} ${error?.detail ?? text}`
      return { kind: STORE_FAILED.test(raw.replaceAll('\r', '\n')) ? 'again' : 'refused', why }
    } catch (error) {
      const broken = mllp
      mllp = undefined
      await broken?.close()
      return unanswered(error)
    }
  }

  const overHttp = async ({ bytes, contentType }: Message): Promise<Sent> => {
    try {
      const { statusCode, body } = await request(doors.httpUrl, {
        method: 'POST', dispatcher: http, body: bytes, headers: { authorization: `Bearer ${doors.token}`, 'content-type': contentType },
      })
      const text = await body.text()
      if (statusCode === 200 || statusCode === 201) return { kind: 'acknowledged' }
      return { kind: statusCode >= 500 || statusCode === 429 ? 'again' : 'refused', why: `${statusCode} ${text.slice(0, 300)}` }
    } catch (error) {
      return unanswered(error)
    }
  }

  return {
    send: (message) => (message.door === 'mllp' ? overMllp(message) : overHttp(message)),
    close: async () => {
      await mllp?.close()
      await http.destroy()
    },
  }
}

/** What says for certain that not a byte went out. */
const NOT_SENT = ['DESTINATION_UNAVAILABLE', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']

const unanswered = (error: unknown): Sent => {
  const { code = '', message } = error as { code?: string; message: string }
  return { kind: NOT_SENT.includes(code) ? 'away' : 'again', why: `${code} ${message}` }
}
