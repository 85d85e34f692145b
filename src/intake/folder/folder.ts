// The folder feed: looks at a folder every few seconds (shares tell nobody of changes), and takes what lies there and
// is ready. It refuses to move an upload to done/ before it is durable, to let one that cannot be read hold up the
// others, and to work on what another engine has in hand.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import { setApart } from './apart.ts'
import { claimFile, listing, orphans, readyToClaim, type Listing, type Lying } from './arrivals.ts'
import { openClaim, PULSE, type Pulse } from './claim.ts'
import { claimantsInHand, lyingClaimants, type ReadRows } from './claimants.ts'
import { Changed, errnoOf, filesIn, folders, PRIVATE_FOLDER } from './disk.ts'
import { advanceIndex } from './index-unit.ts'
import { kindOf } from './names.ts'
import { pairUp, type Pairing } from './pairing.ts'
import type { Peeks } from './peek.ts'
import { troubles } from './troubles.ts'
import { dayOf, Held, isSettled, type FolderFeedParts, type Progress, type Turn } from './turn.ts'
import { clearAway, endingOf, FAULT, remove, ROW, unitAt } from './unit.ts'
import { advanceUpload } from './upload.ts'
import { makeWatch } from './watch.ts'

export type { FolderFeedParts } from './turn.ts'
export type RunningFolderFeed = {
  /** The folder that is watched. */
  readonly folder: string
  /** Finishes the upload in hand, within a few seconds. */
  close(): Promise<void>
}

const CLOSE_WITHIN_MS = 10_000
const LONGEST_PAUSE_MS = 60_000
/** An upload that failed so often may itself be the reason: the others go first. */
const OFTEN = 3
/** For so long it works on what it saw, in hand and then lying there, before it looks again. */
const SLICE_MS = 2_000

