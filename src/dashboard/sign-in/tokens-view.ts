// The tokens in words ready for a view. It refuses to hold a token: the view of one that was just made gets it apart.
import type { Token } from '../../ledger/tokens.ts'
import { isRight, RIGHTS, RIGHTS_FOR_PROGRAMS } from '../rights.ts'
import { londonDay } from '../../decide/london.ts'
import { ageOf, endTime, londonTime } from '../times.ts'

const USUAL_DAYS = 90
/** It should be replaced by then. */
const SOON_MS = 14 * 86_400_000

const stateOf = ({ expiresAt }: Token, now: Date) => {
  const left = Date.parse(expiresAt) - now.getTime()
  return left <= SOON_MS ? { text: 'Expires soon', colour: 'yellow' } : { text: 'Good', colour: 'green' }
}

const isGood = ({ revokedAt, expiresAt }: Token, now: Date): boolean => revokedAt === undefined && expiresAt > now.toISOString()

export const tokensView = (tokens: readonly Token[], given: { readonly [name: string]: unknown }, now: Date) => ({
  rights: RIGHTS_FOR_PROGRAMS.map((right) => ({ value: right, text: right, hint: { text: `${RIGHTS[right]}.` }, checked: [given['rights']].flat().includes(right) })),
  expires: typeof given['expires'] === 'string' ? given['expires'] : londonDay(new Date(now.getTime() + USUAL_DAYS * 86_400_000)),
  good: tokens.filter((token) => isGood(token, now)).map((token) => ({
    id: token.id, name: token.name, state: stateOf(token, now),
    rows: [
      { key: 'May', value: token.rights.filter(isRight).join(', ') },
      { key: 'Good until', value: endTime(token.expiresAt) },
      { key: 'Last used', value: token.lastUsedAt === undefined ? 'Never' : `${londonTime(token.lastUsedAt)} (${ageOf(token.lastUsedAt, now)} ago)` },
      { key: 'Made by', value: `${token.madeBy}, ${londonTime(token.madeAt)}` },
    ],
  })),
  gone: tokens.filter((token) => !isGood(token, now)).map((token) => ({
    name: token.name, madeBy: token.madeBy, lastUsed: token.lastUsedAt === undefined ? 'Never' : londonTime(token.lastUsedAt),
    end: token.revokedAt === undefined ? `Expired ${londonTime(token.expiresAt)}` : `Revoked ${londonTime(token.revokedAt)} by ${token.revokedBy ?? 'nobody known'}`,
  })),
})
