// One upload on its way through a claim: its files stand in a folder of their own, and that folder's name says how far
// it is. `<id>` is in hand; `<id>.done` was taken, `<id>.rejected` was refused, and only has to be cleared away: so a
// crash at any point leaves something that the next engine can finish. It refuses to forget a file.
import { rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ERRORS, Failure, type ErrorCode } from '../../errors.ts'
import { ensureFolder, filesIn, ifThere, moveAll, writeWhole, type Moving } from './disk.ts'
import { kindOf, numbered, withEnding } from './names.ts'

/** Files of our own in a unit begin with a dot, as none of a sender's ever does. */
export const REASON = '.reason.txt'
export const FAULT = '.fault.json'
export const ROW = '.upload.json'
/** The rows of an index that was expanded whole; and while it is being expanded. */
export const ROWS = 'rows'
export const EXPANDING = '.rows'

/** A folder for an upload that came at this time; being moved into it changes the times of a file. */
export const unitAt = (claim: string, id: string, arrivedMs: number): string => join(claim, `${id}@${Math.round(arrivedMs)}`)
export const arrivalOf = (unit: string): number | undefined => {
  const ms = /@(\d+)$/u.exec(unit)?.[1]
  return ms === undefined ? undefined : Number(ms)
}

export type Ending = 'done' | 'rejected'
export const endingOf = (dir: string): Ending | undefined => (dir.endsWith('.done') ? 'done' : dir.endsWith('.rejected') ? 'rejected' : undefined)

/** The sender's files in it. */
export const sendersFiles = async (dir: string): Promise<readonly string[]> => (await filesIn(dir)).filter((name) => !name.startsWith('.'))

/** After which file the reason is named: metadata, index or row, else the document. */
const foremost = (names: readonly string[]): string | undefined => names.find((name) => kindOf(name) !== 'document') ?? names[0]

export const writeFault = (dir: string, { code, detail }: Failure): Promise<void> => writeWhole(join(dir, FAULT), JSON.stringify({ code, detail }))

export const readFault = (text: string): Failure => {
  const { code, detail } = JSON.parse(text) as { readonly code: ErrorCode; readonly detail: string }
  return new Failure(code, detail)
}

export const writeReason = (dir: string, { code, detail }: { readonly code: ErrorCode; readonly detail: string }, at: string): Promise<void> =>
  writeWhole(join(dir, REASON), `${ERRORS[code].title}.\n${detail}\n${ERRORS[code].hint}\n\nCode: ${code}\nRefused: ${at}\n`)

/** Its fate is known and durable elsewhere: from now on it is only cleared away. */
export const end = async (dir: string, ending: Ending, root: string, day: string): Promise<void> => {
  const ended = `${dir}.${ending}`
  await rename(dir, ended)
  await clearAway(ended, root, day)
}

/** Moves the sender's files of an ended unit to where people look for them; what an interrupted one left, moves now. */
export const clearAway = async (dir: string, root: string, day: string): Promise<void> => {
  const ending = endingOf(dir)
  const own = await filesIn(dir)
  const names = own.filter((name) => !name.startsWith('.'))
  const first = foremost(names)
  // A row that was taken is told by its index; the cut-out of it was ours.
  const kept = ending === 'done' && own.includes(ROW) ? names.filter((name) => kindOf(name) === 'document') : names
  const moving: Moving[] = kept.filter((name) => name !== first).map((name) => ({ from: join(dir, name), name: (n) => numbered(name, n) }))
  if (ending === 'rejected' && first !== undefined && own.includes(REASON)) moving.push({ from: join(dir, REASON), name: (n) => withEnding(numbered(first, n), '.reason.txt') })
  if (first !== undefined && kept.includes(first)) moving.push({ from: join(dir, first), name: (n) => numbered(first, n) })
  if (moving.length > 0) await moveAll(moving, await placeFor(ending, root, day))
  await remove(dir)
}

const placeFor = async (ending: Ending | undefined, root: string, day: string): Promise<string> => {
  const place = join(root, ending === 'done' ? 'done' : 'rejected')
  await ensureFolder(place)
  if (ending !== 'done') return place
  await ensureFolder(join(place, day))
  return join(place, day)
}

/** Only what is ours, or empty: a sender's file keeps the folder there. */
export const remove = async (dir: string): Promise<void> => {
  const row = (await ifThere(filesIn(dir)))?.includes(ROW) ?? false
  for (const name of await filesIn(dir)) if (name.startsWith('.') || (row && kindOf(name) === 'index')) await rm(join(dir, name), { force: true })
  await rm(join(dir, EXPANDING), { recursive: true, force: true })
  await ifThere(rmdir(join(dir, ROWS)))
  await ifThere(rmdir(dir))
}
