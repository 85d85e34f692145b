// Whoever enters waits for those before him to leave. It refuses to know what is done inside.

/** Resolves with the way out when it is one's turn. */
export const oneAtATime = (): (() => Promise<() => void>) => {
  let last: Promise<void> = Promise.resolve()
  return async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = last
    last = promise
    await before
    return resolve
  }
}