export const startFolderFeed = async (parts: FolderFeedParts & { readonly pulse?: Pulse }): Promise<RunningFolderFeed> => {
  const { name, feed, say, newId, pulse = PULSE, halted } = parts
  const root = feed.folder
  const claim = openClaim(root, newId(), pulse)
  const watch = makeWatch()
  const peeks: Peeks = new Map()
  const readRows: ReadRows = new Map()
  const trouble = troubles(name, say)
  const failures = new Map<string, number>()
  let closing = false

  // Once: a folder that goes away later is a share that is not mounted, and is not made beneath it.
  await mkdir(root, { mode: PRIVATE_FOLDER }).catch(() => undefined)

  const step = async (dir: string, turn: Turn): Promise<Progress> => {
    if (endingOf(dir) !== undefined) {
      await clearAway(dir, root, dayOf(turn))
      return 'ended'
    }
    const own = await filesIn(dir)
    const index = own.includes(FAULT) || own.includes(ROW) ? undefined : own.find((file) => kindOf(file) === 'index')
    if (index !== undefined) return advanceIndex(dir, index, turn, (row) => attemptRow(row, turn))
    if (own.length > 0) return advanceUpload(dir, turn)
    await remove(dir)
    return 'ended'
  }

  /** Takes a unit on. What is wrong with this one alone waits for the next turn; Held ends the turn. */
  const attempt = async (dir: string, turn: Turn): Promise<Progress> => {
    try {
      const progress = await step(dir, turn)
      if (progress === 'ended') {
        failures.delete(dir)
        trouble.mended(dir)
      }
      return progress
    } catch (error) {
      if (error instanceof Held) {
        failures.set(dir, (failures.get(dir) ?? 0) + 1)
        throw error
      }
      pass(dir, error)
      return 'waits'
    }
  }

  /** One that waits costs nothing. What is tried is read again at the next look. */
  const attemptRow = async (row: string, turn: Turn): Promise<Progress> => {
    if (turn.verdicts.get(row)?.kind === 'waits') return 'waits'
    readRows.delete(row)
    return attempt(row, turn)
  }

  /** Gone or changed under our hands: the next look tells. Anything else of one file is said once, and left there. */
  const pass = (path: string, error: unknown): void => {
    if (error instanceof Changed || errnoOf(error) === 'ENOENT') return
    trouble.ofFile(path, errnoOf(error) ?? 'INTERNAL')
  }

  const inHand = async (turn: Turn, which: (dir: string) => boolean): Promise<void> => {
    for (const unit of await folders(claim.dir)) {
      const dir = join(claim.dir, unit)
      if (which(dir) && !turn.isSpent()) await attempt(dir, turn)
    }
  }

  const take = async (turn: Turn, lying: Lying, fault?: Failure): Promise<boolean> => {
    const path = join(root, lying.name)
    try {
      const ready = fault === undefined ? await readyToClaim(turn, lying, peeks) : { claim: true, fault }
      trouble.mended(path)
      if (!ready.claim) return false
      const dir = await claimFile(turn, lying.name, unitAt(claim.dir, newId(), lying.seen.ctimeMs), ready.fault)
      peeks.delete(path)
      if (dir !== undefined) await attempt(dir, turn)
      return true
    } catch (error) {
      if (error instanceof Held) throw error
      pass(path, error)
      return false
    }
  }

  const arrivals = async (turn: Turn, lying: readonly Lying[]): Promise<void> => {
    const left: Lying[] = []
    for (const one of lying) {
      if (turn.isSpent()) return
      if (one.kind === 'document' || !(await take(turn, one))) left.push(one)
    }
    const gone = orphans(turn, left)
    if (gone.length === 0 || (await anybodyWorks(root))) return
    const fault = new Failure('METADATA_FILE_MISSING', `Nothing came that names it within ${feed.orphan_after_mins} minutes.`)
    for (const one of left) if (!closing && gone.includes(one.name)) await take(turn, one, fault)
  }

  /** Of all that lies there and all that any engine has in hand. */
  const pairing = async (turn: Turn, { files, others }: Listing): Promise<Pairing> => {
    const { claimants, unknown } = await lyingClaimants(turn, files, peeks)
    const pair = async (): Promise<Pairing> => pairUp({
      claimants: [...claimants, ...(await claimantsInHand(root, readRows))], documents: turn.documents, others, fsNow: turn.fsNow, windowMs: feed.orphan_after_mins * 60_000, unknown,
      isSettled: (document) => isSettled(turn, join(root, document), turn.documents.get(document)!),
    })
    const paired = await pair()
    // Another engine's row may have got its document since it was read.
    const stale = paired.conflicts.flatMap((conflict) => [...conflict.claimants.keys()]).filter((id) => !id.startsWith(claim.dir) && readRows.delete(id))
    return stale.length > 0 ? pair() : paired
  }

  const look = async (): Promise<boolean> => {
    const lies = await listing(root, pass)
    const fsNow = await claim.beat()
    // Files stay where they are. What is in hand stays ours.
    if (halted?.() !== undefined) return false
    const count = await claim.takeOver(fsNow)
    if (count > 0) say('uploads_inherited', { feed: name, count })
    const documents = new Map(lies.files.flatMap(({ kind, name: file, seen }) => (kind === 'document' ? [[file, seen]] as const : [])))
    let [until, again] = [Infinity, false]
    const isSpent = (): boolean => {
      if (closing || halted?.() !== undefined) return true
      // What is left over is looked at again at once.
      const isOver = performance.now() > until
      if (isOver) again = true
      return isOver
    }
    const turn: Turn = { parts, root, watch, fsNow, documents, verdicts: new Map(), isSpent, lookAgain: () => { again = true } }
    for (const { name: file, seen } of lies.files) watch.unchangedMs(join(root, file), seen)
    const { verdicts, conflicts } = await pairing(turn, lies)
    for (const [id, verdict] of verdicts) turn.verdicts.set(id, verdict)
    for (const conflict of conflicts) await setApart(turn, conflict, lies.files, claim.dir, newId).catch((error: unknown) => pass(claim.dir, error))
    const failsOften = (dir: string): boolean => (failures.get(dir) ?? 0) >= OFTEN
    const slice = (): void => { until = performance.now() + SLICE_MS }
    slice()
    await inHand(turn, (dir) => !failsOften(dir))
    slice()
    await arrivals(turn, lies.files)
    slice()
    await inHand(turn, failsOften)
    watch.prune()
    const there = new Set(lies.files.map(({ name: file }) => join(root, file)))
    for (const path of peeks.keys()) if (!there.has(path)) peeks.delete(path)
    trouble.prune((path) => there.has(path) || path.startsWith(claim.dir) || path.includes('\uFFFD'))
    return again
  }

  let timer: NodeJS.Timeout | undefined
  let heldTurns = 0
  const turn = async (): Promise<void> => {
    let again = false
    try {
      again = await look()
      heldTurns = 0
      trouble.none()
    } catch (error) {
      if (error instanceof Held) {
        heldTurns++
        trouble.ofStore(error.code, error.why)
      } else trouble.ofFolder(errnoOf(error) ?? 'INTERNAL')
    }
    const pollMs = feed.poll_secs * 1000
    if (!closing) timer = setTimeout(next, again ? 0 : Math.max(pollMs, Math.min(LONGEST_PAUSE_MS, pollMs * 2 ** heldTurns)))
  }
  const next = (): void => { running = turn() }

  say('feed_listening', { feed: name, address: 'folder' })
  let running: Promise<void> = turn()
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closing = true
    clearTimeout(timer)
    // The store may be stuck: it must not keep the engine from stopping. What is in hand is the next one's then.
    let late: NodeJS.Timeout | undefined
    await Promise.race([running, new Promise<void>((resolve) => { late = setTimeout(resolve, CLOSE_WITHIN_MS) })])
    clearTimeout(late)
    await claim.release().catch(() => undefined)
  }
  return { folder: root, close: () => (closed ??= close()) }
}

/** Any engine has an upload in hand, whose document may be among those that lie there. */
const anybodyWorks = async (root: string): Promise<boolean> => {
  const taking = join(root, 'taking')
  for (const claim of await folders(taking)) if ((await folders(join(taking, claim))).length > 0) return true
  return false
}

