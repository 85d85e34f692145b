// A document's own file: to be kept by whoever may see patients, and page by page as pictures with their text. It refuses
// to let a browser open the file itself, to trust what the sender called it, and to show anything before the look is
// written down.
import { pipeline } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { contentType, kindOf } from '../../decide/content.ts'
import { Failure } from '../../errors.ts'
import type { Ledger, Story } from '../../ledger/ledger.ts'
import type { ContentStore } from '../../ledger/content.ts'
import type { Content } from '../../types.ts'
import { storyOf } from './api.ts'
import { looked } from './looks.ts'
import type { Address } from '../parts.ts'
import { ZOOMS, type PdfPage, type PdfPages, type Zoom } from './pdf-pages.ts'

export type FileParts = { readonly ledger: Pick<Ledger, 'story'>; readonly content?: Pick<ContentStore, 'read'>; readonly pages: PdfPages }

/** What browsers show without running anything. */
const PICTURES: readonly string[] = ['image/jpeg', 'image/png']
const PICTURE_MOST_BYTES = 20_000_000
const ENDINGS: { readonly [type: string]: string } = {
  'application/pdf': 'pdf', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx', 'application/msword': 'doc', 'application/rtf': 'rtf',
  'image/tiff': 'tiff', 'image/jpeg': 'jpg', 'image/png': 'png', 'text/html': 'html', 'text/plain': 'txt',
}

const storeOf = ({ content }: FileParts): Pick<ContentStore, 'read'> => {
  if (!content) throw new Failure('CONTENT_MISSING', 'This engine was started without its store of files.')
  return content
}

const isKept = ({ ref }: Content): boolean => !ref.tooLarge && ref.broken === undefined && ref.size > 0

/** A page of the one PDF, or why there is none. */
export const pdfPage = (parts: FileParts, { ref }: Content, page: number, zoom: Zoom): Promise<PdfPage> =>
  ref.encrypt ? Promise.resolve({ ok: false, why: 'encrypted' }) : parts.pages({ sha256: ref.sha256, size: ref.size, read: () => storeOf(parts).read(ref.sha256) }, page, zoom)

export type FileKind = 'none' | 'several' | 'not-kept' | 'pdf' | 'picture' | 'other'

export const fileKind = ({ document: { contents } }: Pick<Story, 'document'>): FileKind => {
  const [only] = contents
  if (!only) return 'none'
  if (contents.length > 1) return 'several'
  if (!isKept(only)) return 'not-kept'
  if (kindOf(only.ref.head) === 'pdf') return 'pdf'
  return PICTURES.includes(contentType(only)) && only.ref.size <= PICTURE_MOST_BYTES ? 'picture' : 'other'
}

const PAGE_MOST = 100_000
export const pageOf = (given: unknown): number => (typeof given === 'string' && /^\d{1,6}$/u.test(given) && Number(given) >= 1 && Number(given) <= PAGE_MOST ? Number(given) : 1)
export const zoomOf = (given: unknown): Zoom => ZOOMS.find((zoom) => String(zoom) === given) ?? 100

/** `file`: which of several, from 1. `revision`, where it is said, has to be the one in force: else it is another file. */
const asked = async (parts: FileParts, req: Request): Promise<{ readonly story: Story; readonly content: Content }> => {
  const story = await storyOf(parts, req)
  const { file, revision } = req.query
  if (revision !== undefined && revision !== String(story.revision)) throw new Failure('DOCUMENT_CHANGED', 'Another revision is in force.')
  const content = story.document.contents[pageOf(file) - 1]
  if (!content || !isKept(content)) throw new Failure('NOT_FOUND', 'There is no such file.')
  return { story, content }
}

const guarded = (res: Response): Response => {
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Content-Security-Policy', "sandbox; default-src 'none'")
  return res
}

const send = async (parts: FileParts, res: Response, { ref }: Content, type: string): Promise<void> => {
  const bytes = await storeOf(parts).read(ref.sha256)
  guarded(res).setHeader('Content-Type', type)
  res.setHeader('Content-Length', ref.size)
  // Whoever stops reading has what he has; a damaged file ends before its length.
  await pipeline(bytes, res).catch(() => res.destroy())
}

export const fileAddresses = (parts: FileParts): readonly Address[] => {
  const whole: RequestHandler = async (req, res) => {
    const { story, content } = await asked(parts, req)
    await looked(res, story.id, 'content')
    const type = contentType(content)
    // The sender's name for it may be the patient's.
    res.setHeader('Content-Disposition', `attachment; filename="document-${story.id.slice(0, 8)}-${story.revision}.${ENDINGS[type] ?? 'bin'}"`)
    await send(parts, res, content, type)
  }
  const picture: RequestHandler = async (req, res) => {
    const { story, content } = await asked(parts, req)
    if (fileKind(story) !== 'picture') throw new Failure('QUERY_INVALID', 'The file is not a picture: ask for the file itself, or for its pages.')
    await looked(res, story.id, 'content')
    await send(parts, res, content, contentType(content))
  }
  const page: RequestHandler = async (req, res) => {
    const { story, content } = await asked(parts, req)
    if (fileKind(story) !== 'pdf') throw new Failure('NOT_FOUND', 'It is not a PDF.')
    await looked(res, story.id, 'content')
    const shown = await pdfPage(parts, content, pageOf(req.params['page']), zoomOf(req.query['zoom']))
    if (!shown.ok || !shown.picture) throw new Failure('NOT_FOUND', 'There is no picture of this page.')
    guarded(res).type('image/png').send(shown.picture)
  }
  return [
    { method: 'get', path: '/documents/:id/content', right: 'patients', handle: [whole] },
    { method: 'get', path: '/documents/:id/picture', right: 'patients', handle: [picture] },
    { method: 'get', path: '/documents/:id/pages/:page', right: 'patients', handle: [page] },
  ]
}
