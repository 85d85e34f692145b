// What outlives the sandbox, where a directory is given: people and documents, in a journal, and the documents' bytes
// beside it. Read again at the start, and tidied then. Without a directory nothing outlives it. It refuses a
// directory that another sandbox uses, and a journal that is not one of its own.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cut } from './cut-out.ts'
import type { Stored } from './documents.ts'
import { openJournal, readJournal, writeAll } from './journal.ts'
import { lock } from './lock.ts'
import type { People, Person } from './people.ts'
import { seededPeople } from './people.ts'
import type { Extent, Spool } from './spool.ts'
import { openKeptSpool, openTemporarySpool } from './spool.ts'

/** A person or a document stands as its last entry says. */
export type Entry = { readonly reset: true } | { readonly people: readonly Person[] } | { readonly document: Stored } | { readonly decision: Decided }

/** What somebody decided about a held document, by TXA-12.1: it holds for later messages about it too. */
export type Decided = { readonly documentNumber: string; readonly what: 'accept' | 'reject' }
export type Decisions = ReadonlyMap<string, Decided['what']>

export type Keep = {
  readonly people: People
  /** The one that changed last comes last; deleted ones too. */
  readonly documents: readonly Stored[]
  readonly decisions: Decisions
  readonly spool: Spool
  write(entry: Entry): void
  /** What was written so far will be there after a crash. */
  settled(): Promise<void>
  close(): Promise<void>
}

const HEAD = 'openletter sandbox, format 1'
const JOURNAL = 'journal'
type Head = { readonly is: typeof HEAD; readonly bytes: string }
type State = { readonly bytes: string; readonly people: Map<string, Person>; readonly documents: Map<string, Stored>; readonly decisions: Map<string, Decided['what']>; /** Entries that no longer count. */ readonly stale: number }

export const openKeep = async (dir: string | undefined): Promise<Keep> => {
  if (dir !== undefined) return openKept(dir)
  const spool = await openTemporarySpool()
  return { people: seededPeople(), documents: [], decisions: new Map(), spool, write: () => undefined, settled: async () => undefined, close: () => spool.close() }
}

const openKept = async (dir: string): Promise<Keep> => {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const unlock = await lock(join(dir, 'lock'))
  try {
    const { bytes, people, documents, decisions } = await tidied(dir, await replayed(dir))
    const spool = await openKeptSpool(join(dir, bytes))
    const journal = await openJournal(join(dir, JOURNAL), spool.sync)
    return {
      people, documents: [...documents.values()], decisions, spool, write: journal.append, settled: journal.settled,
      close: async () => {
        try {
          await journal.close()
          await spool.close()
        } finally {
          await unlock()
        }
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

const replayed = async (dir: string): Promise<State | undefined> => {
  const path = join(dir, JOURNAL)
  if ((await stat(path).catch(() => undefined)) === undefined) return undefined
  let head: Partial<Head> | undefined
  let [entries, peopleChanged] = [0, false]
  let [people, documents, decisions] = [new Map(seededPeople()), new Map<string, Stored>(), new Map<string, Decided['what']>()]
  for await (const line of readJournal(path)) {
    if (!head) {
      head = (line ?? {}) as Partial<Head>
      if (head.is !== HEAD) throw new Error(`${path} is not what this sandbox keeps: name another directory, or remove it.`)
      continue
    }
    entries += 1
    if (line === undefined) break
    const entry = line as Entry
    if ('reset' in entry) {
      ;[people, documents, decisions] = [new Map(seededPeople()), new Map(), new Map()]
      peopleChanged = false
    } else if ('people' in entry) {
      for (const person of entry.people) people.set(person.nhsNumber, person)
      peopleChanged = true
    } else if ('decision' in entry) decisions.set(entry.decision.documentNumber, entry.decision.what)
    else {
      documents.delete(entry.document.id)
      // Before there was HL7 there was no telling.
      documents.set(entry.document.id, { ...entry.document, by: entry.document.by ?? 'fhir' })
    }
  }
  if (!head?.bytes) throw new Error(`${path} is empty: remove it.`)
  return { bytes: head.bytes, people, documents, decisions, stale: entries - documents.size - decisions.size - (peopleChanged ? 1 : 0) }
}

const lengthOf = (extents: readonly Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0)
const liveBytes = (documents: Iterable<Stored>): number => [...documents].reduce((sum, { cuts }) => sum + cuts.reduce((all, { extents }) => all + lengthOf(extents), 0), 0)

/** Without what no longer counts. One rename puts the new journal, which names its file of bytes, in the old one's place. */
const tidied = async (dir: string, found: State | undefined): Promise<State> => {
  const size = found ? (await stat(join(dir, found.bytes))).size : 0
  const crowded = found !== undefined && size > 2 * liveBytes(found.documents.values())
  const state: State = !found
    ? { bytes: 'bytes-1', people: new Map(seededPeople()), documents: new Map(), decisions: new Map(), stale: 0 }
    : crowded ? await moved(dir, found) : found
  if (!found || crowded || found.stale > 0) await writeAnew(dir, state)
  for (const name of await readdir(dir)) if (/^bytes-\d+$/.test(name) && name !== state.bytes) await rm(join(dir, name))
  return state
}

/** The documents' bytes in the next file, one behind the other. */
const moved = async (dir: string, found: State): Promise<State> => {
  const bytes = `bytes-${Number(found.bytes.slice('bytes-'.length)) + 1}`
  await rm(join(dir, bytes), { force: true })
  const [from, to] = [await openKeptSpool(join(dir, found.bytes)), await openKeptSpool(join(dir, bytes))]
  const move = async (cut: Cut): Promise<Cut> => {
    const extents: Extent[] = []
    for await (const chunk of from.read(cut.extents)) extents.push(await to.append(chunk))
    return { ...cut, extents }
  }
  const documents = new Map<string, Stored>()
  try {
    for (const [id, { cut, ...stored }] of found.documents) {
      const cuts: Cut[] = []
      for (const one of stored.cuts) cuts.push(await move(one))
      const first = cuts.find(({ mark }) => mark === cut?.mark)
      documents.set(id, { ...stored, cuts, ...(first ? { cut: first } : {}) })
    }
    await to.sync()
  } finally {
    await from.close()
    await to.close()
  }
  return { ...found, bytes, documents }
}

const writeAnew = async (dir: string, { bytes, people, documents, decisions }: State): Promise<void> => {
  const making = join(dir, `${JOURNAL}.new`)
  await (await open(join(dir, bytes), 'a', 0o600)).close()
  const file = await open(making, 'w', 0o600)
  try {
    const known = seededPeople()
    const changed = [...people.values()].filter((person) => JSON.stringify(person) !== JSON.stringify(known.get(person.nhsNumber)))
    await writeAll(file, `${JSON.stringify({ is: HEAD, bytes } satisfies Head)}\n`)
    if (changed.length > 0) await writeAll(file, `${JSON.stringify({ people: changed } satisfies Entry)}\n`)
    for (const document of documents.values()) await writeAll(file, `${JSON.stringify({ document } satisfies Entry)}\n`)
    for (const [documentNumber, what] of decisions) await writeAll(file, `${JSON.stringify({ decision: { documentNumber, what } } satisfies Entry)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(making, join(dir, JOURNAL))
  await syncDirectory(dir)
}

const syncDirectory = async (dir: string): Promise<void> => {
  // Windows cannot: there the file system's own journal keeps names.
  if (process.platform === 'win32') return
  const folder = await open(dir, 'r')
  await folder.sync().finally(() => folder.close())
}
