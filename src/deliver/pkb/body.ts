// A DocumentReference as a stream of JSON with the document's bytes in it as base64, so that 50 MB are never held.
// It refuses resources that bring data of their own: the content store is the only source of bytes.
import type { DocumentReference } from '@medplum/fhirtypes'
import { Failure } from '../../errors.ts'
import { base64Between, base64Bytes } from './base64.ts'

export type Body = { readonly bytes: number; stream(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> }

/** `size`: bytes of the document. `bytes` of the answer is the Content-Length. */
export const bodyOf = (resource: DocumentReference, size: number): Body => {
  const { content, ...rest } = resource
  const [entry] = content ?? []
  if (!entry || content.length !== 1 || entry.attachment.data !== undefined) throw new Failure('INTERNAL', 'The resource has not exactly one attachment without data.')
  const { attachment, ...besides } = entry
  const head = Buffer.from(
    `${JSON.stringify(rest).slice(0, -1)},"content":[{${Object.entries(besides).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`).join('')}` +
    `"attachment":{${JSON.stringify(attachment).slice(1, -1)},"data":"`,
  )
  const tail = Buffer.from('"}}]}')
  return { bytes: head.length + base64Bytes(size) + tail.length, stream: (bytes) => base64Between(head, bytes, tail) }
}
