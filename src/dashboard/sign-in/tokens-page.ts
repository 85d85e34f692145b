// Tokens for programs: made for a purpose, with few rights, until a day; shown once and revoked at once. It refuses to give
// a program what only a person may do, and to show a token again.
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import { Failure } from '../../errors.ts'
import type { Token } from '../../ledger/tokens.ts'
import { bodyOf, json } from '../documents/api.ts'
import type { Wrong } from '../documents/filter.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { holdsTenDigits, TEN_DIGITS_SAYS } from '../ten-digits.ts'
import { RIGHTS_FOR_PROGRAMS, type Right } from '../rights.ts'
import { sha256 } from './cookies.ts'
import { newToken } from './tokens.ts'
import { endOfLondonDay } from '../../decide/london.ts'
import { tokensView } from './tokens-view.ts'
import { show } from '../views.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'now'>
type Asked = { readonly name: string; readonly rights: readonly Right[]; readonly expiresAt: string }
type AskedRead = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

/** What the log calls the holder of API_TOKEN. */
const TAKEN = 'api-token'
const LONGEST_MS = 366 * 86_400_000

const isForProgram = (text: unknown): text is Right => RIGHTS_FOR_PROGRAMS.some((right) => right === text)

const wrongName = (name: unknown): string | undefined => {
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{2,39}$/u.test(name) || name === TAKEN) return 'Use 3 to 40 small letters, digits and hyphens, such as "reporting".'
  return holdsTenDigits(name) ? TEN_DIGITS_SAYS : undefined
}

/** `expires` is the last day on which it is good. */
export const readToken = ({ name, rights, expires }: { readonly [name: string]: unknown }, now: Date): AskedRead => {
  const chosen: readonly unknown[] = rights === undefined || rights === '' ? [] : [rights].flat()
  const expiresAt = typeof expires === 'string' && /^\d{4}-\d{2}-\d{2}$/u.test(expires) ? endOfLondonDay(expires) : undefined
  const left = expiresAt === undefined ? -1 : Date.parse(expiresAt) - now.getTime()
  const isNamed = wrongName(name)
  const wrong: readonly Wrong[] = [
    ...(isNamed === undefined ? [] : [{ parameter: 'name', why: isNamed }]),
    ...(chosen.length > 0 && chosen.every(isForProgram) ? [] : [{ parameter: 'rights', why: `Choose what the program may do: ${RIGHTS_FOR_PROGRAMS.join(', ')}.` }]),
    ...(left > 0 && left <= LONGEST_MS ? [] : [{ parameter: 'expires', why: 'Use a day from today, and at most a year ahead.' }]),
  ]
  if (wrong.length > 0) return { ok: false, wrong }
  return { ok: true, asked: { name: String(name), rights: RIGHTS_FOR_PROGRAMS.filter((right) => chosen.includes(right)), expiresAt: expiresAt! } }
}

type Made = { readonly token: string; readonly made: Token }

const make = async ({ ledger, now }: Parts, asked: Asked, { actor, reason }: Wish): Promise<Made> => {
  const token = newToken()
  const made = await ledger.makeToken({ ...asked, sha256: sha256(token) }, { actor, reason, at: now().toISOString() })
  if (!made) throw new Failure('ALREADY_DONE', 'There is, or was, a token of this name. Each has a name of its own for good, because the log uses it.')
  return { token, made }
}

const revoke = async ({ ledger, now }: Parts, id: unknown, { actor, reason }: Wish): Promise<Token> => {
  const revoked = await ledger.revokeToken(String(id), { actor, reason, at: now().toISOString() })
  if (revoked) return revoked
  throw await notGood(ledger, id)
}

const notGood = async (ledger: Parts['ledger'], id: unknown): Promise<Failure> =>
  (await ledger.tokens()).some((token) => token.id === id) ? new Failure('ALREADY_DONE', 'The token was revoked before.') : new Failure('NOT_FOUND', 'There is no such token.')

export const tokenAddresses = (parts: Parts): readonly Address[] => [...apiTokens(parts), ...pageTokens(parts)]

// ---------------------------------------------------------------- for programs

