// What the HTTP feed says back: what became of an upload, or an RFC 9457 problem. It refuses patient data in either,
// and to cut off a sender that is still sending before the answer could arrive.
import type { Request, Response } from 'express'
import { problem } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Accepted } from '../../ledger/ledger.ts'

/** How much is still read, and for how long, from a sender that has been refused already. */
const DRAIN_BYTES = 64 * 1024 * 1024
const DRAIN_MS = 10_000

type Headers = Readonly<Record<string, string>>

/** Fields beyond the fixed ones appear only where they say something. */
const acceptedBody = (accepted: Exclude<Accepted, { kind: 'refused' }>) => {
  const { id, revision, state, decision, bearing } = accepted
  const { route, rule, because, labels, policy, wouldRoute, wouldRule } = decision
  return {
    id,
    revision,
    state,
    ...(bearing === 'in-order' ? {} : { bearing }),
    decision: { route, rule, because, labels, policy, ...(wouldRoute ? { wouldRoute } : {}), ...(wouldRule ? { wouldRule } : {}) },
  }
}

export const answerAccepted = (res: Response, accepted: Exclude<Accepted, { kind: 'refused' }>): void => {
  res
    .status(accepted.kind === 'stored' ? 201 : 200)
    .set({ Location: `/api/documents/${accepted.id}`, 'Cache-Control': 'no-store' })
    .json(acceptedBody(accepted))
}

/** Reads on and throws away until the sender has finished, gone, or sent too much for too long. */
const drain = (req: Request): Promise<void> =>
  new Promise((resolve) => {
    let bytes = 0
    const done = (): void => {
      clearTimeout(timer)
      req.off('data', count).off('end', done).off('close', done).off('error', done)
      resolve()
    }
    const count = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > DRAIN_BYTES) done()
    }
    const timer = setTimeout(done, DRAIN_MS)
    req.on('data', count).once('end', done).once('close', done).once('error', done)
    if (req.readableEnded || req.destroyed) done()
    else req.resume()
  })

/** Whether the request has a body of which something may be to come. */
const stillSending = (req: Request): boolean =>
  !req.readableEnded && (req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0)

/**
 * Answers with a problem. If the sender is still sending, the whole answer goes out first, the rest is read for a
 * while, and only then is the connection closed: closing at once would reset it, and the answer would be lost.
 */
export const answerProblem = async (req: Request, res: Response, code: ErrorCode, detail: string, headers: Headers = {}): Promise<void> => {
  const body = problem(code, detail)
  const bytes = Buffer.from(JSON.stringify(body))
  res.status(body.status).set({ ...headers, 'Content-Type': 'application/problem+json', 'Content-Length': String(bytes.length), 'Cache-Control': 'no-store' })
  if (req.method === 'HEAD' || !stillSending(req)) {
    res.end(bytes)
    return
  }
  res.set('Connection', 'close')
  res.write(bytes)
  await drain(req)
  res.end()
}
