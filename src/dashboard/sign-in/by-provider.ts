// Signing in at the trust's identity provider: out to it, and back with who came and which roles they have today. It refuses
// whoever has no role by the trust's map, and tells a person from his email or name: the issuer's own subject counts.
import { createHash } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { Staff } from '../../ledger/ledger.ts'
import { SIGN_IN, type Address, type DashboardParts } from '../parts.ts'
import { addressOf } from './cookies.ts'
import { ownPath, signInAs, type Doors } from './door.ts'
import { readNames, userNameOf } from './names.ts'
import type { Claimed, Provider, ProviderTrouble } from './provider.ts'
import { BACK } from './provider-settings.ts'
import { seal, unseal, WAY_SECS, type OnTheWay } from './sealed.ts'
import { showSignIn } from './sign-in-page.ts'

type Parts = Doors & Pick<DashboardParts, 'provider'> & { readonly ledger: Pick<DashboardParts['ledger'], 'staff' | 'provideStaff' | 'signInRefused'> }

const COOKIE = 'openletter-way'

const cookieOptions = ({ settings: { redirectUrl } }: Provider) => ({ httpOnly: true, sameSite: 'lax', path: '/sign-in/provider', secure: redirectUrl.protocol === 'https:' }) as const

const carried = (req: Request, { settings }: Provider, now: Date): OnTheWay | undefined => {
  const values = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim()).filter((pair) => pair.startsWith(`${COOKIE}=`)).map((pair) => pair.slice(COOKIE.length + 1))
  return values.length === 1 ? unseal(values[0]!, settings.clientSecret, now) : undefined
}

const TROUBLE = {
  away: { status: 503, says: (name: string) => `You cannot sign in with ${name} at the moment: it does not answer. Try again in a few minutes.` },
  cancelled: { status: 400, says: (name: string) => `You did not sign in with ${name}.` },
  refused: { status: 400, says: (name: string) => `Signing in with ${name} did not work. Begin again; if it happens twice, tell whoever looks after this engine.` },
} as const satisfies Record<ProviderTrouble['trouble'], { readonly status: number; readonly says: (name: string) => string }>

const shortHash = ({ issuer, subject }: Claimed): string => createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 10)

/** What the log and the pages call somebody new: as the provider does, where that can be, else by a part of a hash. */
const namesOf = (claimed: Claimed): { readonly userName: string; readonly name: string } => {
  const userName = userNameOf(claimed.userName)
  const usable = readNames({ userName, name: 'x' }).ok ? userName : `oidc-${shortHash(claimed)}`
  const name = claimed.name ?? claimed.userName ?? ''
  return { userName: usable, name: readNames({ userName: 'xx', name }).ok ? name.trim() : usable }
}

const provide = async ({ ledger }: Parts, claimed: Claimed, at: string): Promise<Staff | 'taken' | 'disabled'> => {
  const { userName, name } = namesOf(claimed)
  const given = { issuer: claimed.issuer, subject: claimed.subject, name, roles: claimed.roles, at }
  const staff = await ledger.provideStaff({ ...given, userName })
  // Somebody else has the name: the identity is the issuer's subject, so this is another person.
  return staff === 'taken' ? ledger.provideStaff({ ...given, userName: `oidc-${shortHash(claimed)}` }) : staff
}

export const providerAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, now, say, provider, signIn = SIGN_IN } = parts
  const there = (): Provider => {
    if (!provider) throw new Failure('NOT_FOUND', 'People do not sign in by an identity provider here.')
    return provider
  }

  const onlyWithOne: RequestHandler = (_req, res, next) => (provider ? next() : res.redirect(303, '/sign-in'))

  const refuse = (req: Request, res: Response, status: number, text: string, to?: string): Promise<void> =>
    showSignIn(parts, req, res.status(status), { to: to ?? '/', wrong: [{ href: '#provider', text }] })
  const inTrouble = (req: Request, res: Response, { trouble, code }: ProviderTrouble, to?: string): Promise<void> => {
    say(trouble === 'away' ? 'provider_away' : 'sign_in_refused', trouble === 'away' ? { code } : { why: `provider-${trouble}` })
    return refuse(req, res, TROUBLE[trouble].status, TROUBLE[trouble].says(there().settings.name), to)
  }

  const out: RequestHandler = async (req, res) => {
    const [at, to] = [there(), ownPath(req.query['to'])]
    const begun = await at.begin()
    if ('trouble' in begun) return inTrouble(req, res, begun, to)
    res.cookie(COOKIE, seal({ ...begun.kept, to }, at.settings.clientSecret, now()), { ...cookieOptions(at), maxAge: WAY_SECS * 1000 })
    res.setHeader('Cache-Control', 'no-store')
    res.redirect(303, begun.url)
  }

  const back: RequestHandler = async (req, res) => {
    const at = there()
    const way = carried(req, at, now())
    // Good for one way back, whatever comes of it.
    res.clearCookie(COOKIE, cookieOptions(at))
    res.setHeader('Cache-Control', 'no-store')
    if (!way) return inTrouble(req, res, { trouble: 'refused', code: 'way' })
    const query = req.originalUrl.indexOf('?')
    const claimed = await at.end(query < 0 ? '' : req.originalUrl.slice(query), way)
    if ('trouble' in claimed) return inTrouble(req, res, claimed, way.to)
    await enter(req, res, claimed, way.to)
  }

  const enter = async (req: Request, res: Response, claimed: Claimed, to: string): Promise<void> => {
    const { name } = there().settings
    const known = (await ledger.staff()).find(({ origin }) => origin.kind === 'oidc' && origin.issuer === claimed.issuer && origin.subject === claimed.subject)
    // Of somebody who never had a role no account is made; of somebody who has none any more every session ends.
    const staff = claimed.roles.length === 0 && !known ? undefined : await provide(parts, claimed, now().toISOString())
    if (staff && typeof staff === 'object' && claimed.roles.length > 0 && (await signInAs(parts, req, res, staff, 'oidc'))) return res.redirect(303, to)
    const isDisabled = staff === 'disabled' || known?.disabledAt !== undefined
    await ledger.signInRefused({ ...(known ? { userName: known.userName } : {}), why: isDisabled ? 'disabled' : claimed.roles.length === 0 ? 'no-role' : 'name', address: addressOf(req, signIn) }, now().toISOString())
    say('sign_in_refused', { why: isDisabled ? 'disabled' : 'no-role' })
    await refuse(req, res, 403, isDisabled
      ? 'Your account in Openletter is disabled. An administrator of Openletter can enable it.'
      : `You are signed in with ${name}, and it gives you no role in Openletter. Ask whoever looks after accounts at your trust for one.`)
  }

  const signOutThere: RequestHandler = async (req, res) => {
    const at = there()
    const url = await at.signOutUrl(new URL('/sign-in', at.settings.redirectUrl).href)
    if (typeof url === 'object') return inTrouble(req, res, url)
    if (url === undefined) return refuse(req, res, 404, `${at.settings.name}: it offers no way to sign out from here. Close the browser, or sign out there.`)
    res.redirect(303, url)
  }

  return [
    { method: 'get', path: '/sign-in/provider', right: 'open', handle: [onlyWithOne, out] },
    { method: 'get', path: BACK, right: 'open', handle: [onlyWithOne, back] },
    { method: 'get', path: '/sign-in/provider/sign-out', right: 'open', handle: [onlyWithOne, signOutThere] },
  ]
}
