// What a metadata file says, as the text that becomes the receipt. It refuses what the HTTP feed refuses of metadata.
import { Failure } from '../../errors.ts'
import { METADATA_BYTES, metadataText } from '../http/body.ts'
import { readSmall } from './disk.ts'

export type Metadata = { readonly text: string; readonly value: { readonly [name: string]: unknown } }

/** Rejects with a Failure for what cannot be used, and with the disk's error or Changed for what cannot be read. */
export const readMetadata = async (path: string): Promise<Metadata> => metadataOf(await readSmall(path, METADATA_BYTES))

export const metadataOf = (bytes: Buffer): Metadata => {
  if (bytes.length > METADATA_BYTES) throw new Failure('TOO_LARGE', `The metadata is larger than ${METADATA_BYTES} bytes.`)
  const text = metadataText(bytes)
  return { text, value: JSON.parse(text) as Metadata['value'] }
}

/** What it says of its document: the name in `file`, none if that is null; and whether it may come without one. */
export type Says = { readonly file?: unknown; readonly cancels: boolean }

export const saysOf = ({ file, event }: Metadata['value']): Says =>
  ({ ...(file === undefined ? {} : { file }), cancels: typeof event === 'string' && event.trim().toLowerCase() === 'cancelled' })
