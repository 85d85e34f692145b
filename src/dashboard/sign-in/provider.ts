// The trust's identity provider, by OpenID Connect: authorization code with PKCE, state and nonce. It refuses to keep anything
// of what the provider issues: who came, and with which roles, is all that leaves this file.
import * as client from 'openid-client'
import { isLoopback } from '../guard.ts'
import type { Role } from '../rights.ts'
import type { ProviderSettings } from './provider-settings.ts'
import { hasClaim, rolesOfClaims } from './role-map.ts'
import type { OnTheWay } from './sealed.ts'

export type Claimed = { readonly issuer: string; readonly subject: string; readonly userName?: string; readonly name?: string; readonly roles: readonly Role[] }

/** `away`: it does not answer, or not as it should. `cancelled`: the person went back. `refused`: what came back does not hold. */
export type ProviderTrouble = { readonly trouble: 'away' | 'cancelled' | 'refused'; readonly code: string }

export type Provider = {
  readonly settings: ProviderSettings
  /** Where to send somebody, and what to remember of it. */
  begin(): Promise<{ readonly url: string; readonly kept: Omit<OnTheWay, 'to'> } | ProviderTrouble>
  /** `query`: what the provider sent back. */
  end(query: string, kept: OnTheWay): Promise<Claimed | ProviderTrouble>
  /** Where somebody signs out there; undefined: it offers no such place. */
  signOutUrl(backTo: string): Promise<string | undefined | ProviderTrouble>
}

const ANSWER_SECS = 5
/** What a provider says of itself changes seldom; one that is away is not asked by everybody who tries. */
const [KEPT_MS, AWAY_MS] = [60 * 60_000, 5_000]

const codeOf = (error: unknown): string => {
  const { code, error: named } = (error ?? {}) as { readonly code?: unknown; readonly error?: unknown }
  const text = typeof named === 'string' ? named : typeof code === 'string' ? code : 'unknown'
  return /^[\w-]{1,60}$/u.test(text) ? text : 'unknown'
}

/** Nothing came, or from a provider in trouble: nobody can be blamed who signs in. */
const isAway = (error: unknown): boolean => {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown }
  if (error instanceof TypeError || code === 'OAUTH_TIMEOUT' || cause instanceof TypeError) return true
  return cause instanceof Response && cause.status >= 500
}

const troubleOf = (error: unknown): ProviderTrouble => {
  if (error instanceof client.AuthorizationResponseError) return { trouble: error.error === 'access_denied' ? 'cancelled' : ['server_error', 'temporarily_unavailable'].includes(error.error) ? 'away' : 'refused', code: codeOf(error) }
  return { trouble: isAway(error) ? 'away' : 'refused', code: codeOf(error) }
}

export const openProvider = (settings: ProviderSettings, now: () => Date): Provider => {
  const { issuer, clientId, clientSecret, redirectUrl, claim } = settings
  let found: { readonly at: number; readonly configuration: Promise<client.Configuration> } | undefined
  let before: client.Configuration | undefined
  let away: { readonly at: number; readonly error: unknown } | undefined

  const discover = async (): Promise<client.Configuration> => {
    try {
      // Plain http only where the settings allow it: on this machine.
      const execute = issuer.protocol === 'http:' && isLoopback(issuer.hostname) ? [client.allowInsecureRequests] : []
      before = await client.discovery(issuer, clientId, clientSecret, undefined, { execute, timeout: ANSWER_SECS })
      away = undefined
      return before
    } catch (error) {
      found = undefined
      away = { at: now().getTime(), error }
      if (before) return before
      throw error
    }
  }
  const configuration = (): Promise<client.Configuration> => {
    const at = now().getTime()
    if (away && at - away.at < AWAY_MS) return before ? Promise.resolve(before) : Promise.reject(away.error as Error)
    if (!found || at - found.at > KEPT_MS) found = { at, configuration: discover() }
    return found.configuration
  }

  /** Some providers say the roles in the ID token, others only where they are asked for them. */
  const claimsOf = async (config: client.Configuration, tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>) => {
    const claims = tokens.claims()!
    if (hasClaim(claims, claim) || config.serverMetadata().userinfo_endpoint === undefined) return claims
    return { ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims }
  }

  return {
    settings,
    begin: async () => {
      try {
        const config = await configuration()
        const kept = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUrl.href, scope: settings.scopes, state: kept.state, nonce: kept.nonce, code_challenge: await client.calculatePKCECodeChallenge(kept.verifier), code_challenge_method: 'S256',
        })
        return { url: url.href, kept }
      } catch (error) {
        return { trouble: 'away', code: codeOf(error) }
      }
    },
    end: async (query, { state, nonce, verifier }) => {
      try {
        const config = await configuration()
        const back = new URL(redirectUrl)
        back.search = query
        const tokens = await client.authorizationCodeGrant(config, back, { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true })
        const claims = await claimsOf(config, tokens)
        return {
          issuer: claims.iss, subject: claims.sub, roles: rolesOfClaims(claims, claim, settings.roles),
          ...(typeof claims['preferred_username'] === 'string' ? { userName: claims['preferred_username'] } : {}), ...(typeof claims['name'] === 'string' ? { name: claims['name'] } : {}),
        }
      } catch (error) {
        return troubleOf(error)
      }
    },
    signOutUrl: async (backTo) => {
      try {
        const config = await configuration()
        return config.serverMetadata().end_session_endpoint === undefined ? undefined : client.buildEndSessionUrl(config, { post_logout_redirect_uri: backTo }).href
      } catch (error) {
        return { trouble: 'away', code: codeOf(error) }
      }
    },
  }
}
