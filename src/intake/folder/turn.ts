// What every part of one look at the folder works with, and how a try can end without an outcome.
import type { Failure } from '../../errors.ts'
import type { FolderFeed } from '../../policy/schema.ts'
import type { FeedParts } from '../take.ts'
import type { Seen } from './disk.ts'
import type { Verdict } from './pairing.ts'
import type { Watch } from './watch.ts'

export type FolderFeedParts = FeedParts & { readonly feed: FolderFeed }

export type Turn = {
  readonly parts: FolderFeedParts
  readonly root: string
  readonly watch: Watch
  /** The time on the file system's own clock. */
  readonly fsNow: number
  /** Documents that lie in the folder; one that is moved is taken out. */
  readonly documents: Map<string, Seen>
  /** What becomes of each metadata file or row that has no document yet, by where it is. */
  readonly verdicts: Map<string, Verdict>
  /** The feed closes, or has worked long enough on what it saw: what came since must be seen first. */
  readonly isSpent: () => boolean
  /** There is more to do at once. */
  readonly lookAgain: () => void
}

/** `waits`: for a document, for a file to settle, or for the rest of an index. */
export type Progress = 'ended' | 'waits'

/** Nothing could be kept: the upload stays as it is and is tried again. */
export class Held extends Error {
  readonly code: string
  /** What the store said, which names no file. */
  readonly why: string
  constructor({ code, detail }: Failure, cause: unknown) {
    super(code, { cause })
    this.code = code
    this.why = detail
  }
}

const settledMs = ({ parts }: Turn): number => parts.feed.settled_secs * 1000
/** What is there and makes no sense may still be being written, by a sender that has stopped for a moment. */
export const brokenMs = (turn: Turn): number => 10 * settledMs(turn)
export const isOrphan = (turn: Turn, { ctimeMs }: Seen): boolean => turn.fsNow - ctimeMs > turn.parts.feed.orphan_after_mins * 60_000
export const isSettled = (turn: Turn, path: string, seen: Seen, forMs: number = settledMs(turn)): boolean => turn.watch.unchangedMs(path, seen) >= forMs
export const dayOf = ({ parts }: Turn): string => parts.now().toISOString().slice(0, 10)
