// A real OpenID provider on a free port of this machine, and a browser without a window that goes through it. Who signs in
// there, and with which claims, a test says.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type AdapterFactory, type AdapterPayload, type Configuration } from 'oidc-provider'

export const CLIENT = { id: 'openletter', secret: 'a-secret-of-the-client-that-is-long-enough' }

export type Person = { readonly sub: string; readonly claims: { readonly [claim: string]: unknown } }

export type TestProvider = {
  readonly issuer: string
  /** Who signs in next; undefined: goes back without. */
  person: Person | undefined
  /** Answers 503 to everything. */
  away: boolean
  /** The nonce of every ID token, whatever was asked for. */
  nonce: string | undefined
  /** What was asked, as method and path. */
  readonly asked: string[]
  close(): Promise<void>
}

/** What it gives out, by its kind and id. A code that was used is marked, so that it is known again. */
const keeps = (kept: Map<string, AdapterPayload>): AdapterFactory => (kind) => ({
  upsert: async (id, payload) => { kept.set(`${kind} ${id}`, payload) },
  find: async (id) => kept.get(`${kind} ${id}`),
  findByUid: async (uid) => [...kept].find(([name, payload]) => name.startsWith(`${kind} `) && payload.uid === uid)?.[1],
  findByUserCode: async () => undefined,
  consume: async (id) => { kept.set(`${kind} ${id}`, { ...kept.get(`${kind} ${id}`), consumed: Math.floor(Date.now() / 1000) }) },
  destroy: async (id) => { kept.delete(`${kind} ${id}`) },
  revokeByGrantId: async (grantId) => { for (const [name, payload] of kept) if (payload.grantId === grantId) kept.delete(name) },
})

/** `inIdToken`: the claims stand in the ID token; else they have to be asked for. */
export const startProvider = async ({ redirectUrl, backTo, inIdToken = false }: { readonly redirectUrl: string; readonly backTo: string; readonly inIdToken?: boolean }): Promise<TestProvider> => {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people = new Map<string, Person>()
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const configuration: Configuration = {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUrl], post_logout_redirect_uris: [backTo], token_endpoint_auth_method: 'client_secret_post' }],
    jwks: { keys: [{ ...key, kid: 'one', use: 'sig' }] } as NonNullable<Configuration['jwks']>,
    cookies: { keys: [randomUUID()] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'roles', 'realm_access', 'email'] },
    conformIdTokenClaims: !inIdToken,
    // Both said, so that it does not warn of its own.
    adapter: keeps(new Map()), ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub)?.claims, sub }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client!.clientId, accountId: ctx.oidc.session!.accountId! })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  }
  const provider = new Provider(issuer, configuration)
  const answer = provider.callback()
  const state: TestProvider = {
    issuer, person: undefined, away: false, nonce: undefined, asked: [],
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections() }),
  }
  server.on('request', (req, res) => {
    const path = req.url ?? '/'
    state.asked.push(`${req.method} ${path.split('?')[0]!.replace(/[^/]{20,}$/u, ':id')}`)
    if (state.away) return void res.writeHead(503).end()
    // Somebody in between changes what was asked: the token is as genuine as it can be.
    if (state.nonce !== undefined && path.startsWith('/auth?')) req.url = path.replace(/nonce=[^&]*/u, `nonce=${state.nonce}`)
    if (state.person) people.set(state.person.sub, state.person)
    if (!path.startsWith('/interaction/')) return void answer(req, res)
    const { person } = state
    void provider.interactionFinished(req, res, person ? { login: { accountId: person.sub, remember: false } } : { error: 'access_denied' })
  })
  return state
}

// ---------------------------------------------------------------- a browser

export type Seen = { readonly status: number; readonly url: string; readonly html: string }

export type Walker = {
  /** Follows every redirection to its end; `stopAt`: not into an address that begins so, whose address is the answer's. */
  open(url: string, options?: { readonly stopAt?: string; readonly init?: RequestInit }): Promise<Seen>
  readonly cookies: Map<string, string>
}

/** Keeps cookies by origin and name, as `origin name`. */
export const aWalker = (cookies = new Map<string, string>()): Walker => {
  const ask = async (url: URL, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].filter(([name]) => name.startsWith(`${url.origin} `)).map(([name, value]) => `${name.split(' ')[1]}=${value}`).join('; ')
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...(init.headers as Record<string, string> | undefined), ...(cookie === '' ? {} : { cookie }) } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(line) ?? []
      if (value === '' || /expires=thu, 01 jan 1970/iu.test(line)) cookies.delete(`${url.origin} ${name}`)
      else cookies.set(`${url.origin} ${name}`, value)
    }
    return answer
  }
  return {
    cookies,
    open: async (first, { stopAt, init } = {}) => {
      let [at, answer] = [new URL(first), await ask(new URL(first), init)]
      for (let steps = 0; steps < 15 && answer.status >= 300 && answer.status < 400; steps += 1) {
        at = new URL(answer.headers.get('location')!, at)
        if (stopAt !== undefined && at.href.startsWith(stopAt)) return { status: answer.status, url: at.href, html: '' }
        answer = await ask(at)
      }
      return { status: answer.status, url: at.href, html: await answer.text() }
    },
  }
}
