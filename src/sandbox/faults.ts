// Faults that a test sets by POST /control, so that the engine meets a bad day on purpose. The first one that
// matches a request is used, once or as often as it says. It refuses to touch /control itself.
//
// `path`, `method`, `times`: which requests, and how many. For any of them: `status`, `retryAfter`, `delayMs`, `cut`.
// For POST /services/hl7 alone, whatever `path` says: `ack`, `soapFault`, `ackFor`, `garbage`, `dropAfterAck`.
// `store`: whether the work is done under the fault.
import { z } from 'zod'

/**
 * `path`: this address and everything beneath it. `method`: any, if left out. A POST to `_search` is a reading, so
 * a fault for POST on a type spares it unless its path names `_search`; one for GET on the type takes it.
 * `times`: how many requests it meets (1); 0 or less means every one.
 * `status`: answers that, stores nothing. `retryAfter` (seconds or an HTTP date) alone means 503.
 * `delayMs`: the work is done at once, the answer comes late. `cut`: the whole request is read, then the
 * connection is broken before or after the work, with no answer.
 * `ack`: a refusal (AR) or an error (AE). `soapFault`: HTTP 500 with a SOAP fault. `garbage`: 200 with something that
 * is no SOAP. `ackFor: 'another'`: the true answer, but MSA-2 names another message. `dropAfterAck`: AA, and the
 * message is lost, as PKB's recovery point of ten minutes allows.
 * `store: true` does the work under `status`, `ack`, `soapFault` and `garbage`, which else do none; `store: false`
 * leaves it undone under `ackFor`.
 */
export const faultSchema = z.strictObject({
  path: z.string().startsWith('/').default('/'),
  method: z.string().toUpperCase().optional(),
  times: z.int().default(1),
  status: z.int().min(200).max(599).optional(),
  retryAfter: z.union([z.number(), z.string()]).optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  cut: z.enum(['before-store', 'after-store']).optional(),
  ack: z.enum(['AR', 'AE']).optional(),
  soapFault: z.literal(true).optional(),
  ackFor: z.literal('another').optional(),
  garbage: z.literal(true).optional(),
  dropAfterAck: z.literal(true).optional(),
  store: z.boolean().optional(),
}).refine((fault) => fault.status ?? fault.retryAfter ?? fault.delayMs ?? fault.cut ?? soapOnly(fault), { error: 'a fault needs status, retryAfter, delayMs, cut, ack, soapFault, ackFor, garbage or dropAfterAck' })
  .refine((fault) => fault.store === undefined || (!fault.cut && !fault.dropAfterAck), { error: 'cut and dropAfterAck say themselves whether the work is done' })
  .transform((fault) => (fault.retryAfter !== undefined && fault.status === undefined && !fault.cut ? { ...fault, status: 503 } : fault))

export type Fault = z.infer<typeof faultSchema>

export const HL7_PATH = '/services/hl7'

type SoapFaults = { readonly ack?: unknown; readonly soapFault?: unknown; readonly ackFor?: unknown; readonly garbage?: unknown; readonly dropAfterAck?: unknown }
const soapOnly = ({ ack, soapFault, ackFor, garbage, dropAfterAck }: SoapFaults): unknown => ack ?? soapFault ?? ackFor ?? garbage ?? dropAfterAck

/** Whether the work is done under this fault. */
export const stores = (fault: Fault | undefined): boolean =>
  fault === undefined || (fault.store ?? !(fault.status ?? fault.ack ?? fault.soapFault ?? fault.garbage ?? fault.dropAfterAck))

const beneath = (path: string, above: string): boolean =>
  path === above || path.startsWith(above.endsWith('/') ? above : `${above}/`)

export const meets = (fault: Fault, method: string, path: string): boolean => {
  if (!beneath(path, fault.path)) return false
  if (soapOnly(fault) && (path !== HL7_PATH || method !== 'POST')) return false
  if (fault.method === undefined || fault.method === '*') return true
  const isSearch = path.endsWith('/_search') && !fault.path.endsWith('/_search')
  return fault.method === (isSearch ? 'GET' : method)
}

/** The first fault that meets the request, and the faults that are left after it. */
export const stumble = (faults: readonly Fault[], method: string, path: string): { readonly fault?: Fault; readonly left: readonly Fault[] } => {
  const fault = faults.find((candidate) => meets(candidate, method, path))
  if (!fault) return { left: faults }
  if (fault.times < 1) return { fault, left: faults }
  return { fault, left: faults.flatMap((other) => (other !== fault ? [other] : other.times > 1 ? [{ ...other, times: other.times - 1 }] : [])) }
}
