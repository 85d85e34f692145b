// Turns that are over while their end is still being written down: the next letter's turn need not wait for that. It
// refuses to begin with a document again before its last end is written down, and to let go unsaid what went wrong then.

export type Endings = {
  /** Resolves when `work` has said that the next turn may begin, or has come to its end. */
  turn(documentId: string, work: (over: () => void) => Promise<void>): Promise<void>
  /** Resolves when every end is written down. */
  all(): Promise<void>
}

export const openEndings = (failed: (error: unknown) => void): Endings => {
  const endings = new Map<string, Promise<void>>()

  return {
    turn: async (documentId, work) => {
      await endings.get(documentId)
      const ended = Promise.withResolvers<void>()
      await new Promise<void>((resolve, reject) => {
        let isOver = false
        const over = (): void => {
          isOver = true
          endings.set(documentId, ended.promise)
          resolve()
        }
        work(over).then(resolve, (error: unknown) => (isOver ? failed(error) : reject(error as Error))).finally(() => {
          if (endings.get(documentId) === ended.promise) endings.delete(documentId)
          ended.resolve()
        })
      })
    },
    all: async () => { await Promise.all(endings.values()) },
  }
}
