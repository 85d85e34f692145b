// The PKB destination by either transport and the account question, as configured for a sandbox; and servers that are
// none.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Destination, Shipment } from '../../src/deliver/destination.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Hl7Soap, PkbDestination } from '../../src/policy/schema.ts'
import type { Transport } from '../../src/types.ts'
import { makeFolder } from './folder.ts'
import { aClient, aSandbox, ORGANISATION, type SandboxClient } from './sandbox.ts'

export const pkbSettings = (url: string, overrides: Partial<PkbDestination> = {}): PkbDestination => ({
  kind: 'destination', type: 'pkb', approved_by: 'Chief Clinical Information Officer', approved_on: '2026-10-01', transport: 'fhir',
  fhir: { base_url: `${url}/fhir`, token_url: `${url}/oauth/token`, client_id: 'openletter', client_secret: 'sandbox', organisation: ORGANISATION },
  facade: { base_url: `${url}/facade/fhir`, token_url: `${url}/facade/oauth/token`, client_id: 'openletter', client_secret: 'sandbox', organisation: ORGANISATION },
  hl7_soap: {
    url: `${url}/services/hl7`, username: 'openletter', password: 'sandbox', sending_application: 'OPENLETTER', document_types: { APPT: 'AL', CLIN: 'CL', DISC: 'DL', CPLN: 'MDT', ASMT: 'CL', EXTL: 'CL' },
    other_document_type: 'CL', hospital_services: { ADULT1: 'MHADULT', ADULT2: 'MHADULT', ADULT3: 'MHADULT' }, title_at: 'OBX-3.2', content_type: 'TEXT', content_subtype: 'PDF',
  },
  account_fresh_hours: 24, print_after: { working_days: 3 }, registered_later: 'stays-by-post', at_once: 4, timeout_secs: 5, settle_secs: 0.3, retry: { first_secs: 0.05, ceiling_secs: 0.2, jitter: 0.3 }, circuit: { opens_after: 5, probe_secs: 0.2 }, ...overrides,
})

/** The same, with documents going there by HL7. */
export const hl7Settings = (url: string, { hl7_soap, ...overrides }: Partial<Omit<PkbDestination, 'hl7_soap'>> & { readonly hl7_soap?: Partial<Hl7Soap> } = {}): PkbDestination => {
  const settings = pkbSettings(url, { transport: 'hl7-soap', ...overrides })
  return { ...settings, hl7_soap: { ...settings.hl7_soap, ...hl7_soap } }
}

/** A port on which nobody listens any more. */
export const closedPort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

/** A server with a token endpoint that is no PKB; `answer` does the rest. */
export const aServer = async (answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const server = createServer((req, res) => {
    if (req.url === '/oauth/token') return void res.setHeader('content-type', 'application/json').end('{"access_token":"t","expires_in":600}')
    req.resume()
    return answer(req, res)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

export type PkbStand = {
  readonly sandbox: Awaited<ReturnType<typeof aSandbox>>
  readonly client: SandboxClient
  readonly content: ContentStore
  readonly destination: Destination
  /** Another one on the same sandbox, closed with the stand. */
  another(settings: PkbDestination): Destination
  /** SHA-256 of every copy of the letter in the patient's record, by whichever transport it came. */
  standing(shipment: Pick<Shipment, 'nhsNumber' | 'identifier'>): Promise<readonly string[]>
  close(): Promise<void>
}

/** A strict sandbox and a destination that goes there by one transport. */
export const pkbStand = async (transport: Transport): Promise<PkbStand> => {
  const folder = makeFolder()
  const sandbox = await aSandbox()
  const client = await aClient(sandbox.url)
  await client.control({ strict: true })
  const content = await openContent(join(folder.path, 'content'))
  const opened: Destination[] = []
  const another = (settings: PkbDestination): Destination => {
    const destination = openPkb(settings, { content, now: () => new Date() })
    opened.push(destination)
    return destination
  }
  return {
    sandbox, client, content, another,
    destination: another(pkbSettings(sandbox.url, { transport })),
    standing: async ({ nhsNumber, identifier }) => {
      const asking = await aClient(sandbox.url)
      const found = await asking.fhir(`/DocumentReference?identifier=urn:ietf:rfc:3986|urn:uuid:${identifier}&_elements=identifier`)
      const ids = ((found.body as { entry?: { resource: { id: string } }[] }).entry ?? []).map(({ resource }) => resource.id)
      return (await asking.record(nhsNumber)).documents.filter(({ id, documentNumber }) => ids.includes(id) || documentNumber === identifier).map(({ sha256 }) => sha256)
    },
    close: async () => {
      await Promise.all(opened.map((destination) => destination.close()))
      await sandbox.close()
      folder.remove()
    },
  }
}
