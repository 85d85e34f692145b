// What the ledger tells of those who may sign in: staff, their sessions, one-time codes, and how often somebody has tried.
// Types only; `ledger.ts` hands them on. It refuses to keep what opens a door: of passwords, cookies and codes only hashes come in.

/** A person who may sign in. Never removed: the log names people by `userName`. */
export type Staff = {
  readonly id: string
  /** Lower case, once, for good: what the log says. */
  readonly userName: string
  readonly name: string
  /** As they were given; a word that is no role gives no right. */
  readonly roles: readonly string[]
  /** Where they show who they are: by a password here, or at the trust's identity provider. */
  readonly origin: { readonly kind: 'local' } | { readonly kind: 'oidc'; readonly issuer: string; readonly subject: string }
  readonly disabledAt?: string
  /** Of a local account: whether it has a password. One that was invited or reset has none until its code is used. */
  readonly hasPassword: boolean
  readonly madeAt: string
  readonly seenAt?: string
}

/** Who does something to an account, and why. */
export type StaffBy = { readonly actor: string; readonly reason: string; readonly at: string }

/** A one-time code, by its hash; `until` is the first moment at which it opens nothing. */
export type NewCode = { readonly sha256: string; readonly until: string }

/** What a code is good for: to make the first account, or to give this account a password. */
export type CodeUse = { readonly kind: 'first' } | { readonly kind: 'password'; readonly staff: Staff }

/** A session, or a browser that has signed in before, by the hash of what its cookie holds. */
export type NewSession = {
  readonly staffId: string
  readonly tokenSha256: string
  /** In each form of the session. */
  readonly formToken: string
  /** Its end, whatever happens. */
  readonly until: string
  /** As the log says how: `password`, `oidc`, `code`. */
  readonly how: string
  /** The password that was right; if it is another by now, there is no session. */
  readonly passwordHash?: string
  /** Ended in the same step: the session that the browser came with. */
  readonly insteadOf?: string
  /** So that strangers who guess at this name do not keep its owner out. */
  readonly browser?: { readonly sha256: string; readonly until: string }
}

export type Session = {
  readonly id: string
  readonly madeAt: string
  readonly seenAt: string
  readonly until: string
  readonly how: string
}
export type LiveSession = Session & { readonly staff: Staff; readonly formToken: string }

/** At an identity provider somebody has shown who they are, and the provider's claims gave these roles. */
export type Provided = { readonly issuer: string; readonly subject: string; readonly userName: string; readonly name: string; readonly roles: readonly string[]; readonly at: string }

/** One count of tries: `burst` at once, then one in `everySecs`. Processes count together. */
export type Tries = { readonly key: string; readonly burst: number; readonly everySecs: number }

export type Staffing = {
  /** By user name. */
  staff(): Promise<readonly Staff[]>
  staffNamed(userName: string): Promise<(Staff & { readonly passwordHash?: string }) | undefined>
  /** An account without a password, and a code to give it one. `taken`: the user name is somebody's already. */
  inviteStaff(given: Pick<Staff, 'userName' | 'name' | 'roles'>, code: NewCode, by: StaffBy): Promise<Staff | 'taken'>
  /** No password from now on, all sessions end, and a code to give it a new one. `not-local`: it has none here. */
  resetStaff(staffId: string, code: NewCode, by: StaffBy): Promise<Staff | 'not-local' | undefined>
  /** Ends all sessions. `last-admin`: nobody else could say who may come in. */
  changeRoles(staffId: string, roles: readonly string[], by: StaffBy): Promise<Staff | 'last-admin' | undefined>
  /** The same. */
  disableStaff(staffId: string, by: StaffBy): Promise<Staff | 'last-admin' | undefined>
  enableStaff(staffId: string, by: StaffBy): Promise<Staff | undefined>
  /** Ends all sessions. */
  changePassword(staffId: string, passwordHash: string, at: string): Promise<void>
  /**
   * Finds or makes the account of who came from an identity provider; its name and roles are those of the claims, and
   * sessions end where the roles are others than before. `taken`: the user name is another account's.
   */
  provideStaff(given: Provided): Promise<Staff | 'taken' | 'disabled'>

  /** Keeps a code for the first account; false where there is an account already. */
  firstCode(code: NewCode, at: string): Promise<boolean>
  /** What a code is good for at this moment; undefined: nothing. */
  codeUse(sha256: string, at: string): Promise<CodeUse | undefined>
  /** Makes the first account, an administrator's. Undefined: the code opens nothing any more. `taken`: somebody from the identity provider has the user name. */
  useFirstCode(sha256: string, given: Pick<Staff, 'userName' | 'name'> & { readonly passwordHash: string }, at: string): Promise<Staff | 'taken' | undefined>
  usePasswordCode(sha256: string, passwordHash: string, at: string): Promise<Staff | undefined>
}

export type Sessions = {
  /** `undefined`: the account is disabled, or its password has changed meanwhile. */
  startSession(session: NewSession, at: string): Promise<LiveSession | undefined>
  /** Whose cookie this is; undefined where it ended, was not used for `idleSecs`, or the account is disabled. Counts as a use. */
  session(tokenSha256: string, at: string, idleSecs: number, /** Asked by a page itself: that is no use of the session. */ unused?: boolean): Promise<LiveSession | undefined>
  /** Those that are good, newest first. */
  sessionsOf(staffId: string, at: string, idleSecs: number): Promise<readonly Session[]>
  /** One of this person's, or with `except` all others; how many ended. */
  endSessions(of: { readonly staffId: string } & ({ readonly sessionId: string } | { readonly except: string }), actor: string, at: string): Promise<number>
  /** Whether this browser has signed in as this person before. */
  knownBrowser(sha256: string, userName: string, at: string): Promise<boolean>
  /** Counts a try in all of these, or in none; false: one of them is used up. */
  countTry(tries: readonly Tries[], at: string): Promise<boolean>
  /** It was a good one: it does not count. */
  uncountTry(tries: readonly Tries[], at: string): Promise<void>
  /** Writes down that somebody was refused; `userName` only of an account that there is. */
  signInRefused(refused: { readonly userName?: string; readonly why: string; readonly address: string }, at: string): Promise<void>
}
