// Says what people have stopped and which recalls are not done: each recall once a minute from its first minute on, each
// that came too late once. Among all processes on one ledger one watches. It refuses to do anything about it.
import { asFailure } from '../errors.ts'
import type { Ledger, RecallRow, Watch } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'

/** What is wrong with recalls, for whoever tells people of it. */
export type RecallsSeen = { /** Not done after a minute. */ readonly open: readonly RecallRow[]; readonly late: readonly RecallRow[] }

export type RecallWatch = {
  /** Looks now, without waiting for its turn. */
  look(): Promise<void>
  /** At its last look; undefined where another process watches, or the ledger did not answer. */
  seen(): RecallsSeen | undefined
  /** The ledger did not answer at its last look. */
  failing(): boolean
  close(): Promise<void>
}

export type RecallWatchParts = {
  readonly ledger: Pick<Ledger, 'watch' | 'stops' | 'recalls'>
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}

const EVERY_MS = 5_000
/** Older than this, a recall is said not to be done; and said again after as long. */
export const OPEN_MS = 60_000
const MOST = 2_000

/** A time that is yet to come was said by a clock that was wrong: that keeps no recall from being told of. */
const apartMs = (at: number, then: number): number => Math.abs(at - then)

export const openRecallWatch = ({ ledger, say, now, everyMs = EVERY_MS }: RecallWatchParts): RecallWatch => {
  let watching: Watch | undefined
  let stops = new Map<string, { readonly scope: string; readonly value: string }>()
  /** When each recall that is not done was said last. */
  let said = new Map<string, number>()
  /** Late ones that were said, or were there before; undefined until the first look. */
  let late: Set<string> | undefined
  let seen: RecallsSeen | undefined
  let failing = false

  const lookAtStops = async (): Promise<void> => {
    const all = await ledger.stops()
    for (const { id, scope, value, actor } of all) if (!stops.has(id)) say('stop_in_force', { stop: id, scope, value, actor })
    for (const [id, { scope, value }] of stops) if (!all.some((stop) => stop.id === id)) say('stop_lifted', { stop: id, scope, value })
    stops = new Map(all.map(({ id, scope, value }) => [id, { scope, value }]))
  }

  const lookAtOpen = async (): Promise<readonly RecallRow[]> => {
    const at = now().getTime()
    const open = await ledger.recalls('open', MOST)
    said = new Map(open.flatMap(({ deliveryId }) => (said.has(deliveryId) ? [[deliveryId, said.get(deliveryId)!] as const] : [])))
    for (const { documentId, deliveryId, destination, state, since, tries, lastCode } of open) {
      const secs = Math.floor(apartMs(at, Date.parse(since)) / 1000)
      if (secs * 1000 < OPEN_MS || apartMs(at, said.get(deliveryId) ?? Number.NEGATIVE_INFINITY) < OPEN_MS) continue
      said.set(deliveryId, at)
      say('recall_open', { document: documentId, delivery: deliveryId, destination, state, secs, tries, ...(lastCode === undefined ? {} : { code: lastCode }) })
    }
    return open.filter(({ since }) => apartMs(at, Date.parse(since)) >= OPEN_MS)
  }

  const lookAtLate = async (): Promise<readonly RecallRow[]> => {
    const over = (await ledger.recalls('late', MOST)).filter(isOver)
    for (const { deliveryId, documentId, destination, printed } of over) {
      if (late && !late.has(deliveryId)) say('recalled_late', { document: documentId, delivery: deliveryId, destination, why: printed ? 'printed' : 'read' })
    }
    late = new Set(over.map(({ deliveryId }) => deliveryId))
    return over
  }

  /** Whoever took over meanwhile says what there is. */
  const forget = (): void => {
    watching = undefined
    ;[stops, said, late, seen] = [new Map(), new Map(), undefined, undefined]
  }
  const lookOnce = async (): Promise<void> => {
    try {
      if (watching && !(await watching.holds())) forget()
      watching ??= await ledger.watch('recalls')
      if (watching) {
        await lookAtStops()
        seen = { open: await lookAtOpen(), late: await lookAtLate() }
      }
      failing = false
    } catch (error) {
      seen = undefined
      failing = true
      const { code, detail } = asFailure(error)
      if (!watch.isClosed()) say('part_failed', { part: 'recall-watch', code, detail })
    }
  }
  const watch = rounds(lookOnce, everyMs)
  watch.begin()

  return {
    look: watch.look,
    seen: () => seen,
    failing: () => failing,
    close: async () => {
      await watch.close()
      await watching?.release()
    },
  }
}

/** Taken back after it was read; or with the patient on paper, for good. */
const isOver = ({ state, printed, readAt }: RecallRow): boolean => printed || (state === 'recalled' && readAt !== undefined)
