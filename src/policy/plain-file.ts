// Reads a plain file, or one that a link leads to. It refuses pipes, sockets and devices, at which reading may wait for
// ever and hold up everything else that reads, and what is larger than it may be.
import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'

type Code = 'EISDIR' | 'NOT_PLAIN' | 'EFBIG'
const wrong = (code: Code): Error => Object.assign(new Error(code), { code })

/** Rejects with a `code`: that of the file system, or NOT_PLAIN, or EFBIG. */
export const readPlain = async (path: string, mostBytes: number): Promise<Buffer> => {
  await refuseUnlessPlain(path, mostBytes)
  // It may have become a pipe just now: then opening it does not wait either. Windows knows neither.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    if (!(await file.stat()).isFile()) throw wrong('NOT_PLAIN')
    const bytes = await file.readFile()
    if (bytes.length > mostBytes) throw wrong('EFBIG')
    return bytes
  } finally {
    await file.close()
  }
}

const refuseUnlessPlain = async (path: string, mostBytes = Infinity): Promise<void> => {
  const found = await stat(path)
  if (found.isDirectory()) throw wrong('EISDIR')
  if (!found.isFile()) throw wrong('NOT_PLAIN')
  if (found.size > mostBytes) throw wrong('EFBIG')
}
