// A PKB to try Openletter against: token endpoint, FHIR endpoint, HL7 endpoint, the Facade's questions, the records
// that people would see, and a control to make it misbehave. It is not PKB and says so. It refuses to answer before what it was given is
// kept, where it has a directory to keep it in, and to withhold: what is sent here is shown, as PKB would.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { statusQuery } from './accounts.ts'
import { admission } from './admission.ts'
import { customerCapability, facadeCapability } from './capability.ts'
import { controlRoutes, newWorld } from './control.ts'
import { documentStore } from './documents.ts'
import { HL7_PATH, stumble } from './faults.ts'
import { fhirRoutes } from './fhir.ts'
import { newHistory } from './history.ts'
import { openKeep } from './keep.ts'
import { definitionRoutes, generateInvitationTokens, readReceiptQuery } from './operations.ts'
import { outcome } from './outcome.ts'
import { pageRoutes } from './pages.ts'
import type { Handle, Route, Routing } from './router.ts'
import { respond } from './router.ts'
import { soapRoutes } from './soap.ts'
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
  /** Refuses what PKB's pages say must not be sent; off unless asked for. */
  readonly strict?: boolean
}

export type Sandbox = { readonly url: string; readonly port: number; close(): Promise<void> }

/** Counted is what a client of PKB asks for: not the pages, and not the control. */
const COUNTED = ['/fhir', '/facade', '/oauth', '/services']
const isCounted = (path: string): boolean => COUNTED.some((top) => path === top || path.startsWith(`${top}/`))

const readOnly: Handle = () => outcome(405, 'The Facade takes no documents: it only answers questions.')

/** Resolves when it listens; rejects with the error of `listen` when it cannot, or with code IN_USE for `dir`. */
export const startSandbox = async ({ host, port, now, newId, dir, strict = false }: SandboxOptions): Promise<Sandbox> => {
  const keep = await openKeep(dir)
  const { spool } = keep
  const world = newWorld({ strict, underWay: 0 }, keep.people)
  const history = newHistory()
  const decisions = new Map(keep.decisions)
  const documents = documentStore(now, newId, {
    kept: keep.documents, changed: (document) => keep.write({ document }), cleared: () => keep.write({ reset: true }), noted: (action, stored) => history.note(action, stored, now().toISOString()),
  })
  const tokens = tokenStore(now, newId)
  const people = () => world.people
  const settings = () => world.hl7
  const hl7 = admission({
    documents, spool, settings, decisions, newMark: () => `cut-out:${newId()}`, people, strict: () => world.strict, decided: (decision) => keep.write({ decision }),
    addPerson: (person) => {
      world.people = new Map(world.people).set(person.nhsNumber, person)
      keep.write({ people: [person] })
    },
  })
  const deleteRefused = (): boolean => world.deleteRefused
  const forgetDocuments = async (): Promise<void> => {
    documents.clear()
    decisions.clear()
    history.clear()
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
  const questions = (base: string, endpoint: Endpoint): readonly Route[] => [
    { method: 'POST', template: `${base}/Patient/$status-query`, handle: guarded(endpoint, statusQuery(people)) },
    { method: 'POST', template: `${base}/DocumentReference/$read-receipt-query`, handle: guarded(endpoint, readReceiptQuery(documents)) },
    { method: 'POST', template: `${base}/Organization/$generate-invitation-tokens`, handle: guarded(endpoint, generateInvitationTokens(people, newId)) },
    ...definitionRoutes(base),
  ]
  const reader = guarded('facade', readOnly)
  const routes: readonly Route[] = [
    { method: 'POST', template: '/oauth/token', handle: tokens.issue('customer') },
    { method: 'GET', template: '/fhir/metadata', handle: customerCapability(deleteRefused) },
    ...questions('/fhir', 'customer'),
    ...fhirRoutes({ documents, spool, tokens, newId, deleteRefused }),
    { method: 'POST', template: '/facade/oauth/token', handle: tokens.issue('facade') },
    { method: 'GET', template: '/facade/fhir/metadata', handle: facadeCapability },
    ...questions('/facade/fhir', 'facade'),
    { method: 'POST', template: '/facade/fhir/{type}', handle: reader },
    { method: 'PUT', template: '/facade/fhir/{type}/{id}', handle: reader },
    { method: 'DELETE', template: '/facade/fhir/{type}/{id}', handle: reader },
    ...soapRoutes({ admission: hl7, spool, now, newId, settings, strict: () => world.strict, underWay: () => world.underWay }),
    ...controlRoutes({ world, strictAtFirst: strict, tokens, documents, admission: hl7, history, now, forgetDocuments, keepPeople: (people) => keep.write({ people }) }),
    ...(await pageRoutes({ people, documents, spool, now })),
  ]

  const routing: Routing = {
    routes: routes.map(onceKept),
    arrive: (method, path, template) => {
      if (path === '/control' || path.startsWith('/control/')) return undefined
      const key = `${method} ${template}`
      if (isCounted(path)) world.requests.set(key, (world.requests.get(key) ?? 0) + 1)
      const { fault, left } = stumble(world.faults, method, path)
      world.faults = left
      return fault
    },
  }

  /** On its way from its arrival until its answer is out or its caller is gone. */
  const countAtOnce = (req: IncomingMessage, res: ServerResponse): void => {
    if (req.method !== 'POST' || req.url?.split('?')[0] !== HL7_PATH) return
    world.underWay += 1
    world.mostAtOnce = Math.max(world.mostAtOnce, world.underWay)
    res.once('close', () => { world.underWay -= 1 })
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (req, res) => {
    countAtOnce(req, res)
    void respond(routing, req, res)
  })
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
