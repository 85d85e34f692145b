// A form with a file, read into its fields: the file's text stands under the name of its field. It refuses more than one
// file and more than a list of ids needs; nothing is written to a disk, and the name of the file is not looked at.
import busboy from 'busboy'
import type { RequestHandler } from 'express'
import { Failure } from '../errors.ts'
import { MOST_BYTES, textOf } from './assurance/extract.ts'

export const fileForm: RequestHandler = (req, _res, next) => {
  const done = once(next)
  const fail = (detail: string): void => {
    req.unpipe()
    req.resume()
    done(new Failure('QUERY_INVALID', detail))
  }
  try {
    const fields = new Map<string, string>()
    const reader = busboy({ headers: req.headers, limits: { files: 1, fields: 10, parts: 11, fileSize: MOST_BYTES, fieldSize: MOST_BYTES, fieldNameSize: 100 } })
    reader.on('field', (name, text, { valueTruncated }) => { if (valueTruncated) fail('The text is too large.'); else fields.set(name, text) })
    reader.on('file', (name, stream) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('limit', () => fail('The file is too large.'))
      stream.on('error', () => fail('The form cannot be read.'))
      stream.on('end', () => fields.set(name, textOf(Buffer.concat(chunks))))
    })
    reader.on('filesLimit', () => fail('Send one file.'))
    reader.on('error', () => fail('The form cannot be read.'))
    reader.on('close', () => {
      req.body = Object.fromEntries(fields)
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
