// Lines to standard error, each of them written before the call returns, so that the last words of a process are not lost.
// It refuses to end the engine because its log cannot be written: what a full disk does not take is counted, and said
// as soon as lines are taken again.
import { writeSync } from 'node:fs'

type Write = (bytes: Buffer) => number

/** A pipe whose reader is slow takes more in a moment. */
const FULL_PIPE_MS = 20
const moment = new Int32Array(new SharedArrayBuffer(4))

const toStandardError: Write = (bytes) => writeSync(2, bytes)

/** `onLost`: how many lines were lost, told after the first one that was taken again. */
export const lineWriter = (onLost: (count: number) => void, write: Write = toStandardError): ((line: string) => void) => {
  let lost = 0
  /** Half of a line went out: the next one begins anew. */
  let torn = false

  const all = (bytes: Buffer): void => {
    for (let rest = bytes; rest.length > 0;) {
      try {
        rest = rest.subarray(write(rest))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          torn ||= rest.length < bytes.length
          throw error
        }
        Atomics.wait(moment, 0, 0, FULL_PIPE_MS)
      }
    }
  }
  return (line) => {
    try {
      all(Buffer.from(torn ? `\n${line}` : line))
    } catch {
      lost += 1
      return
    }
    torn = false
    const count = lost
    lost = 0
    if (count > 0) onLost(count)
  }
}
