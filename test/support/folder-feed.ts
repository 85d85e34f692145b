// The folder feed on a real folder and a real content store, with a taker that records what it is handed.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pulse } from '../../src/intake/folder/claim.ts'
import { startFolderFeed, type RunningFolderFeed } from '../../src/intake/folder/folder.ts'
import type { RejectMessage, Take } from '../../src/intake/take.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { FolderFeed } from '../../src/policy/schema.ts'
import type { Receipt } from '../../src/types.ts'
import { makeFolder } from './folder.ts'
import { anAccepted } from './http-feed.ts'
import { until } from './until.ts'

export const aFolderFeed = (overrides: Partial<FolderFeed> = {}): FolderFeed => ({
  kind: 'feed', type: 'folder', approved_by: 'Head of Clinical Records', approved_on: '2026-10-01', mapping: 'rio-upload', status: 'live',
  producer_when_missing: 'unknown', tests: [], folder: '/nowhere', poll_secs: 0.01, settled_secs: 0.02, orphan_after_mins: 60, max_document_mb: 1, ...overrides,
})

export type FolderStandOptions = {
  readonly feed?: Partial<FolderFeed>
  readonly take?: Take
  readonly reject?: RejectMessage
  readonly content?: (real: ContentStore) => ContentStore
  readonly pulse?: Pulse
}

export type FolderStand = {
  /** The watched folder. */
  readonly path: string
  readonly taken: Receipt[]
  readonly rejected: Parameters<RejectMessage>[0][]
  readonly said: string[]
  readonly content: ContentStore
  /** Another engine on the same folder, with its own record of what it took. */
  start(options?: FolderStandOptions): Promise<RunningFolderFeed>
  /** Puts a file there, whole, as one that renames would. */
  put(name: string, bytes: Buffer | string): void
  putMetadata(name: string, metadata: object): void
  /** Every file below the watched folder, as `done/2026-11-20/letter.pdf`, less the feed's own. */
  files(): readonly string[]
  /** Those files once there are all of these, and nothing is in hand. */
  settled(...names: string[]): Promise<readonly string[]>
  text(name: string): string
  bytesOf(sha256: string): Promise<Buffer>
  close(): Promise<void>
}

export const DAY = '2026-11-20'
export const done = (name: string): string => `done/${DAY}/${name}`

/** One content store for a file of tests, emptied after each: it takes a while to make. */
let kept: { readonly store: string; readonly content: ContentStore; remove(): void } | undefined
export const keptContent = async (): Promise<NonNullable<typeof kept>> => {
  if (kept) return kept
  const folder = makeFolder()
  const store = join(folder.path, 'content')
  return (kept = { store, content: await openContent(store), remove: folder.remove })
}
export const removeFolderStore = (): void => {
  kept?.remove()
  kept = undefined
}

let ids = 0
const newId = (): string => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`

/** `idle`: nothing watches until `start` is called. */
export const folderStand = async ({ idle = false, ...usual }: FolderStandOptions & { readonly idle?: boolean } = {}): Promise<FolderStand> => {
  const { store, content: real } = await keptContent()
  const folder = makeFolder()
  const path = join(folder.path, 'rio')
  const [taken, rejected, said]: [Receipt[], Parameters<RejectMessage>[0][], string[]] = [[], [], []]
  const running: RunningFolderFeed[] = []
  const start = async (more: FolderStandOptions = {}): Promise<RunningFolderFeed> => {
    const options = { ...usual, ...more }
    const one = await startFolderFeed({
      name: 'rio-folder',
      feed: aFolderFeed({ folder: path, ...usual.feed, ...more.feed }),
      content: options.content?.(real) ?? real,
      take: async (receipt) => {
        const answer = options.take ? await options.take(receipt) : anAccepted()
        taken.push(receipt)
        return answer
      },
      reject: options.reject ?? (async (message) => { rejected.push(message) }),
      say: (event, fields) => { said.push(`${event} ${JSON.stringify(fields)}`) },
      now: () => new Date(`${DAY}T11:02:11.123Z`),
      newId,
      ...(options.pulse ? { pulse: options.pulse } : {}),
    })
    running.push(one)
    return one
  }
  const put = (name: string, bytes: Buffer | string): void => {
    writeFileSync(join(path, `.${name.slice(0, 40)}.tmp`), bytes)
    renameSync(join(path, `.${name.slice(0, 40)}.tmp`), join(path, name))
  }
  const files = (): readonly string[] => list(path, '').filter((name) => !/(?:^|\/)(?:heartbeat|owner\.json)$|(?:^|\/)\.[^/]*$/u.test(name)).sort()
  const stand: FolderStand = {
    path, taken, rejected, said, content: real, start, put, files,
    putMetadata: (name, metadata) => put(name, JSON.stringify(metadata)),
    settled: async (...names) => {
      await until(`${names.join(', ')} in the folder, and nothing in hand; there are ${files().join(', ')}`, () => names.every((name) => files().includes(name)) && !files().some((name) => name.startsWith('taking/')))
        .catch((error: unknown) => { throw new Error(`${String(error)}; at last ${files().join(', ')}; said ${said.join('; ')}`, { cause: error }) })
      return files()
    },
    text: (name) => readFileSync(join(path, name), 'utf8'),
    bytesOf: async (sha256) => Buffer.concat(await (await real.read(sha256)).toArray()),
    close: async () => {
      for (const one of running) await one.close()
      folder.remove()
      for (const entry of await readdir(store, { recursive: true, withFileTypes: true })) if (entry.isFile()) await rm(join(entry.parentPath, entry.name))
    },
  }
  if (!idle) await start()
  return stand
}

/** Folders go while they are listed: what is gone holds nothing. */
const list = (path: string, below: string): readonly string[] => {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? list(join(path, entry.name), `${below}${entry.name}/`) : [`${below}${entry.name}`]))
  } catch {
    return []
  }
}
