// What lies in the watched folder and is ready: claimed one at a time, oldest first, and taken on. It refuses to claim
// what may still be being written, waits for a document, or cannot be read: that stays where its sender put it.
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import { ensureFolder, errnoOf, look, readSmall, reading, same, type Seen } from './disk.ts'
import { INDEX_BYTES, readIndex } from './index-file.ts'
import { matchOf, readMetadata, type Metadata } from './metadata.ts'
import { kindOf, type Kind } from './names.ts'
import { brokenMs, isOrphan, isSettled, type Turn } from './turn.ts'
import { writeFault } from './unit.ts'

export type Lying = { readonly name: string; readonly kind: Kind; readonly seen: Seen }

/** Plain files, oldest first. `unreadable`: those that the disk does not tell of. */
export const listing = async (root: string, unreadable: (path: string, error: unknown) => void): Promise<readonly Lying[]> => {
  const found: Lying[] = []
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const kind = kindOf(entry.name)
    if (kind === undefined || !entry.isFile()) continue
    const path = join(root, entry.name)
    try {
      const seen = await look(path)
      if (seen !== undefined) found.push({ name: entry.name, kind, seen })
      // A name that is not UTF-8 cannot be found again under what was read of it.
      else if (entry.name.includes('\uFFFD')) unreadable(path, Object.assign(new Error('name'), { code: 'EILSEQ' }))
    } catch (error) {
      unreadable(path, error)
    }
  }
  return found.toSorted((one, other) => one.seen.mtimeMs - other.seen.mtimeMs || (one.name < other.name ? -1 : 1))
}

/** What was read of a file before it was claimed; a large index is not read again at each look. */
export type Peeked = { readonly seen: Seen; readonly metadata?: Metadata; readonly fault?: Failure }
export type Peeks = Map<string, Peeked>

const peek = async (path: string, { kind, seen }: Lying, peeks: Peeks): Promise<Peeked> => {
  const known = peeks.get(path)
  if (known !== undefined && same(known.seen, seen)) return known
  const read = await readWhole(path, kind).catch((error: unknown) => {
    if (error instanceof Failure) return { fault: error }
    throw error
  })
  const peeked = { seen, ...read }
  peeks.set(path, peeked)
  return peeked
}

const readWhole = async (path: string, kind: Kind): Promise<{ readonly metadata?: Metadata; readonly fault?: Failure }> => {
  if (kind === 'metadata') return { metadata: await readMetadata(path) }
  const bad = readIndex(await readSmall(path, INDEX_BYTES)).find((row) => 'fault' in row)
  return bad ? { fault: new Failure('ROW_UNREADABLE', bad.fault) } : {}
}

/** `claim`: with what is wrong, if it can only be refused. */
export type Ready = { readonly claim: boolean; readonly fault?: Failure }
const NOT_YET: Ready = { claim: false }

export const readyToClaim = async (turn: Turn, lying: Lying, peeks: Peeks): Promise<Ready> => {
  const path = join(turn.root, lying.name)
  if (!isSettled(turn, path, lying.seen)) return NOT_YET
  const { metadata, fault } = await peek(path, lying, peeks)
  if (fault !== undefined) return { claim: isSettled(turn, path, lying.seen, brokenMs(turn)) }
  if (metadata === undefined) return { claim: true }
  const match = await matchOf(turn, metadata.value, lying.name, lying.seen)
  if (match.kind === 'fault') return { claim: true, fault: match.fault }
  if (match.kind !== 'document') return { claim: match.kind === 'none' }
  const document = join(turn.root, match.name)
  if (!isSettled(turn, document, turn.documents.get(match.name)!)) return NOT_YET
  // Found out here, it stays with its metadata; found out in hand, nobody would look for it there.
  await reading(document, async () => undefined)
  return { claim: true }
}

/** By a rename, so that of two engines one has it; the folder of its own, or undefined where the other was first. */
export const claimFile = async (turn: Turn, name: string, dir: string, fault?: Failure): Promise<string | undefined> => {
  const [from, to] = [join(turn.root, name), join(dir, name)]
  await ensureFolder(dir)
  try {
    if (fault) await writeFault(dir, fault)
    await rename(from, to)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  turn.watch.carry(from, to, await look(to))
  return dir
}

/** Documents that nobody has said anything of for long. While metadata or an index lies there that could name them, none is. */
export const orphans = (turn: Turn, left: readonly Lying[]): readonly string[] => {
  if (left.some(({ kind }) => kind !== 'document')) return []
  return left.filter(({ name, seen }) => turn.documents.has(name) && isOrphan(turn, seen) && isSettled(turn, join(turn.root, name), seen)).map(({ name }) => name)
}
