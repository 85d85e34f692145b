// A PKB to try Openletter against: token endpoint, FHIR endpoint, account query, the records that people would see,
// and a control to make it misbehave. It is not PKB and says so. It refuses to answer before what it was given is
// kept, where it has a directory to keep it in, and to withhold: what is sent here is shown, as PKB would.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { statusQuery } from './accounts.ts'
import { customerCapability, facadeCapability } from './capability.ts'
import { controlRoutes, newWorld } from './control.ts'
import { documentStore } from './documents.ts'
import { stumble } from './faults.ts'
import { fhirRoutes } from './fhir.ts'
import { openKeep } from './keep.ts'
import { outcome } from './outcome.ts'
import { pageRoutes } from './pages.ts'
import type { Handle, Route, Routing } from './router.ts'
import { respond } from './router.ts'
import type { Endpoint } from './tokens.ts'
import { tokenStore } from './tokens.ts'

export { IN_USE } from './lock.ts'

export type SandboxOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly now: () => Date
  /** Makes ids of documents and tokens: never the same twice. */
  readonly newId: () => string
  /** People and documents survive in here, whatever ends this process; faults, tokens and counts never do. */
  readonly dir?: string
}

export type Sandbox = { readonly url: string; readonly port: number; close(): Promise<void> }

/** Counted is what a client of PKB asks for: not the pages, and not the control. */
const COUNTED = ['/fhir', '/facade', '/oauth']
const isCounted = (path: string): boolean => COUNTED.some((top) => path === top || path.startsWith(`${top}/`))

const readOnly: Handle = () => outcome(405, 'The Facade takes no documents.')

/** Resolves when it listens; rejects with the error of `listen` when it cannot, or with code IN_USE for `dir`. */
export const startSandbox = async ({ host, port, now, newId, dir }: SandboxOptions): Promise<Sandbox> => {
  const keep = await openKeep(dir)
  const { spool } = keep
  const world = newWorld(keep.people)
  const documents = documentStore(now, newId, { kept: keep.documents, changed: (document) => keep.write({ document }), cleared: () => keep.write({ reset: true }) })
  const tokens = tokenStore(now, newId)
  const deleteRefused = (): boolean => world.deleteRefused
  const forgetDocuments = async (): Promise<void> => {
    documents.clear()
    await spool.clear(keep.settled())
  }
  /** Nobody is told of anything, theirs or another's, that a crash could still undo. */
  const onceKept = (route: Route): Route => ({
    ...route,
    handle: async (ask) => {
      const answer = await route.handle(ask)
      await keep.settled()
      return answer
    },
  })

  const guarded = (endpoint: Endpoint, handle: Handle): Handle => (ask) => tokens.refuse(endpoint, ask) ?? handle(ask)
  const accounts = statusQuery(() => world.people)
  const routes: readonly Route[] = [
    { method: 'POST', template: '/oauth/token', handle: tokens.issue('customer') },
    { method: 'GET', template: '/fhir/metadata', handle: customerCapability(deleteRefused) },
    { method: 'POST', template: '/fhir/Patient/$status-query', handle: guarded('customer', accounts) },
    ...fhirRoutes({ documents, spool, tokens, newId, deleteRefused }),
    { method: 'POST', template: '/facade/oauth/token', handle: tokens.issue('facade') },
    { method: 'GET', template: '/facade/fhir/metadata', handle: facadeCapability },
    { method: 'POST', template: '/facade/fhir/Patient/$status-query', handle: guarded('facade', accounts) },
    { method: 'POST', template: '/facade/fhir/DocumentReference', handle: guarded('facade', readOnly) },
    ...controlRoutes(world, tokens, { forgetDocuments, keepPeople: (people) => keep.write({ people }) }),
    ...(await pageRoutes(() => world.people, documents, spool)),
  ]

  const routing: Routing = {
    routes: routes.map(onceKept),
    arrive: (method, path, template) => {
      if (path === '/control') return undefined
      const key = `${method} ${template}`
      if (isCounted(path)) world.requests.set(key, (world.requests.get(key) ?? 0) + 1)
      const { fault, left } = stumble(world.faults, method, path)
      world.faults = left
      return fault
    },
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (req, res) => void respond(routing, req, res))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    await keep.close()
    throw error
  }
  const taken = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    port: taken,
    close: async () => {
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()) })
      server.closeAllConnections()
      await closed
      await keep.close()
    },
  }
}
