// One-time codes: what somebody types, or opens as a link, who has no password yet. Only the first account's is printed as a
// link too. It refuses to be kept: the ledger gets its hash, and an address that some history keeps is worth nothing after use.
import { randomBytes } from 'node:crypto'
import type { NewCode } from '../../ledger/ledger.ts'
import { sha256 } from './cookies.ts'

/** Without letters that are taken for others. */
const LETTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const [GROUPS, GROUP] = [6, 4]

export const CODE_HOURS = { first: 1, invited: 72, reset: 24 } as const

/** 120 bits, as `K7QX-…`. */
export const newCode = (): string => {
  const letters = [...randomBytes(GROUPS * GROUP)].map((byte) => LETTERS[byte % LETTERS.length]).join('')
  return Array.from({ length: GROUPS }, (_, n) => letters.slice(n * GROUP, (n + 1) * GROUP)).join('-')
}

/** The page that fills in the code; opening it uses up nothing. */
export const linkOf = (base: string, code: string): string => `${base.replace(/\/+$/u, '')}/sign-in/code?code=${code}`

/** However it was typed. */
export const hashOfCode = (given: unknown): string | undefined => {
  const code = typeof given === 'string' ? given.toUpperCase().replaceAll(/[^A-Z0-9]/gu, '') : ''
  return code.length === GROUPS * GROUP ? sha256(code) : undefined
}

export const keptCode = (code: string, hours: number, now: Date): NewCode => ({ sha256: hashOfCode(code)!, until: new Date(now.getTime() + hours * 3_600_000).toISOString() })
