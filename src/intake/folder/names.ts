// Names in a watched folder: what each is for, which could belong together, and names that are free, short enough and
// safe. It refuses to look at the disk, and to let a name lead out of the folder.
import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { codeOf, seemingCode } from '../../decide/code.ts'

export type Kind = 'metadata' | 'index' | 'document'

/** Half-written, hidden, or of some desktop's own making. */
const LEFT_ALONE = /^[.~]|~$|\.(?:tmp|temp|part|partial|filepart|crdownload)$|^(?:thumbs\.db|desktop\.ini)$/iu
/** Files by which senders tell each other that they are ready, and sums: they say nothing that is read here. */
const MARKER = /\.(?:ok|done|rdy|ready|trg|trigger|fin|go|eof|flag|sem|ctl|md5|sha1|sha256|sha512|sum|sfv)$/iu
/** What a file of the same base name must be to be taken for the document. */
const DOCUMENT = /\.(?:pdf|docx?|docm|rtf|odt|tiff?|jpe?g|png|gif|bmp|heic|html?|mht|mhtml|txt|xps|wpd|wps|msg|eml|pptx?|xlsx?)$/iu
/** In bytes: what file systems take. */
const LONGEST = 255

/** Undefined: left where it is, and never looked at. */
export const kindOf = (name: string): Kind | undefined => {
  if (LEFT_ALONE.test(name) || MARKER.test(name)) return undefined
  const extension = extname(name).toLowerCase()
  return extension === '.json' ? 'metadata' : extension === '.csv' ? 'index' : 'document'
}

/** Senders write names in other cases, and file systems keep accents in other forms. */
export const fold = (name: string): string => name.normalize('NFC').toLowerCase()
export const baseOf = (name: string): string => name.slice(0, name.length - extname(name).length)

/** Whether a name that a sender gives can mean a document of this folder; otherwise what is wrong with it. */
export const wrongName = (file: string): string | undefined => {
  // oxlint-disable-next-line no-control-regex -- NUL and line ends are what it looks for
  if (file === '' || /[\\/\u0000-\u001F]/u.test(file) || file === '..' || /^[a-z]:/iu.test(file)) return 'It names no file of this folder: a name has no path, no drive and no line end.'
  const kind = kindOf(file)
  return kind === undefined ? 'It names a file that is left alone: names of half-written and marker files are not read.' : kind === 'document' ? undefined : 'It names a .json or .csv file, which is no document.'
}

/** Whether it can be meant without being named: by its base name alone. */
export const isOfDocumentKind = (name: string): boolean => extname(name) === '' || DOCUMENT.test(name)

/** A document's name says something only where it opens with a code, or seems to; a technical name is no title for a patient. */
export const tellingName = (name: string): string | undefined => ((codeOf(name) ?? seemingCode(name)) === undefined ? undefined : name)

const cutTo = (text: string, bytes: number): string => {
  let cut = text
  while (Buffer.byteLength(cut) > bytes) cut = [...cut].slice(0, -1).join('')
  return cut
}

/** A name with something behind it; a name that would become too long is cut, and stays its own by a hash. */
export const withEnding = (name: string, ending: string): string => {
  if (Buffer.byteLength(name + ending) <= LONGEST) return name + ending
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
  return cutTo(name, LONGEST - Buffer.byteLength(mark + ending)) + mark + ending
}

/** The n-th try for a free name: `letter.pdf`, `letter-2.pdf`, `letter-3.pdf`. */
export const numbered = (name: string, n: number): string => {
  if (n === 1) return name
  const extension = extname(name)
  return Buffer.byteLength(extension) > 20 ? withEnding(name, `-${n}`) : withEnding(baseOf(name), `-${n}${extension}`)
}
