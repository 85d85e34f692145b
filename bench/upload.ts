// One upload as RiO would send it about a synthetic person: as an HL7 v2 message, as JSON, or as multipart. The same
// upload always gives the same bytes, because who got no answer has to send the same message again.
import type { Patient } from './people.ts'
import { BIRTH_DATE } from './people.ts'

export type Upload = {
  /** MSH-10 over MLLP. */
  readonly controlId: string
  readonly documentId: string
  readonly event: 'created' | 'updated' | 'replaced' | 'cancelled'
  readonly replaces?: string
  readonly patient: Patient
  readonly share: boolean
  readonly code: 'CLIN' | 'HMHR'
  /** When RiO says it happened; whole seconds. */
  readonly time: Date
  /** Left out: the file that is there stays. */
  readonly pdf?: Buffer
}

export type Door = 'mllp' | 'json' | 'multipart'
export type Message = { readonly door: Door; readonly bytes: Buffer; readonly contentType: string }

const picklist = ({ share }: Upload): string => (share ? 'MH share with patient' : 'MH DO NOT share with patient')

const TRIGGER = { created: ['T02', 'T01'], updated: ['T04', 'T03'], replaced: ['T10', 'T09'], cancelled: ['T11', 'T11'] } as const

const hl7 = (upload: Upload): Buffer => {
  const { controlId, documentId, event, replaces = '', patient, code, time, pdf } = upload
  const trigger = TRIGGER[event][pdf ? 0 : 1]
  // RiO gives no offset: it means London, which in November is UTC.
  const at = time.toISOString().replaceAll(/[-:T]/gu, '').slice(0, 14)
  const availability = event === 'cancelled' ? 'CA' : 'AV'
  const segments = [
    `MSH|^~\\&|RIO|RWK|OPENLETTER|RWK|${at}||MDM^${trigger}^MDM_${pdf ? 'T02' : 'T01'}|${controlId}|P|2.4`,
    `EVN|${trigger}|${at}`,
    `PID|1||${patient.nhsNumber}^^^NHS^NH~${patient.clientId}^^^RWK^PI||Example^Ada||${BIRTH_DATE.replaceAll('-', '')}|F|||1 High Street^^London^^E1 4AA|||||||||||||||||||||01`,
    'PV1|1|O|ADULT1',
    `TXA|1|^${picklist(upload)}|AP|${at}||${at}|||C0000001^Example^Dora^^^Dr^^^GMC^^^^^RWK||admin42|${documentId}|${replaces}|||${code} Letter.pdf|AU||${availability}||||||${code} Letter`,
    ...(pdf ? [`OBX|1|ED|PDF^Document^L||^AP^PDF^Base64^${pdf.toString('base64')}||||||F`] : []),
  ]
  return Buffer.from(`${segments.join('\r')}\r`, 'latin1')
}

const metadata = (upload: Upload): object => {
  const { documentId, event, replaces, patient, code, time } = upload
  return {
    documentId, event, ...(replaces ? { replaces } : {}), documentType: picklist(upload), name: `${code} Letter.pdf`, status: 'final',
    documentDate: time.toISOString(), uploadedAt: time.toISOString(), team: 'ADULT1', author: { name: 'Dr Dora Example', organisation: 'RWK' }, uploadedBy: 'admin42',
    patient: {
      nhsNumber: patient.nhsNumber, nhsNumberStatus: '01', clientId: patient.clientId, family: 'Example', given: 'Ada', birthDate: BIRTH_DATE,
      deceased: false, restricted: false, address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' },
    },
  }
}

const json = (upload: Upload): Buffer => {
  const content = upload.pdf ? { content: { contentType: 'application/pdf', data: upload.pdf.toString('base64') } } : {}
  return Buffer.from(JSON.stringify({ metadata: metadata(upload), ...content }))
}

const BOUNDARY = 'openletter-bench-7d1f0c'

const multipart = (upload: Upload): Buffer => {
  const part = (headers: string, body: Buffer | string): Buffer => Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n')])
  return Buffer.concat([
    part('Content-Disposition: form-data; name="metadata"\r\nContent-Type: application/json', JSON.stringify(metadata(upload))),
    ...(upload.pdf ? [part(`Content-Disposition: form-data; name="file"; filename="${upload.code} Letter.pdf"\r\nContent-Type: application/pdf`, upload.pdf)] : []),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
}

const WRITE = {
  mllp: (upload: Upload) => ({ door: 'mllp', bytes: hl7(upload), contentType: '' }),
  json: (upload: Upload) => ({ door: 'json', bytes: json(upload), contentType: 'application/json' }),
  multipart: (upload: Upload) => ({ door: 'multipart', bytes: multipart(upload), contentType: `multipart/form-data; boundary=${BOUNDARY}` }),
} as const satisfies Record<Door, (upload: Upload) => Message>

export const messageOf = (upload: Upload, door: Door): Message => WRITE[door](upload)
