// Chance that can be had again: the same seed, the same numbers. It refuses to be used for secrets.

export type Random = {
  /** From 0 up to, but not, 1. */
  next(): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  pick<T>(from: readonly [T, ...T[]]): T
  /** A generator of its own, so that what happens at once does not depend on who asks first. */
  fork(): Random
}

/** Mulberry32: small, and good enough to spread load and kills. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    whole,
    pick: (from) => from[whole(0, from.length - 1)]!,
    fork: () => seeded(whole(0, 0x7fffffff)),
  }
}
