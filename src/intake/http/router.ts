// The HTTP feed: `POST /feeds/<name>/documents`. It streams the file of an upload into the content store, makes a
// receipt of the metadata, has it taken, and answers when everything is durable. It refuses to answer 2xx before that,
// to read anything of a sender without the feed's token, and to look at what a document says.
import { createHash, timingSafeEqual } from 'node:crypto'
import express from 'express'
import type { Request, Response, Router } from 'express'
import { Failure, asFailure } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { HttpFeed } from '../../policy/schema.ts'
import type { Receipt } from '../../types.ts'
import { haltedFailure, type FeedParts, type Take } from '../take.ts'
import { answerAccepted, answerProblem } from './answer.ts'
import { METADATA_BYTES } from './body.ts'
import type { BodyReader, Upload } from './body.ts'
import { jsonReader } from './json-body.ts'
import { multipartReader } from './multipart.ts'

export type HttpFeedParts = FeedParts & { readonly feed: HttpFeed }

const MB = 1024 * 1024
const SKELETON_BYTES = 64 * 1024
/** Headers and ignored parts of a multipart body, beyond the file and the metadata. */
const SLACK_BYTES = MB
const RETRY_LATER = { 'Retry-After': '5' }
const FORMS = { 'Accept-Post': 'multipart/form-data, application/json', 'Accept-Encoding': 'identity' }

/** The sender went away in the middle: nobody is there to be answered. */
class Gone extends Error {}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Compares digests, so that neither length nor content of the token shows in the time it takes. */
const authorised = (header: string | undefined, token: Buffer): boolean => {
  const given = /^bearer +(\S+) *$/iu.exec(header ?? '')?.[1]
  return timingSafeEqual(digest(given ?? ''), token) && given !== undefined
}

const formOf = (req: Request): 'json' | 'multipart' => {
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new Failure('TYPE_UNSUPPORTED', 'The body is compressed; send it as it is, without Content-Encoding.')
  }
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';').map((part) => part.trim())
  if (type === 'multipart/form-data') return 'multipart'
  if (type !== 'application/json') throw new Failure('TYPE_UNSUPPORTED', 'The Content-Type is another one, or missing.')
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-?8"?$/u.test(charset)) throw new Failure('TYPE_UNSUPPORTED', 'JSON comes in UTF-8 and no other charset.')
  return 'json'
}

/** Hands the body on piece by piece. Leaves the connection open whatever happens: the answer has to go out. */
const pump = async (req: Request, reader: BodyReader, mostBytes: number): Promise<Upload> => {
  let bytes = 0
  const pieces = req.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
  try {
    for (;;) {
      const next = await pieces.next().catch((error: unknown) => { throw new Gone('the sender went away', { cause: error }) })
      if (next.done === true) break
      bytes += next.value.length
      if (bytes > mostBytes) throw new Failure('TOO_LARGE', `The request is larger than ${mostBytes} bytes.`)
      await reader.write(next.value)
    }
  } finally {
    // Lets go of the request: as long as an iterator listens, nobody else can read on.
    await pieces.return?.().catch(() => undefined)
  }
  if (!req.complete) throw new Gone('the sender went away')
  return reader.end()
}

