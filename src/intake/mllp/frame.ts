// MLLP framing: 0x0B, a message, 0x1C 0x0D, over and over. It looks at each byte once, hands the bytes on as views of
// the chunk that they came in, and keeps back at most four of them. It refuses to end a message anywhere but at
// 0x1C 0x0D: a message cut short could lack the one word that speaks against sharing.

export type FrameEvent =
  /** Bytes between frames, other than line ends: nothing that this protocol knows. */
  | { readonly kind: 'outside'; readonly bytes: Buffer }
  | { readonly kind: 'start' }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  /** `broken`: why this was no whole frame. */
  | { readonly kind: 'end'; readonly broken?: string }

export type FrameReader = {
  /** What the next chunk holds, in order; read it to its end before the next push. */
  push(chunk: Buffer): Generator<FrameEvent, void>
  /** The stream has ended. */
  end(): Generator<FrameEvent, void>
  readonly within: boolean
}

const START = 0x0b
const END = 0x1c
const CR = 0x0d
const LF = 0x0a
/** A new frame that begins within one: text may hold 0x0B, but not 0x0B and then a message header. */
const RESTART = Buffer.from('\x0bMSH', 'latin1')
const NOTHING = Buffer.alloc(0)
const STRAY_END = '0x1C stands within the frame without 0x0D after it'

/** One message as it goes over the wire. */
export const framed = (message: Buffer): Buffer => Buffer.concat([Buffer.of(START), message, Buffer.of(END, CR)])

export const frameReader = (): FrameReader => {
  let held: Buffer = NOTHING
  let within = false
  let broken: string | undefined

  const start = function* (): Generator<FrameEvent, void> {
    within = true
    broken = undefined
    yield { kind: 'start' }
  }
  const finish = function* (why: string | undefined): Generator<FrameEvent, void> {
    within = false
    yield why === undefined ? { kind: 'end' } : { kind: 'end', broken: why }
  }

  const push = function* (chunk: Buffer): Generator<FrameEvent, void> {
    const all = held.length > 0 ? Buffer.concat([held, chunk]) : chunk
    held = NOTHING
    let from = 0
    let at = 0
    let nextEnd = -1
    let nextStart = -1
    const body = function* (to: number): Generator<FrameEvent, void> {
      if (to > from) yield { kind: 'body', bytes: all.subarray(from, to) }
    }
    while (from < all.length) {
      if (!within) {
        const opens = all.indexOf(START, from)
        const bytes = all.subarray(from, opens < 0 ? all.length : opens)
        if (bytes.some((byte) => byte !== CR && byte !== LF)) yield { kind: 'outside', bytes }
        if (opens < 0) return
        from = at = opens + 1
        yield* start()
        continue
      }
      if (nextEnd < at) nextEnd = found(all.indexOf(END, at), all.length)
      if (nextStart < at) nextStart = found(all.indexOf(START, at), all.length)
      const next = Math.min(nextEnd, nextStart)
      if (next === all.length) return yield* body(all.length)
      // 0x1C: the end with 0x0D after it. 0x0B, or 0x1C 0x0B: another frame, if a message header follows.
      const opens = next === nextEnd ? next + 1 : next
      const restart = begins(all, opens)
      if (next === nextEnd && all[next + 1] === CR) {
        yield* body(next)
        from = at = next + 2
        yield* finish(broken)
      } else if (restart === 'maybe') {
        yield* body(next)
        held = all.subarray(next)
        return
      } else if (restart === 'yes') {
        yield* body(next)
        from = at = opens + 1
        yield* finish(broken ?? 'another frame begins before its end')
        yield* start()
      } else {
        if (next === nextEnd) broken ??= STRAY_END
        at = next + 1
      }
    }
  }

  return {
    push,
    end: function* () {
      const left = held
      held = NOTHING
      if (within && left.length > 0) yield { kind: 'body', bytes: left }
      if (within) yield* finish('the connection ended before the frame did')
    },
    get within() { return within },
  }
}

const found = (index: number, otherwise: number): number => (index < 0 ? otherwise : index)

/** Whether a frame with a message header begins here; `maybe` when the bytes that would tell are still to come. */
const begins = (bytes: Buffer, at: number): 'yes' | 'no' | 'maybe' => {
  const there = bytes.subarray(at, at + RESTART.length)
  if (!there.equals(RESTART.subarray(0, there.length))) return 'no'
  return there.length === RESTART.length ? 'yes' : 'maybe'
}
