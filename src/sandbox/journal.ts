// What happened, one JSON line each, in a file that only grows: on the disk before anybody is told. Whatever waits
// while one commit runs goes into the next, so that many requests share one wait for the disk. It refuses to go on
// after a write that failed, and to read past a line that is not whole: nobody was told of that one.
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

export type Journal = {
  append(entry: object): void
  /** All that was appended so far is on the disk; rejects once a write has failed. */
  settled(): Promise<void>
  close(): Promise<void>
}

const NEWLINE = 0x0a

export const writeAll = async (file: FileHandle, text: string): Promise<void> => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten
}

/** `before` runs ahead of every commit: what the entries speak of must be on the disk first. */
export const openJournal = async (path: string, before: () => Promise<void>): Promise<Journal> => {
  const file = await open(path, 'a')
  let waiting: string[] = []
  let settled: Promise<void> = Promise.resolve()

  const commit = async (): Promise<void> => {
    const text = waiting.join('')
    waiting = []
    await before()
    await writeAll(file, text)
    await file.datasync()
  }

  return {
    append: (entry) => {
      waiting.push(`${JSON.stringify(entry)}\n`)
      if (waiting.length > 1) return
      settled = settled.then(commit)
      settled.catch(() => undefined) // whoever asks `settled` is told
    },
    settled: () => settled,
    close: async () => {
      await settled.catch(() => undefined)
      await file.close()
    },
  }
}

/** The entries up to the first line that is not whole; undefined stands for that line. */
export const readJournal = async function* (path: string): AsyncGenerator<unknown> {
  let rest: Buffer[] = []
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const entry = parsed(Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8'))
      yield entry
      if (entry === undefined) return
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield undefined
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}
