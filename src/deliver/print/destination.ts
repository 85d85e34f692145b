// The destination print: one folder per letter in the print house's hot folder, with the unaltered PDF and a manifest
// as JSON and CSV. It refuses to hand over a letter without name or usable address, one that is no PDF, a second copy
// of the same letter, and to call a letter taken back that the print house has claimed.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { TAKEN, TAKEN_BEFORE } from '../../decide/owed.ts'
import { Failure } from '../../errors.ts'
import type { ContentStore } from '../../ledger/content.ts'
import type { PrintDestination } from '../../policy/schema.ts'
import type { Outcome } from '../../types.ts'
import type { Destination, Look, Recall, Shipment } from '../destination.ts'
import { awaitsReading } from './acknowledgements.ts'
import { errnoOf, PRIVATE_FILE, writeNew } from './disk.ts'
import { batchName, hotFolder } from './hot-folder.ts'
import type { Note, Place } from './hot-folder.ts'
import { manifest, manifestCsv, nameOf, postalAddress } from './manifest.ts'
import { pageCount } from './pages.ts'

export type PrintParts = { readonly settings: PrintDestination; readonly content: ContentStore; readonly now: () => Date }

const outcome = (kind: Outcome['kind'], code: string, detail: string, remoteId?: string): Outcome => ({ kind, code, detail, ...(remoteId === undefined ? {} : { remoteId }) })

/** What went wrong on this machine, in its own words: never a path, which could be shown to anyone. */
const codeOf = (error: unknown): string => (error instanceof Failure ? error.code : (errnoOf(error) ?? (error instanceof Error ? error.name : 'unknown')))

/** With what the print house has answered about the letter before. */
const answered = (said: Outcome, { acknowledged }: Note): Outcome => (acknowledged === 'printed' ? { ...said, printed: true } : said)

const IS_AT: Record<Place, string> = {
  outbox: 'The batch is in the outbox.',
  taken: 'The print house has taken the batch.',
  printed: 'The print house has acknowledged the letter.',
  rejected: 'The print house has rejected the letter.',
}

/** The letter has changed on its way from the content store. */
const altered = (): Failure => new Failure('CONTENT_MISSING', 'The stored file is not the one that was decided on.')

