// How often somebody may try: counted by where the try comes from and by the name that it is for. A browser in which the
// owner of that name has signed in before has a count of its own. It refuses to tell whether there is such a name.
import type { Tries } from '../../ledger/ledger.ts'
import { sha256 } from './cookies.ts'

/** Enough for a ward behind one address, and for somebody who has forgotten; after that hundreds a day, not millions. */
const BY_ADDRESS = { burst: 30, everySecs: 20 } as const
const BY_NAME = { burst: 10, everySecs: 90 } as const
const BY_BROWSER = { burst: 10, everySecs: 60 } as const
const BY_SESSION = { burst: 5, everySecs: 60 } as const

/** `browser`: its hash, where it is known for this name. */
export const triesOf = ({ userName, address, browser }: { readonly userName: string; readonly address: string; readonly browser?: string }): readonly Tries[] =>
  browser === undefined ? [{ key: `address ${address}`, ...BY_ADDRESS }, { key: `name ${sha256(userName)}`, ...BY_NAME }] : [{ key: `browser ${browser}`, ...BY_BROWSER }]

export const codeTries = (address: string): readonly Tries[] => [{ key: `code ${address}`, ...BY_ADDRESS }]

/** Of the password that has to be said again by who has signed in. */
export const accountTries = (userName: string): readonly Tries[] => [{ key: `account ${userName}`, ...BY_SESSION }]
