// The hot folder that the print house empties: `outbox/<batch>/` is whole as soon as it has that name, and the print
// house claims a batch by moving it away. A note under `handed-over/` outlives the batch, so that a letter that was
// taken away is told from one that never was there; every step leaves a state that says after a crash what happened:
//
//   .<batch>.partial there                  being written, was never in the outbox
//   note, and no .partial                   was put into the outbox; <batch> not there: taken
//   .<batch>.recalled there, or no note     is not handed over (any more)
//
// It refuses to hand a batch over twice, and to take one back that was claimed or acknowledged.
import { readdir, readFile, rename, rm, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureFolder, ifThere, isThere, PRIVATE_FOLDER, syncFolder, writeWhole } from './disk.ts'

export type Note = {
  readonly batch: string
  readonly item: string
  readonly revision: number
  readonly sha256: string
  readonly handedOverAt: string
  readonly acknowledged?: 'printed' | 'rejected'
}

/** Where a batch that was handed over is now. `rejected`: the print house will not print it, so nothing stands. */
export type Place = 'outbox' | 'taken' | 'printed' | 'rejected'
export type Standing = { readonly note: Note; readonly place: Place }

const SAFE = /^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/u

/** The same hand-over always has the same name: that is what makes it safe to repeat. */
export const batchName = (deliveryId: string, revision: number): string => {
  if (!SAFE.test(deliveryId) || !Number.isSafeInteger(revision) || revision < 0) throw new TypeError('a delivery id is letters, digits and hyphens')
  return `${deliveryId}-r${revision}`
}

/** Of a batch name, the delivery; undefined for a name that is not one of ours. */
export const deliveryOf = (batch: string): string | undefined => /^([A-Za-z0-9][A-Za-z0-9-]{0,99})-r\d{1,9}$/u.exec(batch)?.[1]

export type HotFolder = {
  /** What was handed over of a delivery and not taken back, lowest revision first. */
  standings(deliveryId: string): Promise<readonly Standing[]>
  standing(batch: string): Promise<Standing | undefined>
  /** `write` fills the folder that it is given, durably. False: it was handed over before, and nothing was done. */
  handOver(note: Note, write: (folder: string) => Promise<void>): Promise<boolean>
  /** Takes a batch out of the outbox; false: it is not there any more. */
  withdraw(batch: string): Promise<boolean>
  /** Notes the print house's answer; false: no such batch stands. */
  acknowledge(batch: string, answer: 'printed' | 'rejected'): Promise<boolean>
}

export const hotFolder = (folder: string): HotFolder => {
  const outbox = join(folder, 'outbox')
  // Spread over 256 folders: notes stay, and a folder with a million names is slow.
  const notesOf = (deliveryId: string): string => join(folder, 'handed-over', deliveryId.slice(0, 2).toLowerCase(), deliveryId)
  const noteAt = (batch: string): string => join(notesOf(deliveryOf(batch)!), `${batch}.json`)
  const finalAt = (batch: string): string => join(outbox, batch)
  const partialAt = (batch: string): string => join(outbox, `.${batch}.partial`)
  const recalledAt = (batch: string): string => join(outbox, `.${batch}.recalled`)

  const readNote = async (batch: string): Promise<Note | undefined> => {
    const text = await ifThere(() => readFile(noteAt(batch), 'utf8'))
    return text === undefined ? undefined : (JSON.parse(text) as Note)
  }

  const standing = async (batch: string): Promise<Standing | undefined> => {
    if (deliveryOf(batch) === undefined) return undefined
    const note = await readNote(batch)
    if (!note || (await isThere(recalledAt(batch)))) return undefined
    if (note.acknowledged) return { note, place: note.acknowledged }
    if (await isThere(finalAt(batch))) return { note, place: 'outbox' }
    if (await isThere(partialAt(batch))) return undefined
    return { note, place: 'taken' }
  }

  /** Removes note and remains, in the order in which a crash in between is read rightly. */
  const clear = async (batch: string): Promise<void> => {
    await ifThere(() => rename(finalAt(batch), recalledAt(batch)))
    await ifThere(() => syncFolder(outbox))
    await rm(noteAt(batch), { force: true })
    await ifThere(() => syncFolder(notesOf(deliveryOf(batch)!)))
    await rm(recalledAt(batch), { recursive: true, force: true })
    await rm(partialAt(batch), { recursive: true, force: true })
  }

  return {
    standing,
    standings: async (deliveryId) => {
      const names = (await ifThere(() => readdir(notesOf(deliveryId)))) ?? []
      const batches = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length))
      const all = await Promise.all(batches.map(standing))
      return all.filter((one) => one !== undefined).sort((a, b) => a.note.revision - b.note.revision)
    },
    handOver: async (note, write) => {
      const { batch } = note
      const before = await standing(batch)
      if (before && before.place !== 'rejected') return false
      await clear(batch)
      await ensureFolder(outbox)
      await ensureFolder(notesOf(note.item))
      await mkdir(partialAt(batch), { mode: PRIVATE_FOLDER })
      try {
        await write(partialAt(batch))
        await syncFolder(partialAt(batch))
        // Both names durable before the note: `.partial` is what says that the note is ahead of the rename.
        await syncFolder(outbox)
        await writeWhole(noteAt(batch), `${JSON.stringify(note)}\n`)
        await rename(partialAt(batch), finalAt(batch))
      } catch (error) {
        // What a full disk leaves behind is cleared by the next try, if it cannot be now.
        await clear(batch).catch(() => undefined)
        throw error
      }
      await syncFolder(outbox)
      return true
    },
    withdraw: async (batch) => {
      const before = await standing(batch)
      if (before?.place !== 'outbox') return false
      // The rename decides who was first: the print house's claim is one too.
      const mine = await ifThere(async () => {
        await rename(finalAt(batch), recalledAt(batch))
        return true
      })
      if (!mine) return false
      await syncFolder(outbox)
      await clear(batch)
      return true
    },
    acknowledge: async (batch, answer) => {
      const before = await standing(batch)
      if (!before) return false
      if (before.note.acknowledged !== answer) await writeWhole(noteAt(batch), `${JSON.stringify({ ...before.note, acknowledged: answer })}\n`)
      return true
    },
  }
}
