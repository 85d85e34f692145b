// Sends prepared messages as fast as answers come: each connection sends its next one when the last was acknowledged.
// It refuses to measure a run in which anything but an acknowledgement came back.
import { makeSender, type Doors } from './sender.ts'
import type { Message } from './upload.ts'

export type Loaded = {
  /** Wall clock, milliseconds, of the first byte. */
  readonly beganAt: number
  readonly acknowledgedPerSec: number
  readonly latenciesMs: readonly number[]
}

export const sendAll = async (doors: Doors, messages: readonly Message[], connections: number): Promise<Loaded> => {
  const latenciesMs: number[] = []
  let next = 0
  const beganAt = Date.now()
  const began = performance.now()
  await Promise.all(Array.from({ length: Math.min(connections, messages.length) }, async () => {
    const sender = makeSender(doors)
    try {
      for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
        const sentAt = performance.now()
        const sent = await sender.send(message)
        if (sent.kind !== 'acknowledged') throw new Error(`A message of the bench was not acknowledged: ${sent.why}`)
        latenciesMs.push(performance.now() - sentAt)
      }
    } finally {
      await sender.close()
    }
  }))
  return { beganAt, acknowledgedPerSec: messages.length / ((performance.now() - began) / 1000), latenciesMs }
}
