// Clients that upload without pause, each with the stories of its own documents: a message is sent again, the same
// bytes, until it is acknowledged, and the next one about that document only then. They refuse to lose count.
import { setTimeout as delay } from 'node:timers/promises'
import type { Acknowledged } from './model.ts'
import type { Random } from './random.ts'
import { makeSender, type Doors } from './sender.ts'
import type { Step } from './stories.ts'

export type Counts = { begun: number; sent: number; acknowledged: number; sentAgain: number; readonly refused: string[] }

export type Client = {
  /** Begins no new message; resolves when the one under way is acknowledged or has been given up. */
  stop(givenUpAfterMs: number): Promise<void>
}

type Waiting = { readonly steps: readonly Step[]; readonly dueAt: number }

/** A document's next message comes so much later, at most. */
const LATER_MS = 8_000
/** Between two messages of one client, at most. */
const PAUSE_MS = 60
/** After an answer that was none. */
const AGAIN_MS = 60

export const startClient = ({ doors, tell, random, counts, acknowledged }: {
  readonly doors: Doors
  readonly tell: () => readonly Step[]
  readonly random: Random
  readonly counts: Counts
  readonly acknowledged: (says: Acknowledged) => void
}): Client => {
  const sender = makeSender(doors)
  let waiting: readonly Waiting[] = []
  const stop = new AbortController()
  let giveUpAt = Number.POSITIVE_INFINITY

  /** What is due about a document that is known, else a new one. */
  const next = (): readonly Step[] => {
    const now = Date.now()
    const due = waiting.find(({ dueAt }) => dueAt <= now)
    waiting = waiting.filter((one) => one !== due)
    return due?.steps ?? tell()
  }
  const deliver = async ({ message, says, documentId }: Step): Promise<boolean> => {
    counts.begun += 1
    for (let tries = 0; Date.now() < giveUpAt;) {
      const sent = await sender.send(message)
      if (sent.kind !== 'away') {
        counts.sent += 1
        if (tries > 0) counts.sentAgain += 1
        tries += 1
      }
      if (sent.kind === 'acknowledged') {
        counts.acknowledged += 1
        if (says) acknowledged(says)
        return true
      }
      if (sent.kind === 'refused') {
        counts.refused.push(`${documentId} (${message.door}): ${sent.why}`)
        return false
      }
      await delay(AGAIN_MS)
    }
    return false
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const [step, ...rest] = next()
      if (step && (await deliver(step)) && rest.length > 0) waiting = [...waiting, { steps: rest, dueAt: Date.now() + random.whole(0, LATER_MS) }]
      await delay(random.whole(0, PAUSE_MS))
    }
    await sender.close()
  }
  const running = run()
  return {
    stop: async (givenUpAfterMs) => {
      stop.abort()
      giveUpAt = Date.now() + givenUpAfterMs
      await running
    },
  }
}
