// A PKB sandbox on a free port, and what a client says to it, for tests. It refuses to mock: all of it goes over HTTP.
import { createHash } from 'node:crypto'
import type { DocumentReference, OperationOutcome } from '@medplum/fhirtypes'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

export const ORGANISATION = '00000000-0000-4000-8000-000000000001'
export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number'
const BASIC = `Basic ${Buffer.from('openletter:sandbox').toString('base64')}`

/** A sandbox whose clock stands still until the test moves it, and whose ids count up. */
export const aSandbox = async (): Promise<Sandbox & { readonly clock: { now: Date } }> => {
  const clock = { now: new Date('2026-11-23T10:00:00.000Z') }
  let made = 0
  const newId = (): string => `00000000-0000-4000-9000-${String(++made).padStart(12, '0')}`
  return { ...(await startSandbox({ host: '127.0.0.1', port: 0, now: () => clock.now, newId })), clock }
}

export const tokenFrom = async (url: string, path = '/oauth/token'): Promise<string> => {
  const response = await fetch(url + path, { method: 'POST', headers: { authorization: BASIC }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
  return ((await response.json()) as { access_token: string }).access_token
}

export const aPdf = (says = 'a letter'): Buffer => Buffer.from(`%PDF-1.4\n% ${says}\n%%EOF\n`)
export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
export const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('base64')

/** A DocumentReference as Openletter would send it, with overrides. */
export const aDocumentReference = (overrides: Partial<DocumentReference> & { readonly identifierValue?: string; readonly nhsNumber?: string; readonly pdf?: Buffer } = {}): DocumentReference => {
  const { identifierValue = 'doc-1', nhsNumber = '9990000018', pdf = aPdf(), ...rest } = overrides
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    meta: { security: [{ system: 'http://fhir.patientsknowbest.com/codesystem/privacy-label', code: 'MENTAL_HEALTH' }] },
    identifier: [{ system: 'urn:openletter:document', value: identifierValue }],
    subject: { identifier: { system: NHS_NUMBER_SYSTEM, value: nhsNumber } },
    content: [{ attachment: { contentType: 'application/pdf', title: 'Clinic letter', size: pdf.length, hash: sha1(pdf), data: pdf.toString('base64') } }],
    ...rest,
  }
}

export type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown }

/** A client with a token of its own. `fhir` speaks below `/fhir`; `control` and `record` are what a test asks. */
export const aClient = async (url: string) => {
  const token = await tokenFrom(url)
  const ask = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const response = await fetch(url + path, init)
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text }
  }
  const json = 'application/fhir+json'
  const fhir = (path: string, init: { readonly method?: string; readonly resource?: unknown; readonly headers?: Record<string, string>; readonly body?: string | URLSearchParams } = {}): Promise<Reply> =>
    ask(`/fhir${path}`, {
      method: init.method ?? 'GET',
      headers: { authorization: `Bearer ${token}`, 'x-org-public-id': ORGANISATION, ...(init.resource ? { 'content-type': json } : {}), ...init.headers },
      ...(init.resource ? { body: JSON.stringify(init.resource) } : init.body !== undefined ? { body: init.body } : {}),
    })
  return {
    token,
    ask,
    fhir,
    create: (resource: DocumentReference, headers: Record<string, string> = {}) => fhir('/DocumentReference', { method: 'POST', resource, headers }),
    control: (change: unknown) => ask('/control', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(change) }),
    record: async (nhsNumber: string) =>
      (await ask(`/records/${nhsNumber}`)).body as { nhsNumber: string; registered: boolean; documents: { id: string; title: string; sha256: string; size: number; privacyLabel: string; receivedAt: string; replacedAt: string | null }[] },
  }
}
export type SandboxClient = Awaited<ReturnType<typeof aClient>>

export const issuesOf = (reply: Reply): readonly string[] =>
  ((reply.body as OperationOutcome).issue ?? []).map(({ code, expression }) => `${code} ${expression?.[0] ?? ''}`.trim())
