// The form of a message that is tried, with up to two files held in memory: a message and the document that belongs to
// it. It refuses the disk, and more than a document of a usual size.
import busboy from 'busboy'
import type { RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import type { Attached } from './channel-parts.ts'

export const MOST_MB = 25
const MOST_BYTES = MOST_MB * 1024 * 1024
const FIELD_BYTES = 2 * 1024 * 1024

export type TryFields = { readonly fields: { readonly [name: string]: string }; readonly files: { readonly [name: string]: Attached } }

/** Leaves them in `req.body`, with the form's token where every form has it. */
export const tryForm: RequestHandler = (req, _res, next) => {
  let told = false
  const done = (error?: unknown): void => {
    if (told) return
    told = true
    next(error)
  }
  const fail = (detail: string): void => {
    req.unpipe()
    req.resume()
    done(new Failure('QUERY_INVALID', detail))
  }
  try {
    const fields = new Map<string, string>()
    const files = new Map<string, Attached>()
    const reader = busboy({ headers: req.headers, defParamCharset: 'utf8', limits: { files: 2, fields: 12, parts: 14, fileSize: MOST_BYTES, fieldSize: FIELD_BYTES, fieldNameSize: 100 } })
    reader.on('field', (name, text, { valueTruncated }) => { if (valueTruncated) fail('The message is too large to be pasted: upload it as a file.'); else fields.set(name, text) })
    reader.on('file', (name, stream, { filename, mimeType }) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('limit', () => fail(`The file is larger than ${MOST_MB} MB.`))
      stream.on('error', () => fail('The form cannot be read.'))
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks)
        // A field for a file in which none was chosen comes as an empty one without a name.
        if (bytes.length > 0 || filename) files.set(name, { bytes, ...(filename ? { name: filename } : {}), ...(mimeType ? { type: mimeType } : {}) })
      })
    })
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) reader.on(limit, () => fail('The form has more than this page sends.'))
    reader.on('error', () => fail('The form cannot be read.'))
    reader.on('close', () => {
      const { formToken, ...rest } = Object.fromEntries(fields)
      req.body = { formToken, fields: rest, files: Object.fromEntries(files) }
      done()
    })
    req.on('aborted', () => fail('The form did not come whole.'))
    req.pipe(reader)
  } catch {
    fail('The form cannot be read.')
  }
}