const tokenShape = z.strictObject({
  id: z.uuid(), name: z.string(), rights: z.array(z.string()), madeAt: z.string(), madeBy: z.string(), expiresAt: z.string(),
  lastUsedAt: z.string().optional(), revokedAt: z.string().optional(), revokedBy: z.string().optional(),
})
const reason = z.string().describe('Why, in 3 to 500 characters.')
const by = z.string().optional().describe('For whom the program asks.')

const apiTokens = (parts: Parts): readonly Address[] => {
  const list: RequestHandler = async (_req, res) => void res.json({ tokens: await parts.ledger.tokens() })
  const makeIt: RequestHandler = async (req, res) => {
    const { name, rights, expires, ...wish } = bodyOf(req)
    const read = readToken({ name, rights, expires }, parts.now())
    if (!read.ok) throw new Failure('QUERY_INVALID', read.wrong.map(({ parameter, why }) => `${parameter}: ${why}`).join(' '))
    const { token, made } = await make(parts, read.asked, wishOfBody(res, wish))
    res.status(201).json({ ...made, token })
  }
  const revokeIt: RequestHandler = async (req, res) => void res.json(await revoke(parts, req.params['id'], wishOfBody(res, bodyOf(req))))
  return [
    { method: 'get', path: '/api/tokens', right: 'people', told: { says: 'The tokens of programs, newest first, without the tokens themselves.', answer: z.strictObject({ tokens: z.array(tokenShape) }) }, handle: [list] },
    {
      method: 'post', path: '/api/tokens', right: 'people', handle: [json, makeIt],
      told: {
        says: 'Makes a token for a program. It is in this answer and nowhere else, ever.', status: 201, answer: tokenShape.extend({ token: z.string() }), errors: ['QUERY_INVALID', 'ALREADY_DONE'],
        body: z.strictObject({ name: z.string(), rights: z.array(z.enum(RIGHTS_FOR_PROGRAMS as [Right, ...Right[]])), expires: z.string().describe('The last day on which it is good, such as 2027-03-31; at most a year ahead.'), reason, by }),
      },
    },
    { method: 'post', path: '/api/tokens/:id/revoke', right: 'people', told: { says: 'Revokes a token, at once and for good.', body: z.strictObject({ reason, by }), answer: tokenShape, errors: ['NOT_FOUND', 'QUERY_INVALID', 'ALREADY_DONE'] }, handle: [json, revokeIt] },
  ]
}

// ---------------------------------------------------------------- for people

const pageTokens = (parts: Parts): readonly Address[] => {
  const showAll = async (res: Response, { given = {}, ...more }: { readonly given?: { readonly [name: string]: unknown }; readonly [name: string]: unknown }): Promise<void> =>
    show(res, 'tokens.njk', { ...tokensView(await parts.ledger.tokens(), given, parts.now()), given, ...more })

  const page: RequestHandler = (req, res) => showAll(res, { message: messageOf(req) })
  const makeIt: RequestHandler = async (req, res) => {
    const { formToken: _formToken, ...given } = req.body as { readonly [name: string]: unknown }
    const [read, wish] = [readToken(given, parts.now()), wishOfForm(res, given)]
    if (!read.ok || !wish.ok) return showAll(res.status(400), { given, ...wrongFields([...(read.ok ? [] : read.wrong), ...(wish.ok ? [] : wish.wrong)]) })
    const { token, made } = await make(parts, read.asked, wish.wish)
    // Not sent elsewhere by a 303, as other forms are: the token would have to be kept somewhere until it is fetched.
    return showAll(res, { made: { token, name: made.name } })
  }
  const revokeIt: RequestHandler = async (req, res) => {
    const { id } = req.params
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    if (!wish.ok && !(await parts.ledger.tokens()).some((token) => token.id === id && token.revokedAt === undefined)) throw await notGood(parts.ledger, id)
    // Each token has a form of its own: its fields are called by its id.
    if (!wish.ok) return showAll(res.status(400), { revoking: id, givenToRevoke: given, ...wrongFields(wish.wrong, `-${String(id)}`) })
    await revoke(parts, id, wish.wish)
    res.redirect(303, '/tokens?message=token-revoked')
  }
  return [
    { method: 'get', path: '/tokens', right: 'people', same: '/api/tokens', handle: [page] },
    { method: 'post', path: '/tokens', right: 'people', handle: [form, ownForms, makeIt] },
    { method: 'post', path: '/tokens/:id/revoke', right: 'people', handle: [form, ownForms, revokeIt] },
  ]
}
