// Passwords: what one must be, its hash, and whether one is right. Hashing is slow on purpose, so it goes on beside the
// event loop and few at once. It refuses to be faster for a name that nobody has, and to let a flood of sign-ins pile up.
import { argon2, randomBytes, timingSafeEqual, type Argon2Parameters } from 'node:crypto'
import { promisify } from 'node:util'
import { Failure } from '../../errors.ts'
import { tooCommon } from './common-passwords.ts'

const [SHORTEST, LONGEST] = [12, 200]

/** The same password may be typed as different characters that look alike. */
const asTyped = (password: string): string => password.normalize('NFKC')

/** What is wrong with a new password; undefined: nothing. */
export const wrongPassword = (password: string, userName: string): string | undefined => {
  const text = asTyped(password)
  if ([...text].length < SHORTEST) return `Use at least ${SHORTEST} characters. Three or four words that have nothing to do with each other are good.`
  if (text.length > LONGEST) return `Use no more than ${LONGEST} characters.`
  if (userName.length > 2 && text.toLowerCase().includes(userName)) return 'Do not use your user name in it.'
  return tooCommon(text) ? 'It is among those that are tried first: a common word, a run of keys or digits, or one of these with digits behind. Use words that have nothing to do with each other.' : undefined
}

// ---------------------------------------------------------------- hashes

/** As OWASP advises for argon2id: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
const [SALT_BYTES, HASH_BYTES] = [16, 32]

export type Compute = (parameters: Argon2Parameters) => Promise<Buffer>
const slowly = promisify(argon2)
const argon2id: Compute = (parameters) => inTurn(() => slowly('argon2id', parameters))

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

/** As a PHC string, so that a later version can ask for more and still read it. */
export const hashPassword = async (password: string, compute: Compute = argon2id): Promise<string> => {
  const nonce = randomBytes(SALT_BYTES)
  const hash = await compute({ message: asTyped(password), nonce, tagLength: HASH_BYTES, ...COST })
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(nonce)}$${unpadded(hash)}`
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/u

/** Nobody's: what a password is compared with where there is none. */
const NOBODYS = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(randomBytes(SALT_BYTES))}$${unpadded(randomBytes(HASH_BYTES))}`

/** Takes as long where nothing is stored. */
export const isPassword = async (stored: string | undefined, password: string, compute: Compute = argon2id): Promise<boolean> => {
  const [, memory, passes, parallelism, salt, hash] = PHC.exec(stored ?? NOBODYS) ?? []
  if (salt === undefined || hash === undefined) throw new Failure('INTERNAL', 'A stored password is not a PHC string of argon2id.')
  const expected = Buffer.from(hash, 'base64')
  const computed = await compute({ message: asTyped(password).slice(0, LONGEST), nonce: Buffer.from(salt, 'base64'), tagLength: expected.length, memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) })
  return timingSafeEqual(computed, expected) && stored !== undefined
}

// ---------------------------------------------------------------- few at once

/** Of the four threads that files and names need too. */
const AT_ONCE = 2
const MOST_WAITING = 40

let running = 0
const waiting: (() => void)[] = []

const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
  if (running >= AT_ONCE) {
    if (waiting.length >= MOST_WAITING) throw new Failure('SIGN_IN_BUSY', 'So many passwords are being looked at already that this one was not.')
    // Whoever ends hands its turn on, so nobody can slip in between.
    await new Promise<void>((begin) => { waiting.push(begin) })
  } else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}
