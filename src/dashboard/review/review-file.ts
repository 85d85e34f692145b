// The file of a document in words and links ready for a view: one page at a time, with the text of each picture. It refuses
// to leave a page without saying why nothing can be seen of it.
import type { Story } from '../../ledger/ledger.ts'
import type { FileKind } from '../documents/document-file.ts'
import { partQuery, type Part } from './queue.ts'
import { ZOOMS, type PdfPage, type Zoom } from '../documents/pdf-pages.ts'

type Shown = PdfPage | { readonly ok: false; readonly why: 'missing' }

const WHY_NOT = {
  encrypted: 'The PDF is protected by a password, so nobody can read it here, and nor could the patient.',
  broken: 'The PDF is broken: it cannot be opened.',
  'too-large': 'The PDF is too large to be shown here.',
  'too-much': 'The PDF takes too much time or memory to be shown here. Take care when you open it elsewhere.',
  busy: 'Too many people look at documents at this moment. Open the page again in a minute.',
  'no-such-page': 'The PDF has no such page.',
  missing: 'The stored file is not where it was put. Tell whoever runs this engine.',
} as const satisfies Record<Extract<Shown, { ok: false }>['why'], string>

const KINDS = {
  none: 'There is no file: the message came without one.',
  several: 'It has several files, and nobody can say which one is the letter.',
  'not-kept': 'The file is larger than the feed takes, empty or damaged, so it was not kept.',
  other: 'It is neither a PDF nor a picture, so it cannot be shown here.',
} as const satisfies Record<Exclude<FileKind, 'pdf' | 'picture'>, string>

/** Control characters of a hostile text would only confuse. */
const clean = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}/gu, '').trim()

/** As the head of a PNG has it: the page keeps its place free, so that nothing moves under a hand when it comes. */
const sizeOf = (png: Buffer): { readonly width: number; readonly height: number } => ({ width: png.readUInt32BE(16), height: png.readUInt32BE(20) })

export const fileView = ({ id, revision, document: { contents } }: Story, kind: FileKind, shown: Shown | undefined, { page, zoom, part }: { readonly page: number; readonly zoom: Zoom; readonly part: Part }) => {
  const linkTo = (other: number, size: Zoom): string => `/reviews/${id}${partQuery(part, { page: String(other), zoom: String(size) })}#document`
  const downloads = kind === 'none' || kind === 'not-kept' ? [] : contents.map((_, at) => ({ href: `/documents/${id}/content?revision=${revision}&file=${at + 1}`, text: contents.length > 1 ? `Download file ${at + 1}` : 'Download the file' }))
  if (kind === 'picture') return { downloads, picture: { src: `/documents/${id}/picture?revision=${revision}`, alt: 'The document as a picture. No text could be taken from it.', zoom } }
  if (kind !== 'pdf' || !shown) return { downloads, says: kind === 'pdf' ? undefined : KINDS[kind] }
  if (!shown.ok) return { downloads, says: WHY_NOT[shown.why], firstPage: shown.why === 'no-such-page' ? linkTo(1, zoom) : undefined }
  const text = clean(shown.text)
  return {
    downloads, page, pages: shown.pages, text: text === '' ? 'No text could be taken from this page: it may be a scan.' : text,
    says: shown.picture ? undefined : 'This page cannot be drawn here. This is its text.',
    picture: shown.picture && { src: `/documents/${id}/pages/${page}?revision=${revision}&zoom=${zoom}`, alt: `Page ${page} of ${shown.pages}, as it looks. Its text stands below the picture.`, zoom, ...sizeOf(shown.picture) },
    previous: page > 1 ? linkTo(page - 1, zoom) : undefined, next: page < shown.pages ? linkTo(page + 1, zoom) : undefined,
    zooms: ZOOMS.map((one) => ({ text: `${one}%`, href: linkTo(page, one), current: one === zoom })),
  }
}
