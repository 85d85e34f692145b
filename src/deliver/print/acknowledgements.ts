// Reads what the print house answers: files in `acknowledgements/`, each about one batch. A file is moved to `done/`
// once everything in it is recorded, or to `rejected/` with the reason beside it. It refuses to record an answer about
// a batch that was never handed over, and to move a file before the ledger has it.
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asFailure } from '../../errors.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Say } from '../../observe/events.ts'
import { rounds } from '../../observe/rounds.ts'
import type { PrintDestination } from '../../policy/schema.ts'
import { ensureFolder, errnoOf, ifThere, isThere, PRIVATE_FILE } from './disk.ts'
import { deliveryOf, hotFolder } from './hot-folder.ts'
import type { HotFolder, Note } from './hot-folder.ts'

export type AcknowledgementParts = {
  readonly settings: PrintDestination
  readonly say: Say
  readonly acknowledge: Ledger['acknowledgePrint']
  readonly now: () => Date
}

/** A file that changed so lately may still be being written. */
const SETTLED_MS = 2_000
const MOST_BYTES = 10 * 1024 * 1024
const REASON_CHARACTERS = 200

const answerFile = z.object({
  batch: z.string().min(1),
  items: z.array(z.object({ item: z.string().min(1), status: z.enum(['printed', 'rejected']), reason: z.string().optional() })).min(1),
})
type AnswerFile = z.infer<typeof answerFile>

/** Why a file cannot be used: a sentence without anything out of the file. */
class Unreadable extends Error {}
/** It may still be being written. */
class Unfinished extends Error {}

/** A print house's words are not ours: what looks like an NHS number or a postcode does not go on. */
const masked = (reason: string): string =>
  reason.replace(/\d[\d\s-]{4,}\d/gu, '…').replace(/\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b/giu, '…').replace(/\p{Cc}+/gu, ' ').slice(0, REASON_CHARACTERS)

const answerFiles = async (folder: string): Promise<readonly string[]> => {
  const entries = (await ifThere(() => readdir(folder, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json') && !entry.name.startsWith('.')).map((entry) => entry.name).sort()
}

/** Whether an answer about this batch has come that has not been read yet. */
export const awaitsReading = async (root: string, batch: string): Promise<boolean> => {
  const folder = join(root, 'acknowledgements')
  for (const name of await answerFiles(folder)) {
    const text = await ifThere(() => readFile(join(folder, name), 'utf8'))
    if (text?.includes(`"${batch}"`)) return true
  }
  return false
}

const read = async (path: string, now: Date): Promise<AnswerFile> => {
  const { size, mtimeMs } = await stat(path)
  if (size > MOST_BYTES) throw new Unreadable(`it is larger than ${MOST_BYTES} bytes`)
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw now.getTime() - mtimeMs < SETTLED_MS ? new Unfinished() : new Unreadable('it is not JSON')
  }
  const parsed = answerFile.safeParse(json)
  if (parsed.success) return parsed.data
  throw new Unreadable(`it is not an acknowledgement: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.code}`).join('; ')}`)
}

/** The note of what the answer is about. */
const check = async (hot: HotFolder, answer: AnswerFile): Promise<Note> => {
  const delivery = deliveryOf(answer.batch)
  const standing = delivery === undefined ? undefined : await hot.standing(answer.batch)
  if (!standing) throw new Unreadable('no such batch stands with the print house')
  if (answer.items.some(({ item }) => item !== delivery)) throw new Unreadable('an item is not of this batch')
  if (new Set(answer.items.map(({ status }) => status)).size > 1) throw new Unreadable('one item is both printed and rejected')
  return standing.note
}

/** Polls until closed. `close` resolves when nothing is under way any more. */
export const watchAcknowledgements = ({ settings, say, acknowledge, now }: AcknowledgementParts): { close(): Promise<void> } => {
  const folder = join(settings.folder, 'acknowledgements')
  const hot = hotFolder(settings.folder)

  /** Out of the way under its own name, or behind the time if there is one of that name. */
  const moveTo = async (where: 'done' | 'rejected', name: string): Promise<string> => {
    const target = join(folder, where)
    await ensureFolder(target)
    const free = (await isThere(join(target, name))) ? `${now().toISOString().replaceAll(':', '')}-${name}` : name
    await rename(join(folder, name), join(target, free))
    return join(target, free)
  }

  const record = async (name: string): Promise<void> => {
    const answer = await read(join(folder, name), now())
    const { revision } = await check(hot, answer)
    for (const { item, status, reason } of answer.items) {
      await hot.acknowledge(answer.batch, status)
      await acknowledge(
        { deliveryId: item, accepted: status === 'printed', batch: answer.batch, revision, ...(reason === undefined ? {} : { reason: masked(reason) }) },
        now().toISOString(),
      )
    }
    await moveTo('done', name)
    say('print_acknowledged', { batch: answer.batch, items: answer.items.length, rejected: answer.items.filter(({ status }) => status === 'rejected').length })
  }

  const reject = async (name: string, why: string): Promise<void> => {
    const moved = await moveTo('rejected', name)
    await writeFile(`${moved}.reason.txt`, `This acknowledgement was not recorded: ${why}.\n`, { mode: PRIVATE_FILE })
    // The print house chose the file's name: it is not repeated.
    say('acknowledgement_unreadable', { file: 'acknowledgements/rejected', detail: why })
  }

  const one = async (name: string): Promise<void> => {
    try {
      await record(name)
    } catch (error) {
      if (error instanceof Unreadable) await reject(name, error.message)
      else if (!(error instanceof Unfinished)) throw error
    }
  }

  /** A file that fails on this side stays and is read again; it does not keep the others waiting. */
  const poll = async (): Promise<void> => {
    await ensureFolder(folder)
    const errors: unknown[] = []
    for (const name of await answerFiles(folder)) {
      if (!round.isClosed()) await one(name).catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw errors[0]
  }

  let said = ''
  const round = rounds(async () => {
    try {
      await poll()
      said = ''
    } catch (error) {
      const code = errnoOf(error) ?? asFailure(error).code
      // Once, and not at every poll for as long as it lasts.
      if (code !== said) say('part_failed', { part: 'print-acknowledgements', code, detail: 'acknowledgements wait' })
      said = code
    }
  }, settings.acknowledgement_poll_secs * 1000)
  round.begin()

  return { close: () => round.close() }
}
