// What `/services/hl7` says: an HL7 acknowledgement within a SOAP envelope, or a SOAP fault. The stray semicolon after
// the encoding characters is PKB's own (page "ACK"). The envelope of the answer and the fault are not published: they
// are what a SOAP stack such as PKB's would make of the WSDL.
import type { Message } from './hl7.ts'
import type { Answer } from './router.ts'
import { escaped } from './xml.ts'

export const NAMESPACE = 'http://wsssl.hl7api.patientsknowbest.com/'
export const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
export const XML = 'text/xml; charset=utf-8'

export type Ack = { readonly code: 'AA' | 'AR' | 'AE'; readonly text?: string }

export const AA: Ack = { code: 'AA' }
export const refused = (says: string): Ack => ({ code: 'AR', text: `Parsing or validation error: ${says}` })
export const unexpected = (says: string): Ack => ({ code: 'AE', text: `Unexpected error while processing: ${says}` })

const stamp = (now: Date): string => `${now.toISOString().replaceAll(/[-:TZ]/g, '')}+0000`
const inHl7 = (text: string): string => text.replaceAll('\\', '\\E\\').replaceAll('|', '\\F\\').replaceAll('^', '\\S\\').replaceAll('~', '\\R\\').replaceAll('&', '\\T\\').replaceAll(/[\r\n]+/g, ' ')

/** `about` is MSA-2, the echo of MSH-10. */
export type AckParts = { readonly now: Date; readonly id: string; readonly about?: string }

export const ackText = (message: Message | undefined, { code, text }: Ack, { now, id, about }: AckParts): string => {
  const msh = message?.segment('MSH')
  const head = `MSH|^~\\&;|HL7API|PKB|${msh?.raw(3) ?? ''}|${msh?.raw(4) ?? ''}|${stamp(now)}||ACK|${id}|P|2.4`
  return `${head}\rMSA|${code}|${about ?? msh?.raw(10) ?? ''}${text === undefined ? '' : `|${inHl7(text)}`}\r`
}

const envelope = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${SOAP}"><soap:Body>${body}</soap:Body></soap:Envelope>`

export const soapAnswer = (hl7: string): Answer => ({
  status: 200, headers: { 'Content-Type': XML }, body: envelope(`<ns2:acceptMessageResponse xmlns:ns2="${NAMESPACE}"><return>${escaped(hl7)}</return></ns2:acceptMessageResponse>`),
})

/** SOAP 1.1 has every fault at HTTP 500. */
export const soapFault = (who: 'Client' | 'Server', says: string): Answer =>
  ({ status: 500, headers: { 'Content-Type': XML }, body: envelope(`<soap:Fault><faultcode>soap:${who}</faultcode><faultstring>${escaped(says)}</faultstring></soap:Fault>`) })
