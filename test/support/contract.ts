// Each answer of the API beside what its address says of itself: whoever asks in a test also tests the description. An
// answer of another shape, a code that was not named, and a parameter that was not declared are errors here.
import { addresses } from '../../src/dashboard/dashboard.ts'
import { errorsOf } from '../../src/dashboard/openapi.ts'
import type { Address, DashboardParts } from '../../src/dashboard/parts.ts'
import { problem as problemShape } from '../../src/dashboard/shapes.ts'
import { makeSay } from '../../src/observe/say.ts'

/** Something that takes every question and answers none: what addresses say of themselves does not depend on their parts. */
const nothing: unknown = new Proxy(() => nothing, { get: (_, name) => (name === 'then' || typeof name === 'symbol' ? undefined : nothing), apply: () => nothing })

let all: readonly Address[] | undefined
export const everyAddress = (): readonly Address[] => {
  const { say, metrics } = makeSay({ level: 'silent', write: () => {} })
  return (all ??= addresses(new Proxy({ say, metrics } as unknown as DashboardParts, { get: (target, name) => (Object.hasOwn(target, name) ? (target as unknown as Record<string | symbol, unknown>)[name] : nothing) })))
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/gu, '[^/]+')}/?$`, 'u')
const matching = (method: string, pathname: string): Address | undefined => everyAddress().find((one) => one.method.toUpperCase() === method && patternOf(one.path).test(pathname))

const problemIn = (address: Address | undefined, status: number, body: unknown): string | undefined => {
  const read = problemShape.safeParse(body)
  if (!read.success) return `a problem of another shape: ${read.error.message}`
  if (read.data.status !== status) return `a problem that says ${read.data.status}`
  if (address?.told && !(errorsOf(address) as readonly string[]).includes(read.data.code)) return `${read.data.code}, which it does not name`
  return undefined
}

const successIn = ({ told }: Address, status: number, body: unknown): string | undefined => {
  if (!told) return undefined
  if (status !== (told.status ?? 200)) return `${status}, where it says ${told.status ?? 200}`
  const read = told.answer?.safeParse(body)
  return read?.success === false ? `an answer of another shape: ${read.error.message}` : undefined
}

/** What was asked, of a question that was answered. */
const askedIn = ({ told }: Address, url: URL, init: RequestInit): string | undefined => {
  if (!told) return undefined
  const stray = [...url.searchParams.keys()].filter((name) => !Object.hasOwn(told.query?.shape ?? {}, name))
  if (stray.length > 0) return `${stray.join(', ')}, which it does not declare`
  if (!told.body || typeof init.body !== 'string' || !/json/u.test(new Headers(init.headers).get('content-type') ?? '')) return undefined
  const read = told.body.safeParse(JSON.parse(init.body))
  return read.success ? undefined : `a body of another shape: ${read.error.message}`
}

/** The answer as it came, once it is as it was said to be. */
export const asTold = async (where: string, init: RequestInit, answer: Response): Promise<Response> => {
  const url = new URL(where, 'http://127.0.0.1')
  const method = (init.method ?? 'GET').toUpperCase()
  if (!url.pathname.startsWith('/api/')) return answer
  const address = matching(method, url.pathname)
  const type = answer.headers.get('content-type') ?? ''
  const isProblem = type.startsWith('application/problem+json')
  if (!isProblem && !/^application\/(fhir\+)?json/u.test(type)) return answer
  const body: unknown = await answer.clone().json()
  const wrong = isProblem ? problemIn(address, answer.status, body) : address && (successIn(address, answer.status, body) ?? askedIn(address, url, init))
  if (wrong !== undefined) throw new Error(`${method} ${address?.path ?? url.pathname} answered ${wrong}`)
  return answer
}
