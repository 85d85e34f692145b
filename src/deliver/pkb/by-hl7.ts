// The patient's record at PKB by HL7 v2 in SOAP: one message, one acknowledgement. It refuses to say what stands there,
// for PKB does not tell; to take an acknowledgement for one of another message; and to follow a redirect.
import { Failure } from '../../errors.ts'
import type { ContentStore } from '../../ledger/content.ts'
import type { Hl7Soap } from '../../policy/schema.ts'
import type { Outcome, Trace } from '../../types.ts'
import type { Recall, Shipment } from '../destination.ts'
import { classifyStatus, type Asked } from '../outcomes.ts'
import { retryAfterSecs } from '../backoff.ts'
import { broken, givenWhole } from './answer.ts'
import type { ByTransport, TransportParts } from './by-transport.ts'
import { ackOf, type Ack, type AckCode } from './hl7-ack.ts'
import { controlId, t02, t11 } from './hl7-message.ts'
import { enveloped, envelopeOf, readReply, type Reply } from './soap.ts'
import { openWireBody, wireText, type WireBody } from './wire-body.ts'

type Sending = { readonly action: 'update' | 'recall'; readonly attemptId: string; readonly body: WireBody; readonly signal: AbortSignal }

export const byHl7 = (settings: Hl7Soap, { connections, content, now }: TransportParts): ByTransport => {
  const headers = {
    authorization: `Basic ${Buffer.from(`${settings.username}:${settings.password}`).toString('base64')}`,
    'content-type': 'text/xml; charset=utf-8', soapaction: '""', accept: 'text/xml', 'accept-encoding': 'identity',
  }

  const post = async ({ action, attemptId, body, signal }: Sending): Promise<Outcome> => {
    const asked: Asked = { action, target: 'endpoint' }
    const traced = (outcome: Outcome, trace: Omit<Trace, 'correlation'>): Outcome => ({ ...outcome, trace: { correlation: attemptId, ...trace } })
    try {
      const response = await fetch(settings.url, {
        method: 'POST', headers: { ...headers, 'content-length': String(body.bytes), 'x-request-id': attemptId }, redirect: 'manual', signal,
        ...({ body: body.stream, duplex: 'half', keepalive: false, dispatcher: connections.dispatcher } as object),
      })
      const bytes = new Uint8Array(await response.arrayBuffer())
      const { outcome, answer } = judged({ status: response.status, bytes, asked, attemptId })
      const wait = outcome.kind === 'unavailable' ? retryAfterSecs(response.headers.get('retry-after'), now()) : undefined
      return traced({ ...givenWhole(outcome, body.whole()), ...(wait === undefined ? {} : { retryAfterSecs: wait }) }, { ...body.trace(), status: response.status, ...(answer === undefined ? {} : { answer }) })
    } catch (error) {
      const ours = body.failure()
      if (ours) return traced({ kind: 'refused', code: ours.code, detail: ours.detail }, body.trace())
      const outcome = broken(error, asked, signal)
      // What never came about has sent nothing, whatever was made ready.
      return traced(outcome, outcome.kind === 'unavailable' ? {} : body.trace())
    } finally {
      body.close()
    }
  }

  const put = async (shipment: Shipment, signal: AbortSignal): Promise<Outcome> => {
    const { attemptId, identifier } = shipment
    const notSent = (outcome: Outcome): Outcome => ({ ...outcome, trace: { correlation: attemptId } })
    const message = t02(shipment, settings, now())
    if ('code' in message) return notSent({ kind: 'refused', ...message })
    if (signal.aborted) return notSent(TOO_LATE)
    const body = await opened(content, shipment, message)
    if (body instanceof Failure) return notSent({ kind: 'refused', code: body.code, detail: body.detail })
    const outcome = await post({ action: 'update', attemptId, body, signal })
    return outcome.kind === 'accepted' ? { ...outcome, remoteId: identifier } : outcome
  }

  return {
    create: put,
    update: put,
    recall: async (recall, signal) => {
      const { attemptId } = recall
      return signal.aborted ? { ...TOO_LATE, trace: { correlation: attemptId } } : post({ action: 'recall', attemptId, body: wireText(enveloped(t11(recall, settings, now()))), signal })
    },
    look: async ({ attemptId }: Recall) => ({ found: false, outcome: { ...CANNOT_LOOK, trace: { correlation: attemptId } } }),
  }
}

