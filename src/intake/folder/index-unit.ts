// An index that is in hand: expanded once into one small upload a row, each then taken by itself, so that a crash
// loses no row and repeats none. It refuses to call an index done that was written to after it had been read.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import { ensureFolder, ifThere, look, PRIVATE_FOLDER, readSmall, writeWhole, type Seen } from './disk.ts'
import { INDEX_BYTES, readIndex, type IndexRow } from './index-file.ts'
import { withEnding } from './names.ts'
import { dayOf, isSettled, type Progress, type Turn } from './turn.ts'
import { end, EXPANDING, ROW, ROWS, writeFault } from './unit.ts'
import { refuse } from './upload.ts'

const READ = '.read.json'
const AT_ONCE = 8

/** `tryRow` takes one row on; it decides itself which are due. */
export const advanceIndex = async (dir: string, name: string, turn: Turn, tryRow: (row: string) => Promise<Progress>): Promise<Progress> => {
  const rows = join(dir, ROWS)
  const names = await ifThere(readdir(rows))
  if (names === undefined) {
    const path = join(dir, name)
    const seen = await look(path)
    if (seen === undefined || !isSettled(turn, path, seen)) return 'waits'
    try {
      await expand(dir, name, readIndex(await readSmall(path, INDEX_BYTES)), seen)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // The headings alone would tell nobody anything, and the rows may hold patients: the file is kept, not its text.
      return refuse(dir, turn, error, '')
    }
    // Whose documents they name is seen at the next look, with all that lies there.
    turn.lookAgain()
    return 'waits'
  }
  let left = 0
  for (const row of names.toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))) {
    if (turn.isSpent() || (await tryRow(join(rows, row))) === 'waits') left++
  }
  if (left > 0 || turn.isSpent()) return 'waits'
  if (await grew(dir, name)) return refuse(dir, turn, new Failure('INDEX_UNREADABLE', 'It was written to after it had been read. The rows that it had until then were taken.'), '')
  await end(dir, 'done', turn.root, dayOf(turn))
  return 'ended'
}

/** Whole or not at all: the folder of rows appears by a rename. */
const expand = async (dir: string, name: string, rows: readonly IndexRow[], { size, mtimeMs }: Seen): Promise<void> => {
  const expanding = join(dir, EXPANDING)
  await rm(expanding, { recursive: true, force: true })
  await ensureFolder(expanding)
  await writeWhole(join(dir, READ), JSON.stringify({ size, mtimeMs }))
  for (let at = 0; at < rows.length; at += AT_ONCE) await Promise.all(rows.slice(at, at + AT_ONCE).map((row) => expandRow(expanding, name, row)))
  await rename(expanding, join(dir, ROWS))
}

const expandRow = async (folder: string, index: string, row: IndexRow): Promise<void> => {
  const dir = join(folder, String(row.line))
  await mkdir(dir, { mode: PRIVATE_FOLDER })
  await writeWhole(join(dir, withEnding(index.replace(/\.csv$/iu, ''), `.row-${row.line}.csv`)), row.csv)
  if (row.fault !== undefined) await writeFault(dir, new Failure('ROW_UNREADABLE', row.fault))
  if (row.upload !== undefined) await writeWhole(join(dir, ROW), JSON.stringify(row.upload))
}

const grew = async (dir: string, name: string): Promise<boolean> => {
  const text = await ifThere(readFile(join(dir, READ), 'utf8'))
  if (text === undefined) return false
  const read = JSON.parse(text) as Pick<Seen, 'size' | 'mtimeMs'>
  const seen = await look(join(dir, name))
  return seen !== undefined && (seen.size !== read.size || seen.mtimeMs !== read.mtimeMs)
}
