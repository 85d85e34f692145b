// Who a program is, by a token that an administrator made. It refuses to know the token itself: there are hashes only.
import { randomBytes } from 'node:crypto'
import type { Ledger } from '../../ledger/ledger.ts'
import { isForPrograms, isRight } from '../rights.ts'
import { sha256 } from './cookies.ts'
import { bearerOf, type Way } from './visitors.ts'

/** 256 bits that nobody guesses: its plain hash gives nothing away. */
export const newToken = (): string => `ol_${randomBytes(32).toString('base64url')}`

export const byMadeToken = ({ ledger, now }: { readonly ledger: Pick<Ledger, 'tokenBy'>; readonly now: () => Date }): Way => async (req) => {
  const token = bearerOf(req)
  const found = token === undefined ? undefined : await ledger.tokenBy(sha256(token), now().toISOString())
  // Whatever stands in the database, a program releases nothing. It sends no forms: nobody knows the token of one.
  return found && { kind: 'program', id: found.name, name: found.name, rights: found.rights.filter(isRight).filter(isForPrograms), formToken: randomBytes(18).toString('base64url') }
}
