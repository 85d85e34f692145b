// Whether a document that nobody writes to any more looks as if it had come whole. It refuses to judge what it is:
// one that never becomes whole is taken in the end, and is then a fact.
import { reading, type Seen } from './disk.ts'
import { brokenMs, isSettled, type Turn } from './turn.ts'

/** Where a PDF says what it is, and where it ends. */
const MARGIN = 1024

const isWhole = (path: string): Promise<boolean> =>
  reading(path, async (file, { size }) => {
    const part = async (from: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MARGIN), 0, MARGIN, from)
      return buffer.toString('latin1', 0, bytesRead)
    }
    const isPdf = /\.pdf$/iu.test(path) || (await part(0)).includes('%PDF-')
    return !isPdf || (await part(Math.max(0, size - MARGIN))).includes('%%EOF')
  })

/** Settled, and whole or left alone for long. A copy over a slow line stops now and then, and looks settled. */
export const canBeTaken = async (turn: Turn, path: string, seen: Seen): Promise<boolean> =>
  isSettled(turn, path, seen) && ((await isWhole(path)) || isSettled(turn, path, seen, brokenMs(turn)))
