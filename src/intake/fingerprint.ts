// By what the ledger knows a message again: a fingerprint of all that it says, and the control id that its sender gave
// it. It refuses to count what changes when the same message is sent again: MSH-7 and the door's own ids.
import { createHash } from 'node:crypto'
import type { Receipt } from '../types.ts'

/** SHA-256 hex: equal means an exact repeat, whichever feed brought it. */
export const fingerprint = (receipt: Receipt): string => {
  const { format, skeleton, fileName = null, declaredType = null, contents } = receipt
  const said = format === 'hl7-mdm' ? withoutTime(skeleton) : skeleton
  const files = contents.map(({ sha256, size, tooLarge = false, broken = null }) => [sha256, size, tooLarge, broken])
  return createHash('sha256').update(JSON.stringify([format, said, fileName, declaredType, files])).digest('hex')
}

const LONGEST_KEY = 600

/** MSH-3, MSH-4 and MSH-10, as written, or the hash of what is longer than any sender's; undefined where the message has no control id. */
export const controlKey = (skeleton: string): string | undefined => {
  const fields = headerOf(skeleton)?.split(skeleton[3]!)
  const controlId = fields?.[9]?.trim()
  if (!fields || !controlId) return undefined
  const key = [fields[2]?.trim() ?? '', fields[3]?.trim() ?? '', controlId].join('|')
  // An index of PostgreSQL takes no text of any length.
  return key.length > LONGEST_KEY ? createHash('sha256').update(key).digest('hex') : key
}

const headerOf = (skeleton: string): string | undefined => (skeleton.startsWith('MSH') ? /^[^\r\n]*/u.exec(skeleton)?.[0] : undefined)

const withoutTime = (skeleton: string): string => {
  const header = headerOf(skeleton)
  if (header === undefined) return skeleton
  const mark = skeleton[3]!
  // MSH-1 is the separator itself, so MSH-7 is the seventh piece.
  const blanked = header.split(mark).map((field, place) => (place === 6 ? '' : field)).join(mark)
  return blanked + skeleton.slice(header.length)
}