const TOO_LATE: Outcome = { kind: 'unavailable', code: 'TIMEOUT', detail: 'The time was over before anything was sent.' }
export const CANNOT_LOOK: Outcome = { kind: 'unavailable', code: 'CANNOT_LOOK', detail: 'By HL7 nobody can be asked what stands there.' }

/** What our own store cannot give is a fault of this document, until somebody has mended it. */
const opened = async (content: ContentStore, shipment: Shipment, message: { readonly head: string; readonly tail: string }): Promise<WireBody | Failure> => {
  try {
    const envelope = envelopeOf(message, shipment.content.size)
    const source = await content.read(shipment.content.sha256)
    return openWireBody(envelope.stream(source), envelope.bytes, source)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

// ---------------------------------------------------------------- what the answer means

type Answered = { readonly status: number; readonly bytes: Uint8Array; readonly asked: Asked; readonly attemptId: string }
type Judged = { readonly outcome: Outcome; readonly answer?: string }

/** Statuses at which a SOAP service speaks for itself; at all others whatever stands before it does. */
const speaks = (status: number): boolean => (status >= 200 && status < 300) || status === 400 || status === 500

const judged = ({ status, bytes, asked, attemptId }: Answered): Judged => {
  const reply: Reply = speaks(status) ? readReply(bytes) : { is: 'unreadable' }
  const byStatus: Outcome = { kind: classifyStatus(status, asked), code: String(status), detail: `HTTP ${status}` }
  if (reply.is === 'fault') return { outcome: FAULT[reply.whose], answer: FAULT[reply.whose].code }
  const ack = reply.is === 'message' ? ackOf(reply.text) : undefined
  if (ack && ack.about !== controlId(attemptId)) return { outcome: { kind: 'unsure', code: 'NOT_OUR_ACK', detail: 'The acknowledgement is about another message.' } }
  // A yes within an answer that says no is none.
  if (ack && (status < 300 || MEANS[ack.code] !== 'yes')) return { outcome: acknowledged(ack, asked), answer: ack.answer }
  return { outcome: byStatus.kind === 'accepted' ? { kind: 'unsure', code: 'NOT_AN_ACK', detail: `The address answers ${status}, but with no HL7 acknowledgement.` } : byStatus }
}

const FAULT = {
  ours: { kind: 'refused', code: 'SOAP_CLIENT', detail: 'The SOAP service refuses the request.' },
  credentials: { kind: 'forbidden', code: 'SOAP_SECURITY', detail: 'The SOAP service refuses this engine.' },
  theirs: { kind: 'unsure', code: 'SOAP_FAULT', detail: 'The SOAP service failed.' },
} as const satisfies Record<Extract<Reply, { is: 'fault' }>['whose'], Outcome>

/** `error`: PKB did not expect it, and cannot say what came of it. */
const MEANS = { AA: 'yes', CA: 'yes', AR: 'no', CR: 'no', AE: 'error', CE: 'error' } as const satisfies Record<AckCode, string>

/** PKB asks that nobody tries again by himself after AR or AE. A recall after AE is tried again all the same: taking back twice does no harm, and a letter that must not be seen does. */
const acknowledged = ({ code, answer, says }: Ack, { action }: Asked): Outcome => {
  const detail = `PKB answers ${answer}.${MEANS[code] === 'yes' ? '' : says}`
  switch (MEANS[code]) {
    case 'yes': return { kind: 'accepted', code, detail }
    case 'no': return { kind: 'refused', code, detail, person: true }
    case 'error': return { kind: 'unsure', code, detail, ...(action === 'recall' ? {} : { person: true as const }) }
  }
}
