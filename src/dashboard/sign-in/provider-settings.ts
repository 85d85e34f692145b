// What the settings say of the trust's identity provider. It refuses a half-filled set, and an address without https that is
// not on this machine.
import { Failure } from '../../errors.ts'
import { readSetting, type Environment, type SettingName } from '../../settings.ts'
import type { Role } from '../rights.ts'
import { isLoopback } from '../guard.ts'
import { readRoleMap } from './role-map.ts'

export type ProviderSettings = {
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: string
  /** The claim that holds the roles. */
  readonly claim: string
  readonly roles: readonly (readonly [word: string, role: Role])[]
  readonly redirectUrl: URL
  /** As the pages call it. */
  readonly name: string
}

/** Where the provider sends people back to. */
export const BACK = '/sign-in/provider/back'

const wrong = (why: string): Failure => new Failure('SETTING_INVALID', why)

const needed = (name: SettingName, env: Environment): string => {
  const value = readSetting(name, env)
  if (value === undefined) throw wrong(`${name} is not set, and SIGN_IN is ${readSetting('SIGN_IN', env)}.`)
  return value
}

const address = (name: SettingName, env: Environment): URL => {
  const text = needed(name, env)
  if (!URL.canParse(text)) throw wrong(`${name} is no address.`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) throw wrong(`${name} must begin with https://.`)
  return url
}

/** `password`: whether people can sign in by a password of this engine. Throws SETTING_INVALID. */
export const signInWays = (env: Environment): { readonly password: boolean; readonly provider?: ProviderSettings } => {
  const ways = readSetting('SIGN_IN', env)
  if (ways !== 'local' && ways !== 'oidc' && ways !== 'both') throw wrong('SIGN_IN is local, oidc or both.')
  if (ways === 'local') return { password: true }
  const roles = readRoleMap(needed('OIDC_ROLES', env))
  if (typeof roles === 'string') throw wrong(`OIDC_ROLES: ${roles}`)
  const redirectUrl = address('OIDC_REDIRECT_URL', env)
  if (redirectUrl.pathname !== BACK || redirectUrl.search !== '') throw wrong(`OIDC_REDIRECT_URL must end in ${BACK}.`)
  return {
    password: ways === 'both',
    provider: {
      issuer: address('OIDC_ISSUER', env), clientId: needed('OIDC_CLIENT_ID', env), clientSecret: needed('OIDC_CLIENT_SECRET', env), scopes: readSetting('OIDC_SCOPES', env)!,
      claim: readSetting('OIDC_ROLES_CLAIM', env)!, roles, redirectUrl, name: readSetting('OIDC_NAME', env)!,
    },
  }
}
