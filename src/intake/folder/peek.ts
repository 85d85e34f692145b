// What a metadata file or an index that lies in the folder says of its documents, before it is in hand. It is read
// again only when it has changed, and of what it says no more is kept. It refuses to say whether it can be taken.
import { Failure } from '../../errors.ts'
import { readSmall, same, type Seen } from './disk.ts'
import { INDEX_BYTES, readIndex } from './index-file.ts'
import { readMetadata, saysOf, type Says } from './metadata.ts'
import type { Kind } from './names.ts'

export type Row = { readonly line: number; readonly file: string | null }
/** `isCut`: the last line has no end, as in an index that is still being written. */
export type Peeked = { readonly seen: Seen; readonly says?: Says; readonly rows?: readonly Row[]; readonly fault?: Failure; readonly isCut?: boolean }
export type Peeks = Map<string, Peeked>

/** Rejects with the disk's error, or Changed. */
export const peek = async (path: string, kind: Kind, seen: Seen, peeks: Peeks): Promise<Peeked> => {
  const known = peeks.get(path)
  if (known !== undefined && same(known.seen, seen)) return known
  const read = await (kind === 'metadata' ? readMetadata(path).then(({ value }) => ({ says: saysOf(value) })) : peekIndex(path)).catch((error: unknown) => {
    if (error instanceof Failure) return { fault: error }
    throw error
  })
  const peeked = { seen, ...read }
  peeks.set(path, peeked)
  return peeked
}

export const peekIndex = async (path: string): Promise<Omit<Peeked, 'seen'>> => {
  const bytes = await readSmall(path, INDEX_BYTES)
  const rows = readIndex(bytes)
  const bad = rows.find(({ fault }) => fault !== undefined)
  return {
    rows: rows.flatMap(({ line, upload }) => (upload ? [{ line, file: upload.file }] : [])),
    isCut: bytes.at(-1) !== 0x0a && bytes.at(-1) !== 0x0d,
    ...(bad?.fault === undefined ? {} : { fault: new Failure('ROW_UNREADABLE', bad.fault) }),
  }
}
