// One FHIR endpoint at PKB: a request with a token and the organisation's id, and the answer whatever it was. It
// refuses to follow redirects, to send a request a third time, and to throw for anything that the other side did.
import { Readable } from 'node:stream'
import { Client } from 'fhir-kit-client'
import { asFailure, Failure } from '../../errors.ts'
import type { Outcome } from '../../types.ts'
import type { Asked } from '../outcomes.ts'
import { broken, outcomeOf, type Answer } from './answer.ts'
import type { Body } from './body.ts'
import { NoToken, openTokens, type Credentials } from './token.ts'
import type { Transport } from './transport.ts'

export type Endpoint = Credentials & { readonly base_url: string; readonly organisation: string }

export type Sending = Asked & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base address; holds none but our own ids. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A small body. */
  readonly json?: object
  /** A large one, opened anew for each try. */
  readonly streamed?: { readonly body: Body; open(): Promise<AsyncIterable<Buffer>> }
  readonly signal: AbortSignal
}

export type Sent = { readonly outcome: Outcome; readonly answer?: Answer }

export type Fhir = { send(sending: Sending): Promise<Sent> }

/** Under this name a stream travels through the client's options to its request signer. */
const STREAM = Symbol('stream')
type Init = RequestInit & { [STREAM]?: Readable }

export const openFhir = (endpoint: Endpoint, { transport, timeoutSecs, now }: { readonly transport: Transport; readonly timeoutSecs: number; readonly now: () => Date }): Fhir => {
  const tokens = openTokens(endpoint, { transport, timeoutSecs, now })
  const client = new Client({
    baseUrl: endpoint.base_url,
    customHeaders: { 'x-org-public-id': endpoint.organisation, 'accept-encoding': 'identity' },
    requestOptions: { redirect: 'manual', dispatcher: transport.dispatcher },
    requestSigner: (_url, init: Init) => {
      // Keepalive requests may not stream, and none of ours outlives the engine.
      Object.assign(init, { keepalive: false }, init[STREAM] ? { body: init[STREAM], duplex: 'half' } : {})
    },
  })

  const once = async (sending: Sending, token: string): Promise<Sent> => {
    const { method, path, json, streamed, signal } = sending
    const opened = streamed ? await streamed.open() : undefined
    // A failure of ours, above all of the content store, that breaks the request from within.
    let ours: Failure | undefined
    const watched = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      try {
        yield* chunks
      } catch (error) {
        ours = asFailure(error)
        throw error
      }
    }
    const stream = streamed && opened ? Readable.from(streamed.body.stream(watched(opened)), { objectMode: false }) : undefined
    const headers = {
      ...(json || stream ? { 'content-type': 'application/fhir+json' } : {}),
      ...(streamed ? { 'content-length': String(streamed.body.bytes) } : {}),
      ...sending.headers,
      authorization: `Bearer ${token}`,
    }
    try {
      const resource = await client.request(path, { method, body: json, options: { headers, signal, ...(stream ? { [STREAM]: stream } : {}) } })
      const response = Client.httpFor(resource).response
      if (!response) throw new Failure('INTERNAL', 'The FHIR client gave no response.')
      return good({ status: response.status, headers: response.headers, body: resource }, sending)
    } catch (error) {
      const answer = answerOf(error)
      if (answer) return good(answer, sending)
      if (ours) throw ours
      return { outcome: broken(error, sending, signal) }
    } finally {
      stream?.destroy()
    }
  }
  const good = (answer: Answer, asked: Asked): Sent => ({ outcome: outcomeOf(answer, asked, now()), answer })

  return {
    send: async (sending) => {
      try {
        const token = await tokens.get(sending.signal)
        const first = await once(sending, token)
        if (first.answer?.status !== 401) return first
        // Tokens can be revoked before they expire: once, with a fresh one.
        return await once(sending, await tokens.get(sending.signal, token))
      } catch (error) {
        if (error instanceof NoToken) return { outcome: error.outcome }
        throw error
      }
    },
  }
}

/** The client throws for any answer that is not 2xx, and for one that is no JSON. */
const answerOf = (error: unknown): Answer | undefined => {
  const { response, config } = error as { response?: { status?: unknown; data?: unknown }; config?: { headers?: unknown } }
  return typeof response?.status === 'number' ? { status: response.status, headers: config?.headers instanceof Headers ? config.headers : new Headers(), body: response.data } : undefined
}
