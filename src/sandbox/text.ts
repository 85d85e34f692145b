// Reads a small request body. It refuses to hold more than it was told: past the limit it reads on, keeping nothing.
import type { IncomingMessage } from 'node:http'

/** The body as UTF-8 text; undefined if it is longer than `limitBytes`. */
export const readText = async (body: IncomingMessage, limitBytes: number): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limitBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  return size > limitBytes ? undefined : Buffer.concat(chunks).toString('utf8')
}

/** The body as JSON; undefined if it is none, or longer than `limitBytes`. */
export const readJson = async (body: IncomingMessage, limitBytes: number): Promise<unknown> => {
  try {
    return JSON.parse((await readText(body, limitBytes)) ?? '') as unknown
  } catch {
    return undefined
  }
}
