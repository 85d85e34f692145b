// A content store for what is planned and never sent: it works out what the real one would say of a file, from the
// same code, and refuses to keep a byte of it.
import { Failure } from '../errors.ts'
import type { ContentStore } from './content.ts'
import { makeReader } from './content-files.ts'

export const measuredContent = (): ContentStore => ({
  writer: (limitBytes) => {
    const reader = makeReader()
    let [taken, size] = [0, 0]
    return {
      write: (chunk) => {
        const part = chunk.subarray(0, Math.max(0, limitBytes - taken))
        size += chunk.length
        taken += part.length
        if (part.length > 0) reader.read(part)
      },
      keep: () => Promise.resolve({ ...reader.result(), size, ...(size > limitBytes ? { tooLarge: true } : {}) }),
      drop: () => Promise.resolve(),
    }
  },
  read: (sha256) => Promise.reject(new Failure('CONTENT_MISSING', `The file ${sha256} was measured, and not kept.`)),
  has: () => Promise.resolve(false),
})
