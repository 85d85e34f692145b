// The fact `content`: what the file is, by its first bytes and not by its name. Only an unprotected PDF is readable;
// everything else waits for a person. It refuses to trust a declared type.
import type { Content, FactValue } from '../types.ts'

type Kind = 'pdf' | 'ole' | 'zip' | 'rtf' | 'tiff' | 'jpeg' | 'png' | 'html' | 'text' | 'unknown'

// NUL stands as U+2400 in `head`.
const MAGIC: readonly (readonly [Kind, (head: string) => boolean])[] = [
  // The header may stand within the first 1,024 bytes (ISO 32000-1, annex H, implementation note 13); readers and
  // patients' phones differ on junk in front, so only white space and a BOM are let pass.
  ['pdf', (head) => /^(\u00EF\u00BB\u00BF)?\s*%PDF-\d\.\d/u.test(head)],
  ['zip', (head) => head.startsWith('PK\u0003\u0004')],
  ['ole', (head) => head.startsWith('\u00D0\u00CF\u0011\u00E0\u00A1\u00B1\u001A\u00E1')],
  ['rtf', (head) => head.startsWith('{\\rtf')],
  ['tiff', (head) => head.startsWith('II*\u2400') || head.startsWith('MM\u2400*')],
  ['jpeg', (head) => head.startsWith('\u00FF\u00D8\u00FF')],
  ['png', (head) => head.startsWith('\u0089PNG')],
  ['html', (head) => /^\s*<(!doctype html|html)/iu.test(head)],
  ['text', (head) => head !== '' && !/\u2400|(?![\t\n\v\f\r])\p{Cc}/u.test(head)],
]

/** What the bytes are, and the MIME types under which that may be declared. */
const DECLARED: Record<Kind, readonly string[]> = {
  pdf: ['application/pdf', 'application/x-pdf'],
  zip: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'application/vnd.oasis.opendocument.text', 'application/zip'],
  ole: ['application/msword'],
  rtf: ['application/rtf', 'text/rtf'],
  tiff: ['image/tiff'],
  jpeg: ['image/jpeg', 'image/jpg'],
  png: ['image/png'],
  html: ['text/html'],
  text: ['text/plain'],
  unknown: [],
}
/** Types that say nothing about the bytes. */
const SAYS_NOTHING = ['application/octet-stream', 'application/binary', 'binary/octet-stream']
const OTHER_FORMATS: readonly Kind[] = ['zip', 'ole', 'rtf', 'tiff', 'jpeg', 'png', 'html', 'text']

export const kindOf = (head: string): Kind => MAGIC.find(([, is]) => is(head))?.[0] ?? 'unknown'

/** The MIME type that the bytes prove, for the outgoing attachment. */
export const contentType = (content: Content): string => DECLARED[kindOf(content.ref.head)][0] ?? 'application/octet-stream'

export const content = (contents: readonly Content[]): FactValue<'content'> => {
  const only = contents[0]
  if (only === undefined || (contents.length === 1 && only.ref.size === 0 && !only.ref.broken)) return 'missing'
  // Which of several files is the letter is for a person to say.
  if (contents.length > 1) return 'unsupported'
  if (only.ref.tooLarge) return 'too-large'
  if (only.ref.broken) return 'unsupported'
  const kind = kindOf(only.ref.head)
  const declared = only.declaredType?.split(';')[0]!.trim().toLowerCase()
  if (declared && !SAYS_NOTHING.includes(declared) && !DECLARED[kind].includes(declared)) return 'mislabelled'
  if (kind === 'pdf' && only.ref.encrypt) return 'encrypted'
  // Without its end it is a copy that stopped half way, or was still being written.
  if (kind === 'pdf') return only.ref.tail.includes('%%EOF') ? 'readable' : 'unsupported'
  return OTHER_FORMATS.includes(kind) ? 'other-format' : 'unsupported'
}
