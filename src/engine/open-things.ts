// What was opened, to be closed in the opposite order. It refuses to leave anything open because something else did not close.

export type OpenThings = {
  add(close: () => Promise<unknown> | undefined): void
  /** One that fails does not keep the others open: PostgreSQL, which closes last, least of all. */
  closeAll(): Promise<void>
}

export const openThings = (): OpenThings => {
  const close: (() => Promise<unknown> | undefined)[] = []
  return {
    add: (one) => { close.push(one) },
    closeAll: async () => {
      const failed: unknown[] = []
      for (const one of close.splice(0).toReversed()) {
        try { await one() } catch (error) { failed.push(error) }
      }
      if (failed.length > 0) throw failed[0]
    },
  }
}
