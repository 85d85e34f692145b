// OAuth2 client credentials, as PKB does them: a token for the customer's endpoint and a token for the Facade are
// different things, and neither is taken in the other's place. It refuses what is expired, unknown or for the other.
import type { Answer, Ask } from './router.ts'
import { asJson, outcome, tokenError } from './outcome.ts'
import { readText } from './text.ts'

export const CLIENT = { id: 'openletter', secret: 'sandbox', organisation: '00000000-0000-4000-8000-000000000001' } as const
export const DEFAULT_EXPIRES_IN_SECS = 600

export type Endpoint = 'customer' | 'facade'

export type Tokens = {
  issue(endpoint: Endpoint): (ask: Ask) => Promise<Answer>
  /** Undefined if the request may go on; else the answer that stops it. */
  refuse(endpoint: Endpoint, ask: Ask): Answer | undefined
  expireIn(secs: number): void
  expiresInSecs(): number
  revokeAll(): void
}

export const basicCredentials = (header: string | undefined): readonly [string, string] | undefined => {
  const encoded = /^basic\s+(\S+)$/i.exec(header ?? '')?.[1]
  if (!encoded) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

export const tokenStore = (now: () => Date, newId: () => string): Tokens => {
  let secs = DEFAULT_EXPIRES_IN_SECS
  const live = new Map<string, { readonly endpoint: Endpoint; readonly until: number }>()

  const forgetExpired = (): void => {
    for (const [token, { until }] of live) if (until <= now().getTime()) live.delete(token)
  }

  return {
    issue: (endpoint) => async (ask) => {
      const text = await readText(ask.body, 64 * 1024)
      const form = new URLSearchParams(text ?? '')
      const id = form.get('client_id')
      const secret = form.get('client_secret')
      const given = basicCredentials(ask.headers.authorization) ?? (id && secret ? [id, secret] : undefined)
      if (!given) return tokenError(401, 'unauthorized', 'Full authentication is required to access this resource')
      if (given[0] !== CLIENT.id || given[1] !== CLIENT.secret) return tokenError(401, 'unauthorized', 'Bad credentials')
      if (form.get('grant_type') !== 'client_credentials') return tokenError(400, 'unsupported_grant_type', 'Only client_credentials')
      forgetExpired()
      const token = newId()
      live.set(token, { endpoint, until: now().getTime() + secs * 1000 })
      return asJson(200, { access_token: token, token_type: 'bearer', expires_in: secs, scope: 'none', jti: newId() })
    },
    refuse: (endpoint, ask) => {
      const token = /^bearer\s+(\S+)$/i.exec(ask.headers.authorization ?? '')?.[1]
      const found = token === undefined ? undefined : live.get(token)
      if (!found || found.endpoint !== endpoint || found.until <= now().getTime()) {
        const challenge = token === undefined ? 'Bearer realm="sandbox"' : 'Bearer realm="sandbox", error="invalid_token"'
        const says = token === undefined ? 'A bearer token is needed.' : 'The token is unknown, expired or for another endpoint.'
        return outcome(401, says, { headers: { 'WWW-Authenticate': challenge } })
      }
      if (ask.headers['x-org-public-id'] !== CLIENT.organisation) return outcome(403, 'X-Org-Public-Id does not name an organisation of this client.')
      return undefined
    },
    expireIn: (wanted) => { secs = wanted },
    expiresInSecs: () => secs,
    revokeAll: () => live.clear(),
  }
}
