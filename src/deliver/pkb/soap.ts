// The SOAP envelope around an HL7 message, and what is in the one that comes back. It refuses to hold the file, document
// types and entities of the sender's own, and anything that is not one envelope with one element in its body.
import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { base64Between, base64Bytes } from './base64.ts'

const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/'
const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope'
const BEFORE = `<soapenv:Envelope xmlns:soapenv="${SOAP_11}" xmlns:wss="http://wsssl.hl7api.patientsknowbest.com/"><soapenv:Header/><soapenv:Body><wss:acceptMessage><arg0><![CDATA[`
const AFTER = ']]></arg0></wss:acceptMessage></soapenv:Body></soapenv:Envelope>'

export type Envelope = { readonly bytes: number; stream(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> }

/** What would end the CDATA is divided between two; every reader of XML puts it together again. */
const inCdata = (text: string): string => text.replaceAll(']]>', ']]]]><![CDATA[>')

/** A message in whose middle the file stands as base64; `size`: bytes of the file. `bytes` of the answer is the Content-Length. */
export const envelopeOf = ({ head, tail }: { readonly head: string; readonly tail: string }, size: number): Envelope => {
  const before = Buffer.from(BEFORE + inCdata(head))
  const after = Buffer.from(inCdata(tail) + AFTER)
  return { bytes: before.length + base64Bytes(size) + after.length, stream: (content) => base64Between(before, content, after) }
}

/** A message without a file. */
export const enveloped = (message: string): string => BEFORE + inCdata(message) + AFTER

export type Reply =
  | { readonly is: 'message'; readonly text: string }
  /** `whose`: who is at fault, as the fault's code says. */
  | { readonly is: 'fault'; readonly whose: 'ours' | 'credentials' | 'theirs' }
  | { readonly is: 'unreadable' }

const UNREADABLE: Reply = { is: 'unreadable' }
/** An acknowledgement has a few hundred bytes. */
const LONGEST_REPLY = 256 * 1024
const OURS: readonly string[] = ['Client', 'Sender']
/** Of WS-Security: that is about who asks and not about what is sent. */
const CREDENTIALS: readonly string[] = ['FailedAuthentication', 'FailedCheck', 'InvalidSecurity', 'InvalidSecurityToken', 'UnsupportedSecurityToken']

/** The first bytes tell UTF-16 (XML 1.0, appendix F). In every other character set what matters here is ASCII. */
const textOf = (bytes: Uint8Array): string => {
  const starts = (...first: readonly number[]): boolean => first.every((byte, at) => bytes[at] === byte)
  const set = starts(0xff, 0xfe) || starts(0x3c, 0) ? 'utf-16le' : starts(0xfe, 0xff) || starts(0, 0x3c) ? 'utf-16be' : 'utf-8'
  return new TextDecoder(set).decode(bytes)
}

export const readReply = (bytes: Uint8Array): Reply => {
  const xml = textOf(bytes)
  if (xml.length > LONGEST_REPLY || /<!DOCTYPE|<!ENTITY/iu.test(xml)) return UNREADABLE
  try {
    const root = new DOMParser({ onError: (_level, message) => { throw new Error(message) } }).parseFromString(readable(xml), 'text/xml').documentElement
    return root ? inEnvelope(root) : UNREADABLE
  } catch {
    return UNREADABLE
  }
}

/** Bytes that are no UTF-8 stand in words that are not looked at; what frames a message of MLLP has no place in XML. */
const readable = (xml: string): string => xml.replace(/^\uFEFF/u, '').trimStart().replaceAll('\uFFFD', '?').replace(/[^\P{Cc}\t\n\r]/gu, ' ')

const inEnvelope = (root: Element): Reply => {
  const soap = root.namespaceURI
  if (root.localName !== 'Envelope' || (soap !== SOAP_11 && soap !== SOAP_12)) return UNREADABLE
  const bodies = elementsIn(root).filter(({ localName, namespaceURI }) => localName === 'Body' && namespaceURI === soap)
  const [said, ...more] = bodies.flatMap(elementsIn)
  if (bodies.length !== 1 || !said || more.length > 0) return UNREADABLE
  if (said.localName !== 'Fault' || said.namespaceURI !== soap) return { is: 'message', text: messageIn(said) }
  const codes = faultCodes(said)
  const has = (names: readonly string[]): boolean => codes.some((code) => names.includes(code))
  return { is: 'fault', whose: has(CREDENTIALS) ? 'credentials' : has(OURS) ? 'ours' : 'theirs' }
}

/** Where a status or the like stands beside the message, the message is the one part that begins as one. */
const messageIn = (said: Element): string => {
  const parts = elementsIn(said).map(({ textContent }) => textContent ?? '').filter((text) => text.trimStart().startsWith('MSH'))
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : (said.textContent ?? '')
}

/** `soap:Client.Something` and the like, of SOAP 1.1 (faultcode) and 1.2 (Code and Subcode): every name in them. */
const faultCodes = (fault: Element): readonly string[] =>
  elementsIn(fault).filter(({ localName }) => localName === 'faultcode' || localName === 'Code')
    .flatMap((code) => (code.textContent ?? '').split(/[\s.:]+/u))

const ELEMENT = 1
const elementsIn = (parent: Element): readonly Element[] => Array.from(parent.childNodes as ArrayLike<Node>).filter((node): node is Element => node.nodeType === ELEMENT)
