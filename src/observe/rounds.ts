// Work that is done now and then again, each time so long after the last time ended. Whoever asks while it is under way gets
// what is under way. It refuses to do it twice at once, and to begin it after the end.

export type Rounds = {
  /** The first one at once. */
  begin(): void
  /** Does it now. */
  look(): Promise<void>
  isClosed(): boolean
  /** Resolves when nothing is under way any more, or after this long. */
  close(withinMs?: number): Promise<void>
}

/** `work` does not reject: what fails is told by itself. */
export const rounds = (work: () => Promise<void>, everyMs: number): Rounds => {
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const look = (): Promise<void> => {
    looking ??= work().finally(() => { looking = undefined })
    return looking
  }
  const turn = async (): Promise<void> => {
    await look()
    if (!closed) timer = setTimeout(() => void turn(), everyMs)
  }
  return {
    begin: () => void turn(),
    look,
    isClosed: () => closed,
    close: async (withinMs) => {
      closed = true
      clearTimeout(timer)
      if (withinMs === undefined) return looking
      let impatient: NodeJS.Timeout | undefined
      await Promise.race([looking, new Promise((resolve) => { impatient = setTimeout(resolve, withinMs) })])
      clearTimeout(impatient)
    },
  }
}
