// One FHIR endpoint at PKB: a request with a token and the organisation's id, and the answer whatever it was. It
// refuses to follow redirects, to send a request a third time, and to throw for anything that the other side did.
import type { Readable } from 'node:stream'
import { Client } from 'fhir-kit-client'
import { Failure } from '../../errors.ts'
import type { Outcome, Trace } from '../../types.ts'
import type { Asked } from '../outcomes.ts'
import { broken, givenWhole, issuesOf, outcomeOf, type Answer } from './answer.ts'
import type { Body } from './body.ts'
import type { Connections } from './connections.ts'
import { NoToken, openTokens, type Credentials } from './token.ts'
import { openWireBody, wireText, type WireBody } from './wire-body.ts'

export type Endpoint = Credentials & { readonly base_url: string; readonly organisation: string }

export type Sending = Asked & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base address; holds none but our own ids. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A small body. */
  readonly json?: object
  /** A large one, opened anew for each try. */
  readonly streamed?: { readonly body: Body; open(): Promise<Readable> }
  readonly signal: AbortSignal
}

/** `trace`: of this one request; without one where no token was given, for then there was no request. */
export type Sent = { readonly outcome: Outcome; readonly answer?: Answer; readonly trace?: Omit<Trace, 'correlation'> }

export type Fhir = { send(sending: Sending): Promise<Sent> }

/** Under this name a stream travels through the client's options to its request signer. */
const STREAM = Symbol('stream')
type Init = RequestInit & { [STREAM]?: Readable }

export const openFhir = (endpoint: Endpoint, { connections, timeoutSecs, now }: { readonly connections: Connections; readonly timeoutSecs: number; readonly now: () => Date }): Fhir => {
  const tokens = openTokens(endpoint, { connections, timeoutSecs, now })
  const client = new Client({
    baseUrl: endpoint.base_url,
    customHeaders: { 'x-org-public-id': endpoint.organisation, 'accept-encoding': 'identity' },
    requestOptions: { redirect: 'manual', dispatcher: connections.dispatcher },
    requestSigner: (_url, init: Init) => {
      // Keepalive requests may not stream, and none of ours outlives the engine.
      Object.assign(init, { keepalive: false }, init[STREAM] ? { body: init[STREAM], duplex: 'half' } : {})
    },
  })

  const once = async (sending: Sending, token: string): Promise<Sent> => {
    const { method, path, json, streamed, signal } = sending
    const body = streamed ? await opened(streamed) : json ? wireText(JSON.stringify(json)) : undefined
    const headers = {
      ...(body ? { 'content-type': 'application/fhir+json', 'content-length': String(body.bytes) } : {}),
      ...sending.headers,
      authorization: `Bearer ${token}`,
    }
    const answered = (answer: Answer): Sent => {
      const issues = issuesOf(answer.body)
      return { outcome: givenWhole(outcomeOf(answer, sending, now()), sending.action === 'look' || (body?.whole() ?? true)), answer, trace: { ...body?.trace(), status: answer.status, ...(issues === '' ? {} : { answer: issues }) } }
    }
    try {
      const resource = await client.request(path, { method, options: { headers, signal, ...(body ? { [STREAM]: body.stream } : {}) } })
      const response = Client.httpFor(resource).response
      if (!response) throw new Failure('INTERNAL', 'The FHIR client gave no response.')
      return answered({ status: response.status, headers: response.headers, body: resource })
    } catch (error) {
      const answer = answerOf(error)
      if (answer) return answered(answer)
      const ours = body?.failure()
      if (ours) throw ours
      const outcome = broken(error, sending, signal)
      // What never came about has sent nothing, whatever was made ready.
      return { outcome, trace: outcome.kind === 'unavailable' ? {} : { ...body?.trace() } }
    } finally {
      body?.close()
    }
  }

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

const opened = async ({ body, open }: NonNullable<Sending['streamed']>): Promise<WireBody> => {
  const source = await open()
  return openWireBody(body.stream(source), body.bytes, source)
}

/** The client throws for any answer that is not 2xx, and for one that is no JSON. */
const answerOf = (error: unknown): Answer | undefined => {
  const { response, config } = error as { response?: { status?: unknown; data?: unknown }; config?: { headers?: unknown } }
  return typeof response?.status === 'number' ? { status: response.status, headers: config?.headers instanceof Headers ? config.headers : new Headers(), body: response.data } : undefined
}
