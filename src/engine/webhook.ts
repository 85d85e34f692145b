// Tells a program of the trust by HTTP, signed so that it can see who speaks and when. It refuses to follow a redirect,
// and to read more of an answer than its status.
import { createHmac } from 'node:crypto'

export type Posted = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly retryAfterSecs?: number }
export type Webhook = { post(body: string): Promise<Posted> }

const WITHIN_MS = 20_000
const SIGNATURE_HEADER = 'openletter-signature'

/** `t=1764000000,v1=…`: HMAC SHA-256, in hex, of the time, a dot and the body. Whoever checks it refuses an old time. */
export const signature = (secret: string, seconds: number, body: string): string => `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`

export const openWebhook = ({ url, secret, now, withinMs = WITHIN_MS }: { readonly url: string; readonly secret: string; readonly now: () => Date; readonly withinMs?: number }): Webhook => ({
  post: async (body) => {
    try {
      const response = await fetch(url, {
        method: 'POST', body, redirect: 'manual', signal: AbortSignal.timeout(withinMs),
        headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signature(secret, Math.floor(now().getTime() / 1000), body) },
      })
      await response.body?.cancel()
      const asked = Number(response.headers.get('retry-after'))
      return response.ok ? { ok: true } : { ok: false, code: String(response.status), ...(asked > 0 ? { retryAfterSecs: asked } : {}) }
    } catch (error) {
      return { ok: false, code: codeOf(error) }
    }
  },
})

const codeOf = (error: unknown): string => {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: unknown } }
  if (name === 'TimeoutError') return 'TIMEOUT'
  return typeof cause?.code === 'string' && /^[A-Z_]{1,40}$/u.test(cause.code) ? cause.code : 'CONNECTION_FAILED'
}
