// The MSH segment of a message: what the feed has to know to take or refuse it, and to answer it. Its bytes are kept
// one character a byte, so that an answer can give them back as they came, whatever the character set. It refuses to
// look at any other segment.
import { Hl7Message } from '@medplum/core'
import type { ErrorCode } from '../../errors.ts'
import { separatorsOf } from './separators.ts'

export type Header = {
  /** MSH-1 and the first four characters of MSH-2. */
  readonly separators: string
  /** Fields as written, one character a byte, by their number: `raw[10]` is MSH-10. */
  readonly raw: readonly string[]
  readonly type: string
  readonly event: string
  readonly controlId: string
  readonly processingId: string
  readonly version: string
  /** MSH-15 and MSH-16. */
  readonly acceptCondition: string
  readonly applicationCondition: string
  /** First repetition of MSH-18. */
  readonly charset: string
}

/** Undefined if the bytes do not begin with a message header. */
export const readHeader = (bytes: Buffer): Header | undefined => {
  if (separatorsOf(bytes) === undefined) return undefined
  const end = bytes.findIndex((byte) => byte === 0x0d || byte === 0x0a)
  const segment = Hl7Message.parse(bytes.toString('latin1', 0, end < 0 ? bytes.length : end)).header
  const raw = Array.from({ length: 25 }, (_, field) => (field === 0 ? '' : given(segment.getField(field)?.toString())))
  const first = (field: number, component: number): string => given(segment.getComponent(field, component))
  return {
    separators: bytes.toString('latin1', 3, 8),
    raw,
    type: first(9, 1).toUpperCase(),
    event: first(9, 2).toUpperCase(),
    controlId: raw[10]!,
    processingId: first(11, 1).toUpperCase(),
    version: first(12, 1),
    acceptCondition: first(15, 1).toUpperCase(),
    applicationCondition: first(16, 1).toUpperCase(),
    charset: first(18, 1),
  }
}

/** `""` is HL7 for a value that was deleted. */
const given = (text: string | undefined): string => (text === undefined || text.trim() === '""' ? '' : text.trim())

/** Why a message with this header cannot be taken, whatever else stands in it; undefined if it can. */
export const unacceptable = (header: Header, testSystem: boolean): { readonly code: ErrorCode; readonly detail: string } | undefined => {
  if (header.type !== 'MDM') return { code: 'HL7_TYPE_UNSUPPORTED', detail: 'MSH-9.1 is not MDM.' }
  // EVN-1 says the same in older versions. Where the two disagree, this one counts: it is what senders route on.
  if (!/^T(?:0[1-9]|1[01])$/u.test(header.event)) return { code: 'EVENT_UNKNOWN', detail: 'MSH-9.2 is not T01 to T11.' }
  if (header.version !== '' && !header.version.startsWith('2.')) return { code: 'HL7_VERSION_UNSUPPORTED', detail: 'MSH-12 is not a version 2.' }
  if (header.processingId !== 'P' && !testSystem) return { code: 'HL7_PROCESSING_ID', detail: 'MSH-11 is not P.' }
  return undefined
}
