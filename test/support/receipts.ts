// Receipts for tests of the core: from a sample file, or from text. The files are cut out here in a few lines, so that
// the core is tested without a feed; that a feed cuts out the same is tested with the feeds.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ContentRef, Receipt } from '../../src/types.ts'

export const contentRef = (bytes: Buffer, overrides: Partial<ContentRef> = {}): ContentRef => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sha1: createHash('sha1').update(bytes).digest('base64'),
  size: bytes.length,
  head: bytes.subarray(0, 1024).toString('latin1').replaceAll('\0', '\u2400'),
  tail: bytes.subarray(-1024).toString('latin1').replaceAll('\0', '\u2400'),
  encrypt: bytes.includes('/Encrypt'),
  ...overrides,
})

const about = { id: '00000000-0000-4000-8000-000000000000', receivedAt: '2026-11-20T18:00:00.000Z' }

export const hl7Receipt = (message: string, overrides: Partial<Receipt> = {}): Receipt => {
  const contents: ContentRef[] = []
  const skeleton = message.replace(/(\^Base64\^)([A-Za-z0-9+/=]+)/gu, (_, before: string, data: string) => {
    contents.push(contentRef(Buffer.from(data, 'base64')))
    return `${before}{content:${contents.length - 1}}`
  })
  return { ...about, feed: 'rio-mllp', format: 'hl7-mdm', skeleton, contents, ...overrides }
}

export const uploadReceipt = (metadata: unknown, overrides: Partial<Receipt> = {}): Receipt => ({
  ...about, feed: 'rio-http', format: 'upload', skeleton: typeof metadata === 'string' ? metadata : JSON.stringify(metadata), contents: [], ...overrides,
})

type Body = { readonly metadata: unknown; readonly content?: { readonly contentType: string; readonly data: string } }

/** `name` of a file in samples/. The file's name is also the receipt's id, so that a story's receipts differ. */
export const sampleReceipt = (name: string): Receipt => {
  const bytes = readFileSync(new URL(`../../samples/${name}`, import.meta.url))
  if (name.endsWith('.hl7')) {
    const text = new TextDecoder(bytes.includes('WINDOWS-1252') ? 'windows-1252' : 'utf-8').decode(bytes)
    return hl7Receipt(text, { id: name })
  }
  const { metadata, content } = JSON.parse(bytes.toString()) as Body
  return uploadReceipt(metadata, {
    id: name, ...(content ? { contents: [contentRef(Buffer.from(content.data, 'base64'))], declaredType: content.contentType } : {}),
  })
}
