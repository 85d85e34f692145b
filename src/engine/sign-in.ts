// How people and programs are known to the pages, as the settings say, and the code for whoever is first. It refuses to
// make a code where somebody has an account already.
import { CODE_HOURS, keptCode, newCode } from '../dashboard/sign-in/codes.ts'
import { openProvider, type Provider } from '../dashboard/sign-in/provider.ts'
import { signInWays } from '../dashboard/sign-in/provider-settings.ts'
import { byMadeToken } from '../dashboard/sign-in/tokens.ts'
import { bySession, byToken, visitorsBy } from '../dashboard/sign-in/visitors.ts'
import type { SignInSettings } from '../dashboard/parts.ts'
import type { Visitors } from '../dashboard/visitor.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { count, readSetting, type Environment } from '../settings.ts'

export type SignIn = {
  readonly settings: SignInSettings
  readonly visitors: Visitors
  /** The trust's identity provider, if people sign in there. It is first asked when somebody does. */
  readonly provider?: Provider
  /** For the first account, good for an hour; undefined where there is one, or nobody has a password here. Kept by its hash alone. */
  firstCode(): Promise<string | undefined>
}

const signInSettings = (env: Environment): SignInSettings => ({
  behindProxy: readSetting('HTTP_BEHIND_PROXY', env) === 'true', idleSecs: count('SESSION_IDLE_MINUTES', env) * 60, mostSecs: count('SESSION_HOURS', env) * 3600, passwords: signInWays(env).password,
})

export const openSignIn = ({ ledger, env, now }: { readonly ledger: Ledger; readonly env: Environment; readonly now: () => Date }): SignIn => {
  const settings = signInSettings(env)
  const { provider } = signInWays(env)
  const token = readSetting('API_TOKEN', env)
  return {
    settings,
    ...(provider ? { provider: openProvider(provider, now) } : {}),
    visitors: visitorsBy(bySession({ ledger, now, signIn: settings }), ...(token === undefined ? [] : [byToken(token)]), byMadeToken({ ledger, now })),
    firstCode: async () => {
      if (!settings.passwords) return undefined
      const code = newCode()
      return (await ledger.firstCode(keptCode(code, CODE_HOURS.first, now()), now().toISOString())) ? code : undefined
    },
  }
}
