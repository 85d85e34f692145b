// Sets apart what nobody can tell whose it is: the documents, and all that could mean them, are refused together. It
// refuses to begin while any of it is still where another engine may be moving it.
import { basename, dirname, join } from 'node:path'
import { claimFile, type Lying } from './arrivals.ts'
import { filesIn, look, same } from './disk.ts'
import type { Conflict } from './pairing.ts'
import type { Turn } from './turn.ts'
import { FAULT, unitAt, writeFault } from './unit.ts'

/** `claimDir`: what this engine has in hand; what others have, they set apart themselves. */
export const setApart = async (turn: Turn, { claimants, documents }: Conflict, lying: readonly Lying[], claimDir: string, newId: () => string): Promise<void> => {
  const seenOf = new Map(lying.map(({ name, seen }) => [name, seen]))
  const lies = [...claimants].filter(([id]) => dirname(id) === turn.root).map(([id, fault]) => [basename(id), fault] as const)
  for (const [name] of [...lies, ...documents]) {
    if (same(seenOf.get(name), await look(join(turn.root, name)))) continue
    for (const id of claimants.keys()) turn.verdicts.set(id, { kind: 'waits' })
    return
  }
  // All are marked before the first is refused: whoever dies in between finds them still in each other's way.
  for (const [id, fault] of claimants) {
    const names = id.startsWith(claimDir) ? await filesIn(id) : []
    if (names.length > 0 && !names.includes(FAULT)) await writeFault(id, fault)
  }
  for (const [name, fault] of [...lies, ...documents]) {
    await claimFile(turn, name, unitAt(claimDir, newId(), seenOf.get(name)!.ctimeMs), fault)
    turn.documents.delete(name)
  }
}
