// The way from a page to the same data as JSON, in its foot. It refuses to offer an address that the visitor may not ask,
// and parameters that the address does not take.
import type { RequestHandler } from 'express'
import type { Address } from './parts.ts'
import { may } from './visitor.ts'
import type { Frame } from './views.ts'

/** For a page that names its twin: behind the guard, before the page. */
export const linkToJson = (page: Address, all: readonly Address[]): readonly RequestHandler[] => {
  const twin = all.find(({ method, path }) => method === 'get' && path === page.same)
  if (!twin) return []
  const taken = Object.keys(twin.told?.query?.shape ?? {})
  return [(req, res, next) => {
    const frame = res.locals['frame'] as Frame
    if (twin.right === 'open' || twin.right === 'signed-in' || may(res, twin.right)) res.locals['frame'] = { ...frame, asJson: addressOf(twin.path, req.params, req.query, taken) } satisfies Frame
    next()
  }]
}

const addressOf = (path: string, params: { readonly [name: string]: unknown }, query: { readonly [name: string]: unknown }, taken: readonly string[]): string => {
  const asked = new URLSearchParams(taken.flatMap((name) => [query[name] ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== '').map((one): [string, string] => [name, one])))
  const place = path.replaceAll(/:(\w+)/gu, (_, name: string) => encodeURIComponent(String(params[name])))
  return asked.size === 0 ? place : `${place}?${asked}`
}
