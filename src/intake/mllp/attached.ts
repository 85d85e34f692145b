// The files of one HL7 message on their way to the content store: encoded pieces in, references out. It refuses to
// hold a file in memory, and to throw away what it cannot decode: that is stored as far as it goes and said to be broken.
import { asFailure, Failure } from '../../errors.ts'
import type { ContentStore, ContentWriter } from '../../ledger/content.ts'
import type { ContentRef } from '../../types.ts'
import { base64Decoder, type Base64Decoder } from '../base64.ts'
import type { Cut } from './cut-out.ts'

export type Attached = {
  /** Resolves when more can be taken. Rejects with the Failure that ends this message. */
  take(cuts: readonly Cut[]): Promise<void>
  /** All of them durable, in the order of the message. */
  keep(): Promise<readonly ContentRef[]>
  /** Removes them all. */
  drop(): Promise<void>
}

/** All stay open until the message is whole; no document has nearly as many. */
const FILES_MOST = 100
const NOTHING = Buffer.alloc(0)

type File = { readonly writer: ContentWriter; readonly decoder: Base64Decoder }

export const attached = (content: ContentStore, limitBytes: number): Attached => {
  let files: File[] = []

  const one = async (cut: Cut): Promise<void> => {
    if (cut.kind === 'open') {
      if (files.length === FILES_MOST) throw new Failure('MESSAGE_UNREADABLE', `There are more than ${FILES_MOST} files in one message.`)
      files.push({ writer: content.writer(limitBytes), decoder: decoderOf(cut.encoding) })
      return
    }
    const { writer, decoder } = files.at(-1)!
    await write(writer, cut.kind === 'data' ? decoder.push(cut.bytes) : decoder.end())
  }
  const drop = async (): Promise<void> => {
    const all = files
    files = []
    await Promise.allSettled(all.map(({ writer }) => writer.drop()))
  }
  const orDrop = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      await drop()
      if (error instanceof Failure) throw error
      throw new Failure('STORE_UNAVAILABLE', `The content store answered ${(error as NodeJS.ErrnoException | undefined)?.code ?? asFailure(error).detail}.`, { cause: error })
    }
  }

  const all = async (cuts: readonly Cut[]): Promise<void> => { for (const cut of cuts) await one(cut) }
  return {
    take: (cuts) => orDrop(all(cuts)),
    keep: () => orDrop(Promise.all(files.map(keepOne))),
    drop,
  }
}

const keepOne = async ({ writer, decoder }: File): Promise<ContentRef> => {
  const ref = await writer.keep()
  return decoder.broken === undefined ? ref : { ...ref, broken: decoder.broken }
}

const write = (writer: ContentWriter, bytes: Buffer): Promise<void> | void => (bytes.length > 0 ? writer.write(bytes) : undefined)

/** By OBX-5.4, table 0299. */
const decoderOf = (encoding: string): Base64Decoder => {
  switch (encoding.toUpperCase()) {
    case 'BASE64': return base64Decoder()
    case 'HEX': return hexDecoder()
    case 'A': return plain(undefined)
    default: return plain(encoding === '' ? 'OBX-5.4 does not say how the file is encoded' : 'OBX-5.4 names an encoding that is not A, Hex or Base64')
  }
}

const plain = (broken: string | undefined): Base64Decoder => ({ push: (bytes) => bytes, end: () => NOTHING, broken })

const hexDecoder = (): Base64Decoder => {
  let held = ''
  let broken: string | undefined
  return {
    get broken() { return broken },
    push: (bytes) => {
      if (broken !== undefined) return NOTHING
      const digits = held + bytes.toString('latin1').replaceAll(/\s/gu, '')
      if (/[^0-9A-Fa-f]/u.test(digits)) broken = 'a character that is not hexadecimal'
      const whole = digits.length - (digits.length % 2)
      held = digits.slice(whole)
      return broken === undefined ? Buffer.from(digits.slice(0, whole), 'hex') : NOTHING
    },
    end: () => {
      if (held !== '') broken ??= 'the hexadecimal text stops within a byte'
      return NOTHING
    },
  }
}
