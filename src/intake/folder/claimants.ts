// All that speaks of a document and has none yet: metadata and indexes that lie in the folder, and what any engine has
// in hand. It refuses to read what it has read before: rows may wait in thousands.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import type { Lying } from './arrivals.ts'
import { filesIn, folders, ifThere, look } from './disk.ts'
import type { RowUpload } from './index-file.ts'
import { readMetadata, saysOf } from './metadata.ts'
import { kindOf } from './names.ts'
import type { Claimant } from './pairing.ts'
import { peek, peekIndex, type Peeks } from './peek.ts'
import { brokenMs, isSettled, type Turn } from './turn.ts'
import { arrivalOf, endingOf, FAULT, ROW, ROWS } from './unit.ts'

/** Rows that were read, by where they are; null: has its document, or needs no judging. */
export type ReadRows = Map<string, Claimant | null>

/** `unknown`: something lies there, half-written, that may still name any document. */
export const lyingClaimants = async (turn: Turn, lying: readonly Lying[], peeks: Peeks): Promise<{ readonly claimants: readonly Claimant[]; readonly unknown: boolean }> => {
  const claimants: Claimant[] = []
  let unknown = false
  for (const { name, kind, seen } of lying) {
    if (kind === 'document') continue
    const id = join(turn.root, name)
    // One that cannot be read is told of when it is its turn.
    const { says, rows = [], fault, isCut } = await peek(id, kind, seen, peeks).catch(() => ({ fault: new Failure('INTERNAL', 'unread') }) as Partial<Awaited<ReturnType<typeof peek>>>)
    if ((fault !== undefined || isCut === true) && !isSettled(turn, id, seen, brokenMs(turn))) unknown = true
    if (kind === 'metadata') claimants.push({ id, own: name, arrivedMs: seen.ctimeMs, ready: says !== undefined && isSettled(turn, id, seen), cancels: false, ...says })
    // Its rows are judged when each is in hand by itself.
    else for (const { line, file } of rows) claimants.push({ id: `${id}#${line}`, file, arrivedMs: seen.ctimeMs, ready: false, cancels: false })
  }
  return { claimants, unknown }
}

/** What any engine has in hand; reads only rows that `known` does not have, and forgets those that are gone. */
export const claimantsInHand = async (root: string, known: ReadRows): Promise<readonly Claimant[]> => {
  const found: Claimant[] = []
  const there = new Set<string>()
  const addRow = async (dir: string, arrivedMs: number | undefined): Promise<void> => {
    there.add(dir)
    let claimant = known.get(dir)
    if (claimant === undefined) known.set(dir, (claimant = await readRow(dir, arrivedMs)))
    if (claimant !== null) found.push(claimant)
  }
  const taking = join(root, 'taking')
  for (const claim of await folders(taking)) {
    for (const name of await folders(join(taking, claim))) {
      const unit = join(taking, claim, name)
      if (endingOf(unit) !== undefined) continue
      const rows = await ifThere(readdir(join(unit, ROWS)))
      if (rows === undefined) found.push(...(await readUnit(unit)))
      else for (const row of rows) if (endingOf(row) === undefined) await addRow(join(unit, ROWS, row), arrivalOf(unit))
    }
  }
  for (const dir of known.keys()) if (!there.has(dir)) known.delete(dir)
  return found
}

const readRow = async (dir: string, arrivedMs: number | undefined): Promise<Claimant | null> => {
  const names = await filesIn(dir)
  const text = await ifThere(readFile(join(dir, ROW), 'utf8'))
  if (text === undefined || hasDocument(names)) return null
  const { file } = JSON.parse(text) as RowUpload
  return { id: dir, file, arrivedMs: arrivedMs ?? (await cameAt(join(dir, ROW))), ready: true, cancels: false, marked: names.includes(FAULT) }
}

const hasDocument = (names: readonly string[]): boolean => names.some((name) => !name.startsWith('.') && kindOf(name) === 'document')

/** Metadata, or an index that is not expanded yet. */
const readUnit = async (unit: string): Promise<readonly Claimant[]> => {
  const names = await filesIn(unit)
  const own = names.find((name) => kindOf(name) === 'metadata' || kindOf(name) === 'index')
  if (own === undefined || hasDocument(names)) return []
  const path = join(unit, own)
  const arrivedMs = arrivalOf(unit) ?? (await cameAt(path))
  const marked = names.includes(FAULT)
  try {
    if (kindOf(own) === 'metadata') return [{ id: unit, own, arrivedMs, ready: true, marked, ...saysOf((await readMetadata(path)).value) }]
    return ((await peekIndex(path)).rows ?? []).map(({ line, file }) => ({ id: `${path}#${line}`, file, arrivedMs, ready: false, cancels: false }))
  } catch {
    // It says nothing that can be used, and is refused for that; or it is gone.
    return []
  }
}

const cameAt = async (path: string): Promise<number> => (await look(path))?.ctimeMs ?? 0
