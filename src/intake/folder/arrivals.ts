// What lies in the watched folder and is ready: claimed one at a time, oldest first, and taken on. It refuses to claim
// what may still be being written, waits for a document, or cannot be read: that stays where its sender put it.
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Failure } from '../../errors.ts'
import { ensureFolder, errnoOf, look, type Seen } from './disk.ts'
import { kindOf, type Kind } from './names.ts'
import { peek, type Peeks } from './peek.ts'
import { brokenMs, isOrphan, isSettled, type Turn } from './turn.ts'
import { writeFault } from './unit.ts'
import { canBeTaken } from './whole.ts'

export type Lying = { readonly name: string; readonly kind: Kind; readonly seen: Seen }

/** `files`: plain ones, oldest first. `others`: names of what is none. */
export type Listing = { readonly files: readonly Lying[]; readonly others: ReadonlySet<string> }
const AT_ONCE = 32

/** `unreadable`: those that the disk does not tell of. */
export const listing = async (root: string, unreadable: (path: string, error: unknown) => void): Promise<Listing> => {
  const files: Lying[] = []
  const entries = await readdir(root, { withFileTypes: true })
  const add = async (name: string): Promise<void> => {
    const kind = kindOf(name)
    if (kind === undefined) return
    const path = join(root, name)
    try {
      const seen = await look(path)
      if (seen !== undefined) files.push({ name, kind, seen })
      // A name that is not UTF-8 cannot be found again under what was read of it.
      else if (name.includes('\uFFFD')) unreadable(path, Object.assign(new Error('name'), { code: 'EILSEQ' }))
    } catch (error) {
      unreadable(path, error)
    }
  }
  const plain = entries.filter((entry) => entry.isFile())
  for (let at = 0; at < plain.length; at += AT_ONCE) await Promise.all(plain.slice(at, at + AT_ONCE).map(({ name }) => add(name)))
  return {
    files: files.toSorted((one, other) => one.seen.mtimeMs - other.seen.mtimeMs || (one.name < other.name ? -1 : 1)),
    others: new Set(entries.filter((entry) => !entry.isFile()).map(({ name }) => name)),
  }
}

/** `claim`: with what is wrong, if it can only be refused. */
export type Ready = { readonly claim: boolean; readonly fault?: Failure }
const NOT_YET: Ready = { claim: false }

export const readyToClaim = async (turn: Turn, lying: Lying, peeks: Peeks): Promise<Ready> => {
  const path = join(turn.root, lying.name)
  if (!isSettled(turn, path, lying.seen)) return NOT_YET
  const { fault, isCut } = await peek(path, lying.kind, lying.seen, peeks)
  if (fault !== undefined || isCut) return { claim: isSettled(turn, path, lying.seen, brokenMs(turn)) }
  if (lying.kind === 'index') return { claim: true }
  const verdict = turn.verdicts.get(path)
  if (verdict === undefined || verdict.kind === 'waits') return NOT_YET
  if (verdict.kind === 'fault') return { claim: true, fault: verdict.fault }
  if (verdict.kind === 'none') return { claim: true }
  const document = turn.documents.get(verdict.name)
  // A document that cannot be read is found out here and stays with its metadata; found out in hand, nobody would look for it there.
  return { claim: document !== undefined && (await canBeTaken(turn, join(turn.root, verdict.name), document)) }
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
  const verdict = turn.verdicts.get(from)
  if (verdict !== undefined) turn.verdicts.set(dir, verdict)
  return dir
}

/** Documents that nobody has said anything of for long. While metadata or an index lies there that could name them, none is. */
export const orphans = (turn: Turn, left: readonly Lying[]): readonly string[] => {
  if (left.some(({ kind }) => kind !== 'document')) return []
  return left.filter(({ name, seen }) => turn.documents.has(name) && isOrphan(turn, seen) && isSettled(turn, join(turn.root, name), seen)).map(({ name }) => name)
}
