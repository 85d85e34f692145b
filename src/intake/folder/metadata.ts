// What a metadata file says: the text that becomes the receipt, and which document belongs to it. It refuses what the
// HTTP feed refuses of metadata, and to guess between two documents.
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import { METADATA_BYTES, metadataText } from '../http/body.ts'
import { isOther, readSmall, type Seen } from './disk.ts'
import { documentWanted } from './names.ts'
import { isOrphan, type Turn } from './turn.ts'

export type Metadata = { readonly text: string; readonly value: { readonly [name: string]: unknown } }

/** Rejects with a Failure for what cannot be used, and with the disk's error or Changed for what cannot be read. */
export const readMetadata = async (path: string): Promise<Metadata> => metadataOf(await readSmall(path, METADATA_BYTES))

export const metadataOf = (bytes: Buffer): Metadata => {
  if (bytes.length > METADATA_BYTES) throw new Failure('TOO_LARGE', `The metadata is larger than ${METADATA_BYTES} bytes.`)
  const text = metadataText(bytes)
  return { text, value: JSON.parse(text) as Metadata['value'] }
}

/** `none`: it needs no document. */
export type Match = { readonly kind: 'none' | 'waits' } | { readonly kind: 'document'; readonly name: string } | { readonly kind: 'fault'; readonly fault: Failure }

const refused = (detail: string): Match => ({ kind: 'fault', fault: new Failure('FILE_NAME_REFUSED', detail) })

/** Which document belongs to it, of those that lie in the folder. `since`: the metadata file, whose age decides how long is waited. */
export const matchOf = async (turn: Turn, value: Metadata['value'], own: string, since: Seen): Promise<Match> => {
  const wanted = documentWanted(value, own, [...turn.documents.keys()])
  if (wanted.kind === 'wrong') return refused(`file: ${wanted.detail}`)
  if (wanted.kind === 'none') return { kind: 'none' }
  const [name, ...others] = wanted.names
  if (others.length > 0) return refused(`${wanted.names.length} files could be meant: say in file which.`)
  if (name !== undefined) return { kind: 'document', name }
  if (wanted.kind === 'named' && (await isOther(join(turn.root, value['file'] as string)))) return refused('file: It names a folder, a link or something else that is no plain file.')
  if (wanted.kind === 'maybe' && typeof value['event'] === 'string' && value['event'].trim().toLowerCase() === 'cancelled') return { kind: 'none' }
  if (!isOrphan(turn, since)) return { kind: 'waits' }
  return { kind: 'fault', fault: new Failure('DOCUMENT_FILE_MISSING', `No document came for it within ${turn.parts.feed.orphan_after_mins} minutes.`) }
}