export const printDestination = ({ settings, content, now }: PrintParts): Destination => {
  const folder = hotFolder(settings.folder)

  /** Copies the file, counts its pages, and makes sure that it is the one that was decided on. */
  const copyPdf = async (shipment: Shipment, path: string, signal: AbortSignal): Promise<number | null> => {
    const hash = createHash('sha256')
    const pages = pageCount()
    let size = 0
    const source = await content.read(shipment.content.sha256)
    const watched = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        signal.throwIfAborted()
        hash.update(chunk)
        pages.push(chunk)
        size += chunk.length
        yield chunk
      }
    }
    const file = await open(path, 'wx', PRIVATE_FILE)
    try {
      await file.writeFile(watched())
      await file.sync()
    } finally {
      await file.close()
      source.destroy()
    }
    if (hash.digest('hex') !== shipment.content.sha256 || size !== shipment.content.size) throw altered()
    return pages.end()
  }

  const writeBatch = async (shipment: Shipment, batch: string, createdAt: string, to: string, signal: AbortSignal): Promise<void> => {
    const file = `${shipment.deliveryId}.pdf`
    const pages = await copyPdf(shipment, join(to, file), signal)
    const about = manifest(shipment, settings, {
      batch, createdAt, file, pages,
      name: nameOf(shipment.document.patient),
      address: postalAddress(shipment.document.patient.address)!,
    })
    await writeNew(join(to, 'manifest.json'), `${JSON.stringify(about, undefined, 2)}\n`)
    await writeNew(join(to, 'manifest.csv'), manifestCsv(about))
    signal.throwIfAborted()
  }

  const refusal = (shipment: Shipment): Outcome | undefined => {
    const { patient } = shipment.document
    if (!postalAddress(patient.address)) return outcome('refused', 'NO_ADDRESS', 'The document has no usable postal address.')
    if (nameOf(patient) === '') return outcome('refused', 'NO_NAME', 'The document names nobody to whom the letter could be addressed.')
    if (shipment.content.contentType.split(';')[0]!.trim().toLowerCase() !== 'application/pdf') return outcome('refused', 'NOT_A_PDF', 'Only a PDF is printed.')
    return undefined
  }

  /** What stands of a delivery, and of that what the print house has not claimed, is taken back; the notes of what it has, lowest revision first. */
  const withdraw = async (deliveryId: string, except?: string): Promise<readonly Note[]> => {
    const taken: Note[] = []
    for (const { note, place } of await folder.standings(deliveryId)) {
      if (note.batch === except || place === 'rejected') continue
      const mine = place === 'outbox' && !(await awaitsReading(settings.folder, note.batch)) && (await folder.withdraw(note.batch))
      if (!mine) taken.push(note)
    }
    return taken
  }

  const handOver = async (shipment: Shipment, signal: AbortSignal): Promise<Outcome> => {
    const refused = refusal(shipment)
    if (refused) return refused
    const batch = batchName(shipment.deliveryId, shipment.revision)
    const handedOverAt = now().toISOString()
    try {
      signal.throwIfAborted()
      // The print house has this very letter already: whatever else has changed, it is not posted twice.
      const taken = (await withdraw(shipment.deliveryId, batch)).find(({ sha256 }) => sha256 === shipment.content.sha256)
      if (taken) return answered(outcome('accepted', 'HANDED_OVER_BEFORE', IS_AT.taken, taken.batch), taken)
      const note = { batch, item: shipment.deliveryId, revision: shipment.revision, sha256: shipment.content.sha256, handedOverAt }
      const fresh = await folder.handOver(note, (to) => writeBatch(shipment, batch, handedOverAt, to, signal))
      if (fresh) return outcome('accepted', 'HANDED_OVER', IS_AT.outbox, batch)
      return answered(outcome('accepted', 'HANDED_OVER_BEFORE', 'The batch was handed over before.', batch), (await folder.standing(batch))?.note ?? note)
    } catch (error) {
      const stands = await folder.standing(batch).catch(() => undefined)
      return stands && stands.place !== 'rejected'
        ? outcome('unsure', codeOf(error), 'The batch is there, but it is not certain that it is durable.', batch)
        : outcome('unavailable', signal.aborted ? 'STOPPED' : codeOf(error), 'The batch could not be written.')
    }
  }

  return {
    name: 'print',
    create: handOver,
    /** The old revision is withdrawn if it is still there; if not, the new one is posted after it, unless it is the same letter. */
    update: handOver,
    recall: async ({ deliveryId, revision, remoteId }: Recall) => {
      try {
        const taken = await withdraw(deliveryId)
        const [last] = taken.slice(-1)
        if (!last) return outcome('accepted', 'WITHDRAWN', 'Nothing of it is with the print house.')
        const asked = taken.find(({ batch }) => batch === remoteId || batch === batchName(deliveryId, revision))
        return asked
          ? answered(outcome('refused', TAKEN, 'The print house has taken the letter already: ask them to stop it.', asked.batch), asked)
          : { ...answered(outcome('refused', TAKEN_BEFORE, 'It was taken back, but the print house had taken an earlier letter of the document: ask them to stop that one.', last.batch), last), sha256: last.sha256 }
      } catch (error) {
        return outcome('unavailable', codeOf(error), 'The outbox cannot be changed.')
      }
    },
    look: async ({ deliveryId }: Recall): Promise<Look> => {
      try {
        const last = (await folder.standings(deliveryId)).filter(({ place }) => place !== 'rejected').at(-1)
        if (!last) return { found: false, outcome: outcome('accepted', 'NOT_THERE', 'Nothing of it is with the print house.') }
        const { note, place } = last
        return { found: true, remoteId: note.batch, revision: note.revision, sha256: note.sha256, outcome: answered(outcome('accepted', place.toUpperCase(), IS_AT[place], note.batch), note) }
      } catch (error) {
        return { found: false, outcome: outcome('unavailable', codeOf(error), 'The outbox cannot be read.') }
      }
    },
    close: async () => undefined,
  }
}
