// One-time codes: what somebody types who has no password yet. Handed on as text beside the address and never in one, so
// that no history, proxy or Referer keeps it. It refuses to be kept: the ledger gets its hash.
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

/** However it was typed. */
export const hashOfCode = (given: unknown): string | undefined => {
  const code = typeof given === 'string' ? given.toUpperCase().replaceAll(/[^A-Z0-9]/gu, '') : ''
  return code.length === GROUPS * GROUP ? sha256(code) : undefined
}

export const keptCode = (code: string, hours: number, now: Date): NewCode => ({ sha256: hashOfCode(code)!, until: new Date(now.getTime() + hours * 3_600_000).toISOString() })
