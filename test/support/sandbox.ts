// A PKB sandbox on a free port, and what a client says to it, for tests. It refuses to mock: all of it goes over HTTP.
import { createHash } from 'node:crypto'
import type { DocumentReference, OperationOutcome } from '@medplum/fhirtypes'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

export const ORGANISATION = '00000000-0000-4000-8000-000000000001'
export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number'
const BASIC = `Basic ${Buffer.from('openletter:sandbox').toString('base64')}`

/** A sandbox whose clock stands still until the test moves it, and whose ids count up. */
export const aSandbox = async ({ strict = false } = {}): Promise<Sandbox & { readonly clock: { now: Date } }> => {
  const clock = { now: new Date('2026-11-23T10:00:00.000Z') }
  let made = 0
  const newId = (): string => `00000000-0000-4000-9000-${String(++made).padStart(12, '0')}`
  return { ...(await startSandbox({ host: '127.0.0.1', port: 0, now: () => clock.now, newId, strict })), clock }
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

export type HistoryEntry = { readonly at: string; readonly action: string; readonly by: string; readonly id: string; readonly key: string; readonly nhsNumber: string; readonly sha256: string; readonly masterIdentifier: string | null; readonly controlId: string | null }

export type T02 = {
  readonly documentNumber?: string; readonly controlId?: string; readonly nhsNumber?: string; readonly pid3?: string; readonly birthDate?: string; readonly service?: string; readonly type?: string; readonly status?: string
  readonly title?: string; readonly delay?: string; readonly txa4?: string; readonly txa6?: string; readonly txa7?: string; readonly txa8?: string; readonly sentAt?: string; readonly processing?: string; readonly format?: string; readonly content?: string; readonly pdf?: Buffer
}

/** MDM^T02 as a trust would send it, written out by hand, with overrides. */
export const aT02 = (overrides: T02 = {}): string => {
  const { documentNumber = 'number-1', controlId = `message-${documentNumber}`, nhsNumber = '9990000018', pid3 = `${nhsNumber}^^^NHS^NH{status:01}`, birthDate = '19700101', service = 'MHADULT', type = 'CL', status = 'AU' } = overrides
  const { title = 'Clinic letter', delay = '', txa4 = '', txa6 = '', txa7 = '', txa8 = '', sentAt = '20261123100000', processing = 'P', format = 'TEXT^PDF^Base64', pdf = aPdf(), content = pdf.toString('base64') } = overrides
  return [
    `MSH|^~\\&|OPENLETTER|TRUST|HL7API|PKB|${sentAt}||MDM^T02|${controlId}|${processing}|2.4`,
    `PID|||${pid3}||Example^Ada^^^Ms||${birthDate}|F`,
    `PV1||O||||||||${service}`,
    `TXA||${type}||${txa4}||${txa6}|${txa7}|${txa8}||||${documentNumber}||||letter.pdf|${status}`,
    `OBX|1|ED|^${title}||^${format}^${content}||||||||${delay}`,
  ].join('\r')
}

export const aT11 = (documentNumber = 'number-1', { controlId = `recall-${documentNumber}`, pid3 = '9990000018^^^NHS^NH{status:01}' } = {}): string => [
  `MSH|^~\\&|OPENLETTER|TRUST|HL7API|PKB|20261123100000||MDM^T11|${controlId}|P|2.4`,
  `PID|||${pid3}||Example^Ada^^^Ms||19700101|F`,
  `TXA||||||||||||${documentNumber}|`,
].join('\r')

/** The envelope as PKB's page shows it. */
export const inEnvelope = (hl7: string): string => `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
                  xmlns:wss="http://wsssl.hl7api.patientsknowbest.com/">
  <soapenv:Header/>
  <soapenv:Body>
    <wss:acceptMessage><arg0><![CDATA[${hl7}]]></arg0></wss:acceptMessage>
  </soapenv:Body>
</soapenv:Envelope>`

/** The answer taken apart: MSA-1, MSA-2 and MSA-3 of the acknowledgement within, where there is one. */
export type Hl7Reply = { readonly status: number; readonly headers: Headers; readonly text: string; readonly code?: string; readonly about?: string; readonly says?: string }

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
    hl7: async (message: string, { headers = {}, body = inEnvelope(message) }: { readonly headers?: Record<string, string>; readonly body?: string } = {}): Promise<Hl7Reply> => {
      const response = await fetch(`${url}/services/hl7`, { method: 'POST', headers: { authorization: BASIC, 'content-type': 'text/xml; charset=utf-8', ...headers }, body })
      const text = await response.text()
      const [, code, about = '', says] = /(?:^|&#xD;)MSA\|([^|]*)\|([^|&<]*)(?:\|([^<]*?))?&#xD;/.exec(text) ?? []
      return { status: response.status, headers: response.headers, text, ...(code === undefined ? {} : { code, about, ...(says === undefined ? {} : { says }) }) }
    },
    history: async () => (await ask('/control/history')).body as readonly HistoryEntry[],
    record: async (nhsNumber: string) =>
      (await ask(`/records/${nhsNumber}`)).body as {
        nhsNumber: string; registered: boolean; quarantined: number
        documents: { id: string; title: string; contentType: string; sha256: string; size: number; privacyLabel: string; receivedAt: string; replacedAt: string | null; by: string; documentNumber: string | null; visibleFrom: string | null; readAt: string | null }[]
      },
  }
}
export type SandboxClient = Awaited<ReturnType<typeof aClient>>

export const issuesOf = (reply: Reply): readonly string[] =>
  ((reply.body as OperationOutcome).issue ?? []).map(({ code, expression }) => `${code} ${expression?.[0] ?? ''}`.trim())
