// Access tokens by OAuth2 client credentials: kept until shortly before they expire, fetched once however many ask.
// It refuses to write a token or a secret anywhere, and to be asked for a new one in a loop.
import type { Outcome } from '../../types.ts'
import { broken, isRecord, outcomeOf } from './answer.ts'
import type { Connections } from './connections.ts'

export type Credentials = { readonly token_url: string; readonly client_id: string; readonly client_secret: string }

/** No token was given: what that means for the exchange. Nothing of a document was sent. */
export class NoToken extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.detail)
    this.name = 'NoToken'
    this.outcome = outcome
  }
}

export type Tokens = {
  /** The token in force; `refused`: one that a server answered 401 to, so a newer one is needed. Rejects with NoToken. */
  get(signal: AbortSignal, refused?: string): Promise<string>
}

/** A token is not used in its last seconds: it would expire on the way. */
const marginSecs = (expiresIn: number): number => Math.min(30, expiresIn * 0.1)
/** Where the answer does not say. */
const UNSAID_EXPIRY_SECS = 60

type Held = { readonly token: string; readonly until: number }

export const openTokens = (credentials: Credentials, { connections, timeoutSecs, now }: { readonly connections: Connections; readonly timeoutSecs: number; readonly now: () => Date }): Tokens => {
  let held: Held | undefined
  let fetching: Promise<Held> | undefined

  const renew = (): Promise<Held> => {
    // Its own time-out and not the caller's: others wait for the same token.
    fetching ??= fetchToken(credentials, connections, AbortSignal.timeout(timeoutSecs * 1000), now)
      .then((fresh) => (held = fresh))
      .finally(() => { fetching = undefined })
    return fetching
  }

  return {
    get: async (signal, refused) => {
      if (held && held.until > now().getTime() && held.token !== refused) return held.token
      return (await orAborted(renew(), signal)).token
    },
  }
}

const fetchToken = async (credentials: Credentials, connections: Connections, signal: AbortSignal, now: () => Date): Promise<Held> => {
  const asked = { action: 'look', target: 'endpoint' } as const
  const request = new Request(credentials.token_url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${credentials.client_id}:${credentials.client_secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
    },
    body: 'grant_type=client_credentials',
    redirect: 'manual',
    signal,
    ...({ dispatcher: connections.dispatcher } as object),
  })
  let response: Response
  let text: string
  try {
    response = await fetch(request)
    text = await response.text()
  } catch (error) {
    throw new NoToken(named(broken(error, asked, signal)))
  }
  const body = parsed(text)
  const token = isRecord(body) ? body['access_token'] : undefined
  const expiresIn = isRecord(body) ? Number(body['expires_in'] ?? UNSAID_EXPIRY_SECS) : Number.NaN
  if (response.ok && typeof token === 'string' && token !== '' && Number.isFinite(expiresIn)) {
    return { token, until: now().getTime() + (expiresIn - marginSecs(expiresIn)) * 1000 }
  }
  const outcome = outcomeOf({ status: response.status, headers: response.headers, body }, asked, now())
  // Whatever it is that the token endpoint dislikes, no document can mend it.
  throw new NoToken(named(outcome.kind === 'unavailable' ? outcome : { ...outcome, kind: 'forbidden' }))
}

const named = (outcome: Outcome): Outcome => ({ ...outcome, code: `TOKEN_${outcome.code}`, detail: `No access token: ${outcome.detail}` })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

const orAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const timedOut = () => new NoToken(named({ kind: 'unavailable', code: 'TIMEOUT', detail: 'There was no answer in time.' }))
  if (signal.aborted) throw timedOut()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(timedOut())
  signal.addEventListener('abort', stop, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
