// A message that somebody tries: read as its feed would read it, planned as for a document that was not seen before, and
// forgotten. It refuses the ledger, the log, the disk and every address: there is nothing here that could reach them.
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sample, TryAsked, TryDesk } from '../dashboard/channels/channel-parts.ts'
import type { Attached } from '../dashboard/file-form.ts'
import { Failure } from '../errors.ts'
import { readMessage, readMessageBytes, readUpload, readUploadBytes, type FileParts } from '../intake/read-file.ts'
import { measuredContent } from '../ledger/content-measured.ts'
import { FILE_PLACE } from '../policy/lint/tests.ts'
import { firstPrior } from '../policy/test/run.ts'
import { readSetting, type Environment } from '../settings.ts'
import type { Receipt, Refusal } from '../types.ts'
import { reasonsFor, refusedWith } from './explanation.ts'
import type { InForce } from './in-force.ts'

export type TryParts = { readonly inForce: () => Pick<InForce, 'policy' | 'files'>; readonly env: Environment; readonly now: () => Date }

export const tryDesk = ({ inForce, env, now }: TryParts): TryDesk => {
  const samples = samplesIn(env)
  return {
    samples: async () => (await samples.names()).flatMap((name): readonly Sample[] => (extname(name) === '.hl7' ? [{ name, type: 'mllp' }] : extname(name) === '.json' ? [{ name, type: 'upload' }] : [])),
    sample: async (name) => (['.hl7', '.json'].includes(extname(name)) ? (await samples.read(name))?.toString('utf8').replaceAll(/\r\n?/gu, '\n') : undefined),
    try: async (asked) => {
      const { policy, files } = inForce()
      const settings = Object.hasOwn(policy.feeds, asked.feed) ? policy.feeds[asked.feed] : undefined
      if (!settings) throw new Failure('QUERY_INVALID', `feed: There are ${Object.keys(policy.feeds).join(', ')}.`)
      const receipt = await read(asked, { feed: asked.feed, settings, content: measuredContent(), now, newId: randomUUID }, samples)
      const about = { feed: asked.feed, policy: policy.hash }
      return 'skeleton' in receipt ? { ...about, ...reasonsFor({ receipt, policy, files, person: asked.person, prior: firstPrior(receipt) }) } : { ...about, refused: refusedWith(receipt) }
    },
  }
}

const read = async ({ message, document }: TryAsked, parts: FileParts, samples: Samples): Promise<Receipt | Refusal> => {
  const bytes = 'bytes' in message ? Buffer.from(message.bytes) : 'sample' in message ? await samples.read(message.sample) : Buffer.from(message.text)
  if (!bytes) throw new Failure('QUERY_INVALID', 'sample: There is none of this name.')
  if (parts.settings.type !== 'mllp') return readJson(bytes, document, parts, samples)
  if (document && !bytes.includes(FILE_PLACE)) throw new Failure('QUERY_INVALID', `document: The message has no ${FILE_PLACE}: put it where the document belongs.`)
  // Pasted, a line is a segment. In a file each byte counts, unless the document has a place in it.
  const attached = document && { place: FILE_PLACE, bytes: Buffer.from(document.bytes) }
  return 'text' in message || attached ? readMessage(bytes.toString('utf8'), attached, parts) : readMessageBytes(bytes, parts)
}

/** An upload whole, as the feed takes it; its metadata alone; or, as in samples/, metadata with the name of a file beside it. */
const readJson = async (bytes: Buffer, document: Attached | undefined, parts: FileParts, samples: Samples): Promise<Receipt | Refusal> => {
  const said = objectIn(bytes)
  const beside = typeof said?.['file'] === 'string' ? said['file'] : undefined
  const file = document ?? (beside === undefined ? undefined : await samples.document(beside))
  const isWhole = said !== undefined && 'metadata' in said
  // Whatever cannot be read, or holds its own file, is the feed's to judge.
  if (!said || (isWhole && beside === undefined && !document)) return readUploadBytes(bytes, parts)
  const named = { ...(file?.name ? { fileName: file.name } : {}), ...(file?.type ? { declaredType: file.type } : {}) }
  if (isWhole) return readUpload({ metadata: said['metadata'], ...named }, file && Buffer.from(file.bytes), parts)
  // Character for character: what its feed would refuse, such as a key that stands twice, parsing would hide.
  const content = file && { data: Buffer.from(file.bytes).toString('base64'), ...(file.name ? { fileName: file.name } : {}), ...(file.type ? { contentType: file.type } : {}) }
  return readUploadBytes(Buffer.concat([Buffer.from('{"metadata":'), bytes, Buffer.from(content ? `,"content":${JSON.stringify(content)}}` : '}')]), parts)
}

const objectIn = (bytes: Buffer): { readonly [key: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    // What is nested too deep to be written again, the feed judges.
    JSON.stringify(value)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: unknown }) : undefined
  } catch {
    return undefined
  }
}

// ---------------------------------------------------------------- samples

type Samples = { names(): Promise<readonly string[]>; read(name: string): Promise<Buffer | undefined>; document(name: string): Promise<Attached | undefined> }

/** Those of the project, else those that came with the program. Only names that are in the list are opened. */
const samplesIn = (env: Environment): Samples => {
  const roots = [dirname(resolve(readSetting('CHANNELS_DIR', env)!)), fileURLToPath(new URL('../..', import.meta.url))].map((root) => join(root, 'samples'))
  const listed = async (): Promise<{ readonly root: string; readonly names: readonly string[] }> => {
    for (const root of roots) {
      const names = await readdir(root).catch(() => [])
      if (names.length > 0) return { root, names: names.sort() }
    }
    return { root: '', names: [] }
  }
  const readOne = async (name: string): Promise<Buffer | undefined> => {
    const { root, names } = await listed()
    return names.includes(name) && basename(name) === name ? readFile(join(root, name)) : undefined
  }
  return {
    names: async () => (await listed()).names,
    read: readOne,
    document: async (name) => {
      const bytes = ['.hl7', '.json', '.md'].includes(extname(name)) ? undefined : await readOne(name)
      return bytes && { bytes, name }
    },
  }
}