/** As much of a refused message as is kept; PostgreSQL takes no NUL in text. */
const cap = (skeleton: string): string => {
  const bytes = Buffer.from(skeleton.replaceAll('\0', '\uFFFD'))
  if (bytes.length <= SKELETON_BYTES) return bytes.toString('utf8')
  let end = SKELETON_BYTES
  // Not in the middle of a character, which would grow when decoded.
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** Refusals that say nothing about the message: not kept. */
const UNKEPT: readonly ErrorCode[] = ['TYPE_UNSUPPORTED', 'STORE_UNAVAILABLE', 'INTERNAL']

/** Serves its full path: mount it at the root of the application. */
export const httpFeed = ({ name, feed, content, take, reject, say, now, newId, halted }: HttpFeedParts): Router => {
  const token = digest(feed.token)
  const limitBytes = Math.floor(feed.max_document_mb * MB)
  // Base64 in JSON takes up to two characters a byte for line ends and escaped slashes, and a third for its own sake.
  const mostBytes = { json: limitBytes * 3 + METADATA_BYTES + SLACK_BYTES, multipart: limitBytes + METADATA_BYTES + SLACK_BYTES }

  /** Where the server is and what it said is for the log; the sender is told that nothing was kept. */
  const fail = (req: Request, res: Response, failure: Failure, why: Failure = failure): Promise<void> => {
    if (failure.code === 'STORE_UNAVAILABLE' || failure.code === 'INTERNAL') say('part_failed', { part: name, code: failure.code, detail: why.detail })
    const headers = failure.code === 'TYPE_UNSUPPORTED' ? FORMS : failure.status === 503 ? RETRY_LATER : {}
    return answerProblem(req, res, failure.code, failure.detail, headers)
  }

  /** Keeps what was refused before it is answered; if it cannot be kept, the sender is to try again. */
  const keepRefused = async (failure: Failure, skeleton: string): Promise<Failure> => {
    if (UNKEPT.includes(failure.code)) return failure
    try {
      await reject({ feed: name, at: now().toISOString(), code: failure.code, detail: failure.detail, skeleton: cap(skeleton) })
      return failure
    } catch (error) {
      return new Failure('STORE_UNAVAILABLE', 'The message was refused, and the refusal could not be recorded.', { cause: error })
    }
  }

  const receive = async (req: Request, res: Response): Promise<Upload | undefined> => {
    let reader: BodyReader | undefined
    try {
      const form = formOf(req)
      reader = form === 'json' ? jsonReader(content, limitBytes) : multipartReader(req.headers, content, limitBytes)
      return await pump(req, reader, mostBytes[form])
    } catch (error) {
      await reader?.drop().catch((cause: unknown) => say('part_failed', { part: name, code: 'STORE_UNAVAILABLE', detail: asFailure(cause).detail }))
      if (error instanceof Gone) say('connection_closed', { feed: name, why: 'in the middle of an upload' })
      else await fail(req, res, await keepRefused(asFailure(error), reader?.skeleton() ?? ''))
      return undefined
    }
  }

  const serve = async (req: Request, res: Response): Promise<void> => {
    const upload = await receive(req, res)
    if (!upload) return
    const receipt: Receipt = {
      id: newId(),
      feed: name,
      format: 'upload',
      receivedAt: now().toISOString(),
      skeleton: upload.metadata,
      contents: upload.contents,
      ...(upload.fileName === undefined ? {} : { fileName: upload.fileName }),
      ...(upload.declaredType === undefined ? {} : { declaredType: upload.declaredType }),
    }
    let taken: Awaited<ReturnType<Take>>
    try {
      taken = await take(receipt)
    } catch (error) {
      await fail(req, res, new Failure('STORE_UNAVAILABLE', 'Nothing was kept of this upload.', { cause: error }), asFailure(error))
      return
    }
    // `take` has kept it.
    if (taken.kind === 'refused') await fail(req, res, new Failure(taken.code, taken.detail))
    else answerAccepted(res, taken)
  }

  const router = express.Router()
  router.all(`/feeds/${name}/documents`, async (req, res) => {
    if (!authorised(req.headers.authorization, token)) {
      const challenge = req.headers.authorization === undefined ? 'Bearer realm="openletter"' : 'Bearer realm="openletter", error="invalid_token"'
      await answerProblem(req, res, 'TOKEN_MISSING', 'The request has no token, or another one.', { 'WWW-Authenticate': challenge })
    } else if (req.method === 'POST') {
      const failure = haltedFailure(halted)
      if (failure) await fail(req, res, failure)
      else await serve(req, res).catch((error: unknown) => fail(req, res, asFailure(error)))
    } else {
      await answerProblem(req, res, 'METHOD_NOT_ALLOWED', 'Uploads come by POST.', { Allow: 'POST' })
    }
  })
  return router
}
