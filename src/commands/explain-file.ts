// A file, or standard input, as the receipt that a feed would have made of it: for a document that was not seen before,
// and a patient whose account nobody knows. It refuses to keep anything: what it cuts out is gone when it ends.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Failure } from '../errors.ts'
import { readUploadFile } from '../intake/read-file.ts'
import { openContent } from '../ledger/content-files.ts'
import type { KeptFiles } from '../policy/files.ts'
import type { Policy } from '../policy/policy.ts'
import { firstPrior } from '../policy/test/run.ts'
import { UNKNOWN_PERSON, type Receipt, type Refusal } from '../types.ts'
import { reasonsFor, refusedWith, type Explanation } from '../engine/explanation.ts'

const STANDARD_INPUT = '-'

/** Whether it is a file, or looks so much like one that it is not looked for in the ledger. */
export const isFile = async (name: string): Promise<boolean> =>
  name === STANDARD_INPUT || ['.hl7', '.json'].includes(extname(name).toLowerCase()) || (await stat(name).then((found) => found.isFile(), () => false))

export type FileAsked = { readonly file: string; readonly feed?: string; readonly policy: Policy; readonly files: KeptFiles; readonly at: Date }

export const explainFile = async (asked: FileAsked): Promise<Pick<Explanation, 'about' | 'reasons' | 'refused'>> => {
  const { policy, files } = asked
  const folder = await mkdtemp(join(tmpdir(), 'openletter-explain-'))
  try {
    const path = asked.file === STANDARD_INPUT ? await received(folder) : asked.file
    const feed = feedFor(path, asked)
    const receipt = await read(path, feed, folder, asked)
    const about = { file: asked.file === STANDARD_INPUT ? 'standard input' : asked.file, feed }
    return { about, ...('skeleton' in receipt ? reasonsFor({ receipt, policy, files, person: UNKNOWN_PERSON, prior: firstPrior(receipt) }) : { refused: refusedWith(receipt) }) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What came in, as a file of the kind that it looks like. A file that an upload names is looked for from here. */
const received = async (folder: string): Promise<string> => {
  const bytes = await buffer(process.stdin)
  const text = bytes.toString('latin1').trimStart()
  const path = join(folder, text.startsWith('{') || text.startsWith('\u00EF\u00BB\u00BF{') ? 'message.json' : 'message.hl7')
  await writeFile(path, fromHere(bytes), { mode: 0o600 })
  return path
}

const fromHere = (bytes: Buffer): Buffer => {
  try {
    const upload = JSON.parse(bytes.toString('utf8')) as { readonly file?: unknown }
    return typeof upload.file === 'string' ? Buffer.from(JSON.stringify({ ...upload, file: resolve(upload.file) })) : bytes
  } catch {
    return bytes
  }
}

const feedFor = (path: string, { feed, policy, file }: FileAsked): string => {
  const feeds = Object.keys(policy.feeds)
  if (feed !== undefined) {
    if (!feeds.includes(feed)) throw new Failure('NOTHING_TO_EXPLAIN', `No channel is a feed called ${feed}: there are ${feeds.join(', ')}.`)
    return feed
  }
  const type = extname(path).toLowerCase() === '.json' ? 'http' : 'mllp'
  const found = feeds.find((name) => policy.feeds[name]?.type === type)
  if (found === undefined) throw new Failure('NOTHING_TO_EXPLAIN', `No channel is a feed of type ${type}, which would take ${file}: name one of ${feeds.join(', ')} with --feed.`)
  return found
}

const read = async (path: string, feed: string, folder: string, { policy, file, at }: FileAsked): Promise<Receipt | Refusal> => {
  try {
    return await readUploadFile(path, { feed, settings: policy.feeds[feed]!, content: await openContent(join(folder, 'content')), now: () => at, newId: randomUUID })
  } catch (error) {
    const { code, path: missing } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new Failure('NOTHING_TO_EXPLAIN', missing === path || missing === undefined ? `There is no file ${file}.` : `${file} names the file ${missing}, which is not there.`)
    if (code === 'EISDIR' || code === 'EACCES') throw new Failure('NOTHING_TO_EXPLAIN', `${file} cannot be read (${code}).`)
    throw error
  }
}
