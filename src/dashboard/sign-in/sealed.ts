// What a browser carries from the way out to an identity provider to the way back, so that any process of the engine can
// take it on: sealed, so that nobody else can read, change or make one. It refuses what is too old.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

export type OnTheWay = { readonly state: string; readonly nonce: string; readonly verifier: string; /** Where the visitor wanted to go. */ readonly to: string }

/** Long enough to look for a telephone with a code on it. */
export const WAY_SECS = 15 * 60

type Kept = OnTheWay & { readonly until: number }

const keyOf = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'openletter', 'on the way to the identity provider', 32))

export const seal = (way: OnTheWay, secret: string, now: Date): string => {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), iv)
  const kept: Kept = { ...way, until: now.getTime() + WAY_SECS * 1000 }
  const sealed = Buffer.concat([cipher.update(JSON.stringify(kept), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** Undefined: it is not ours, or too old. */
export const unseal = (text: string, secret: string, now: Date): OnTheWay | undefined => {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < 29) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, 12)).setAuthTag(bytes.subarray(12, 28))
    const { until, ...way } = JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')) as Kept
    return until > now.getTime() ? way : undefined
  } catch {
    return undefined
  }
}
