// Takes one upload that is in hand: finds its document, streams it into the content store, has the receipt taken, and
// ends the unit. It refuses to end one before the outcome is durable, and to hold a document in memory.
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { asFailure, Failure } from '../../errors.ts'
import type { ContentRef, Receipt } from '../../types.ts'
import { ifThere, isOther, look, reading, same, type Seen } from './disk.ts'
import type { RowUpload } from './index-file.ts'
import { metadataOf, readMetadata } from './metadata.ts'
import { kindOf, tellingName } from './names.ts'
import { dayOf, Held, isSettled, type Progress, type Turn } from './turn.ts'
import { end, FAULT, readFault, ROW, sendersFiles, writeReason } from './unit.ts'
import { canBeTaken } from './whole.ts'

const MB = 1024 * 1024
const SKELETON_KEPT = 64 * 1024

/** What was said about a document, and in which file; `seen` is that of a sender's file, and not of a row. */
type Said = { readonly text: string; readonly path: string; readonly seen?: Seen }

export const advanceUpload = async (dir: string, turn: Turn): Promise<Progress> => {
  const fault = await ifThere(readFile(join(dir, FAULT), 'utf8'))
  if (fault !== undefined) return refuse(dir, turn, readFault(fault), await textOf(dir))
  let said: Said | 'waits'
  try {
    said = await readSaid(dir, turn)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return refuse(dir, turn, error, await textOf(dir))
  }
  if (said === 'waits') return 'waits'
  const document = await bringDocument(dir, turn)
  if (document instanceof Failure) return refuse(dir, turn, document, said.text)
  return document === 'waits' ? 'waits' : handOver(dir, turn, said, document)
}

const readSaid = async (dir: string, turn: Turn): Promise<Said | 'waits'> => {
  const names = await sendersFiles(dir)
  const row = await ifThere(readFile(join(dir, ROW), 'utf8'))
  if (row !== undefined) {
    const { metadata } = JSON.parse(row) as RowUpload
    return { text: metadataOf(Buffer.from(metadata)).text, path: join(dir, ROW) }
  }
  const own = names.find((name) => kindOf(name) === 'metadata')
  // Not ours to lose: it goes where people look.
  if (own === undefined) throw new Failure('METADATA_FILE_MISSING', 'The document was in hand, and its metadata was not.')
  const path = join(dir, own)
  const seen = await look(path)
  if (seen === undefined && (await isOther(path))) throw noFile()
  if (seen === undefined || !isSettled(turn, path, seen)) return 'waits'
  return { text: (await readMetadata(path)).text, path, seen }
}

/** Somebody put a link in the place of a file in the moment in which it was moved. */
const noFile = (): Failure => new Failure('FILE_NAME_REFUSED', 'It is a folder, a link or something else that is no plain file.')

/** Moves the document beside what was said of it; undefined where none belongs to it. */
const bringDocument = async (dir: string, turn: Turn): Promise<string | undefined | 'waits' | Failure> => {
  const inHand = (await sendersFiles(dir)).find((name) => kindOf(name) === 'document')
  if (inHand !== undefined) {
    const seen = await look(join(dir, inHand))
    if (seen === undefined) return (await isOther(join(dir, inHand))) ? noFile() : 'waits'
    return (await canBeTaken(turn, join(dir, inHand), seen)) ? inHand : 'waits'
  }
  const verdict = turn.verdicts.get(dir)
  if (verdict === undefined || verdict.kind === 'waits') return 'waits'
  if (verdict.kind === 'fault') return verdict.fault
  if (verdict.kind === 'none') return undefined
  const [from, to, seen] = [join(turn.root, verdict.name), join(dir, verdict.name), turn.documents.get(verdict.name)]
  // Another file of that name, put there since, may be somebody else's.
  if (seen === undefined || !(await canBeTaken(turn, from, seen)) || !same(seen, await look(from))) return 'waits'
  turn.documents.delete(verdict.name)
  await rename(from, to)
  const moved = await look(to)
  turn.watch.carry(from, to, moved)
  return same(seen, moved) ? verdict.name : 'waits'
}

const handOver = async (dir: string, turn: Turn, said: Said, document: string | undefined): Promise<Progress> => {
  const { name, now, newId, take } = turn.parts
  const fileName = document === undefined ? undefined : tellingName(document)
  const stored = document === undefined ? undefined : await store(join(dir, document), turn)
  // Taken over by another engine while this one slept: it is the other's now.
  if ((await look(said.path)) === undefined) return 'waits'
  const receipt: Receipt = {
    id: newId(), feed: name, format: 'upload', receivedAt: now().toISOString(), skeleton: said.text, contents: stored ? [stored.content] : [], ...(fileName === undefined ? {} : { fileName }),
  }
  const taken = await held(take(receipt))
  if (taken.kind === 'refused') {
    await writeReason(dir, taken, receipt.receivedAt)
    await end(dir, 'rejected', turn.root, dayOf(turn))
    return 'ended'
  }
  // It was being written to after all. What it is now is taken too, before anybody is told that it was.
  if (document !== undefined && (await changedSince(join(dir, document), stored?.seen))) return 'waits'
  if (await changedSince(said.path, said.seen)) return 'waits'
  await end(dir, 'done', turn.root, dayOf(turn))
  return 'ended'
}

const changedSince = async (path: string, read: Seen | undefined): Promise<boolean> => {
  const now = await look(path)
  return read !== undefined && now !== undefined && !same(read, now)
}

/** Past the limit nothing is read: what is kept says that it is too large. */
const store = async (path: string, { parts: { content, feed } }: Turn): Promise<{ readonly content: ContentRef; readonly seen: Seen }> => {
  const limitBytes = Math.floor(feed.max_document_mb * MB)
  const writer = content.writer(limitBytes)
  let read: Seen
  try {
    read = await reading(path, async (file, seen) => {
      for await (const piece of file.createReadStream({ autoClose: false, start: 0, end: limitBytes }) as AsyncIterable<Buffer>) await storing(async () => writer.write(piece))
      return seen
    })
  } catch (error) {
    await writer.drop().catch(() => undefined)
    throw error
  }
  return { content: await storing(() => writer.keep()), seen: read }
}

const storing = <T>(work: () => Promise<T>): Promise<T> => held(work())

const held = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw new Held(asFailure(error), error)
  }
}

/** What of a refused upload is kept with the refusal: the metadata as far as it is text. */
const textOf = async (dir: string): Promise<string> => {
  const own = (await sendersFiles(dir)).find((name) => kindOf(name) !== 'document')
  if (own === undefined) return ''
  const reads = reading(join(dir, own), async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SKELETON_KEPT), 0, SKELETON_KEPT, 0)
    return buffer.toString('utf8', 0, bytesRead)
  })
  return reads.catch(() => '')
}

export const refuse = async (dir: string, turn: Turn, { code, detail }: Failure, skeleton: string): Promise<Progress> => {
  const { name, now, reject } = turn.parts
  const at = now().toISOString()
  await held(reject({ feed: name, at, code, detail, skeleton: skeleton.replaceAll('\0', '\uFFFD').slice(0, SKELETON_KEPT).toWellFormed() }))
  await writeReason(dir, { code, detail }, at)
  await end(dir, 'rejected', turn.root, dayOf(turn))
  return 'ended'
}
