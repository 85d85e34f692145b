// A form with files, read into memory: fields by name, and each file's bytes under the name of its field. It refuses the disk,
// and whatever is more than the page that sends it says.
import busboy from 'busboy'
import type { RequestHandler } from 'express'
import { Failure } from '../errors.ts'

/** What its sender said of a file. */
export type Attached = { readonly bytes: Uint8Array; readonly name?: string; readonly type?: string }
/** What a handler finds in `req.body`, beside the form's token. */
export type FileForm = { readonly fields: { readonly [name: string]: string }; readonly files: { readonly [name: string]: Attached } }

export type FormLimits = {
  readonly files: number
  readonly fields: number
  readonly fileBytes: number
  readonly fieldBytes: number
  /** What is said of a file, and of a field, that is larger. */
  readonly fileTooLarge: string
  readonly fieldTooLarge: string
}

export const fileForm = ({ files: mostFiles, fields: mostFields, fileBytes, fieldBytes, fileTooLarge, fieldTooLarge }: FormLimits): RequestHandler => (req, _res, next) => {
  const done = once(next)
  const fail = (detail: string): void => {
    req.unpipe()
    req.resume()
    done(new Failure('QUERY_INVALID', detail))
  }
  try {
    const fields = new Map<string, string>()
    const files = new Map<string, Attached>()
    const limits = { files: mostFiles, fields: mostFields, parts: mostFiles + mostFields, fileSize: fileBytes, fieldSize: fieldBytes, fieldNameSize: 100 }
    const reader = busboy({ headers: req.headers, defParamCharset: 'utf8', limits })
    reader.on('field', (name, text, { valueTruncated }) => { if (valueTruncated) fail(fieldTooLarge); else fields.set(name, text) })
    reader.on('file', (name, stream, { filename, mimeType }) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('limit', () => fail(fileTooLarge))
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

const once = (next: (error?: unknown) => void): ((error?: unknown) => void) => {
  let told = false
  return (error) => {
    if (told) return
    told = true
    next(error)
  }
}
