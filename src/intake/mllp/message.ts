// One HL7 message as it comes in through its frame: files to the content store, the rest to a skeleton in characters.
// It refuses to hold more than the skeleton's limit, and to store the files of a message that its header already rules
// out. Whether the document in it can be attributed is not asked here.
import { asFailure, type ErrorCode } from '../../errors.ts'
import type { ContentStore } from '../../ledger/content.ts'
import type { ContentRef } from '../../types.ts'
import { attached } from './attached.ts'
import { decode, isWide, legible } from './charset.ts'
import { cutOut, type Cut } from './cut-out.ts'
import { readHeader, unacceptable, type Header } from './header.ts'

export type Heard =
  | { readonly ok: true; readonly header: Header; readonly skeleton: string; readonly contents: readonly ContentRef[] }
  /** `skeleton`: as far as it could be read, at most 64 KB. */
  | { readonly ok: false; readonly header?: Header; readonly code: ErrorCode; readonly detail: string; readonly skeleton: string }

export type IncomingMessage = {
  /** Resolves when more can be taken; never rejects: what goes wrong is said at the end. */
  push(bytes: Buffer): Promise<void>
  /** `broken`: why the frame was no whole one. */
  end(broken?: string): Promise<Heard>
  /** The connection is gone: nothing of it stays. */
  drop(): Promise<void>
}

export type Limits = { readonly messageBytes: number; readonly testSystem: boolean }

const SKELETON_MOST = 1024 * 1024
const REJECTED_MOST = 64 * 1024
type Refusal = { readonly code: ErrorCode; readonly detail: string }

/** `beforehand`: why nothing is taken now, whatever it says; only its header is read, for the answer. */
export const incomingMessage = (content: ContentStore, limits: Limits, beforehand?: Refusal): IncomingMessage => {
  const cutter = cutOut(SKELETON_MOST)
  const files = attached(content, limits.messageBytes)
  let size = 0
  /** The first thing wrong with it; from then on its bytes are counted and dropped. */
  let refusal: Refusal | undefined

  const refuse = async (why: Refusal): Promise<void> => {
    refusal ??= why
    await files.drop()
  }

  const orRefuse = <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch(async (error: unknown) => {
      const { code, detail } = asFailure(error)
      await refuse({ code, detail })
      return undefined
    })

  const store = async (cuts: readonly Cut[]): Promise<void> => {
    if (cuts.length === 0) return
    // The header is whole by the time that a file begins.
    const header = cuts.some(({ kind }) => kind === 'open') ? readHeader(cutter.skeleton()) : undefined
    const why = header && (beforehand ?? unacceptable(header, limits.testSystem))
    await (why ? refuse(why) : orRefuse(files.take(cuts)))
  }

  const push = async (bytes: Buffer): Promise<void> => {
    const room = limits.messageBytes - size
    size += bytes.length
    if (refusal) return
    const cuts = cutter.push(bytes.subarray(0, Math.max(0, room)))
    if (bytes.length > room) return refuse({ code: 'FRAME_TOO_LARGE', detail: `The frame is larger than ${limits.messageBytes} bytes.` })
    if (cutter.tooLarge) return refuse({ code: 'FRAME_TOO_LARGE', detail: `Without its files the message is larger than ${SKELETON_MOST} bytes.` })
    await store(cuts)
  }

  const end = async (broken?: string): Promise<Heard> => {
    if (broken !== undefined) await refuse({ code: 'FRAME_BROKEN', detail: `After ${size} bytes: ${broken}.` })
    else if (!refusal) await store(cutter.end())
    if (beforehand) await refuse(beforehand)
    const bytes = cutter.skeleton()
    const header = readHeader(bytes)
    const read = readable(bytes, header, limits.testSystem)
    if (!read.ok) await refuse(read)
    const contents = refusal ? undefined : await orRefuse(files.keep())
    if (read.ok && header && contents) return { ok: true, header, skeleton: read.text, contents }
    const { code, detail } = refusal!
    return { ok: false, code, detail, skeleton: legible(bytes, REJECTED_MOST), ...(header ? { header } : {}) }
  }

  return { push, end, drop: () => files.drop() }
}

type Readable = { readonly ok: true; readonly text: string } | ({ readonly ok: false } & Refusal)

const readable = (bytes: Buffer, header: Header | undefined, testSystem: boolean): Readable => {
  if (isWide(bytes)) return { ok: false, code: 'HL7_CHARSET', detail: 'The message is in UTF-16 or UTF-32, which MLLP cannot carry.' }
  if (!header) return { ok: false, code: 'MESSAGE_UNREADABLE', detail: 'There is no MSH segment with five different separators at its beginning.' }
  const why = unacceptable(header, testSystem)
  if (why) return { ok: false, ...why }
  const nul = bytes.indexOf(0)
  if (nul >= 0) return { ok: false, code: 'NUL_IN_MESSAGE', detail: `The first one stands in segment ${bytes.subarray(0, nul).toString('latin1').split(/[\r\n]+/u).length}.` }
  const decoded = decode(bytes, header.charset)
  return decoded.ok ? decoded : { ok: false, code: 'HL7_CHARSET', detail: decoded.detail }
}
