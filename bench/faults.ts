// Has the sandbox stumble now and then, in the ways that PKB might. It refuses faults that only a person could mend:
// everything here has to come right by itself.
import { setTimeout as delay } from 'node:timers/promises'
import type { Transport } from '../src/types.ts'
import type { Random } from './random.ts'
import type { Fault, SandboxChild } from './sandbox.ts'

const DOCUMENTS = '/fhir/DocumentReference'

const FAULTS = [
  { path: DOCUMENTS, method: 'POST', times: 3, status: 503, retryAfter: 1 },
  { path: DOCUMENTS, method: 'POST', times: 2, cut: 'after-store' },
  { path: DOCUMENTS, method: 'POST', times: 2, cut: 'before-store' },
  { path: DOCUMENTS, method: 'POST', times: 4, delayMs: 700 },
  { path: DOCUMENTS, method: 'POST', times: 1, status: 500 },
  { path: DOCUMENTS, method: 'PUT', times: 1, cut: 'after-store' },
  { path: DOCUMENTS, method: 'PUT', times: 1, cut: 'before-store' },
  { path: DOCUMENTS, method: 'DELETE', times: 1, cut: 'after-store' },
  { path: DOCUMENTS, method: 'DELETE', times: 1, cut: 'before-store' },
  { path: DOCUMENTS, method: 'DELETE', times: 2, status: 503, retryAfter: 1 },
  { path: DOCUMENTS, method: 'GET', times: 1, status: 503 },
  { path: '/fhir/Patient', times: 1, status: 503 },
  { path: '/oauth/token', times: 1, status: 503 },
] as const satisfies readonly [Fault, ...Fault[]]

const HL7 = '/services/hl7'
/** Of the SOAP service, and of the account question. AE is left out: it stops for a person. */
const HL7_FAULTS = [
  { path: HL7, times: 3, status: 503, retryAfter: 1 },
  { path: HL7, times: 2, cut: 'after-store' },
  { path: HL7, times: 2, cut: 'before-store' },
  { path: HL7, times: 4, delayMs: 700 },
  { path: HL7, times: 1, delayMs: 3_000 },
  { path: HL7, times: 1, status: 500 },
  { path: '/fhir/Patient', times: 1, status: 503 },
  { path: '/oauth/token', times: 1, status: 503 },
] as const satisfies readonly [Fault, ...Fault[]]

/** Until stopped; the answer of `stop` is how many were set. Nothing stumbles any more after it. */
export const throwFaults = (sandbox: SandboxChild, random: Random, transport: Transport): { stop(): Promise<number> } => {
  const stop = new AbortController()
  let set = 0
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sandbox.control({ faults: [random.pick<Fault>(transport === 'fhir' ? FAULTS : HL7_FAULTS)] })
      set += 1
      await delay(random.whole(300, 2_500))
    }
    await sandbox.control({ faults: [] })
  }
  const running = run()
  running.catch(() => undefined)
  return {
    stop: async () => {
      stop.abort()
      await running
      return set
    },
  }
}
