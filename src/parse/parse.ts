// From a receipt to the document that it states. It refuses what cannot be attributed to a document and a patient,
// and what could not be stored; everything else becomes a fact.
import type { Mapping } from '../policy/schema.ts'
import type { Receipt, RioDocument } from '../types.ts'
import { parseHl7 } from './hl7-mdm.ts'
import { holdsNul, refuse, type Parsed } from './read.ts'
import { parseUpload } from './upload.ts'

export type { Parsed } from './read.ts'

export const parse = (receipt: Receipt, mapping: Mapping): Parsed => {
  if (receipt.format !== mapping.kind) return refuse('MESSAGE_UNREADABLE', 'message', `This feed's mapping reads ${mapping.kind}, and the message is ${receipt.format}.`)
  if (holdsNul(receipt.skeleton)) return refuse('NUL_IN_MESSAGE', 'message', 'There is a NUL character in it.')
  const parsed = mapping.kind === 'hl7-mdm' ? parseHl7(receipt, mapping) : parseUpload(receipt, mapping)
  if (!parsed.ok) return parsed
  // Of a file, head and tail are bytes, and may hold any.
  const { contents: _, ...said } = parsed.document
  if (holdsNul(said)) return refuse('NUL_IN_MESSAGE', 'message', 'There is an escaped NUL character in it.')
  return isAhead(parsed.document.sourceTime, receipt.receivedAt) ? { ok: true, document: withoutTime(parsed.document) } : parsed
}

const DAY_MS = 86_400_000

/** A clock that is wrong by more than a day: taken at its word, it would make every later correction come late. */
const isAhead = (sourceTime: string | undefined, receivedAt: string): boolean => sourceTime !== undefined && Date.parse(sourceTime) > Date.parse(receivedAt) + DAY_MS

const withoutTime = ({ sourceTime: _sourceTime, ...document }: RioDocument): RioDocument => ({ ...document, unread: [...document.unread, 'source time (more than a day ahead)'] })
