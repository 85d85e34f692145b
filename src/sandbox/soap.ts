// `/services/hl7`: HL7 v2 in a SOAP envelope, as PKB's page "HL7 Connection Guidance" has it. It refuses callers from
// addresses that are not allowed and callers without the right name and password, both without saying which it was,
// and in strict mode a second request while one is being handled: PKB asks for one at a time, and drops more.
import { BlockList, isIP } from 'node:net'
import { ackText, NAMESPACE, SOAP, soapAnswer, soapFault, unexpected, XML, type Ack } from './ack.ts'
import type { Admission, Hl7Settings } from './admission.ts'
import { cutOutOfSoap } from './cut-soap.ts'
import { HL7_PATH, stores } from './faults.ts'
import { parseHl7 } from './hl7.ts'
import type { Answer, Ask, Handle, Route } from './router.ts'
import type { Spool } from './spool.ts'
import { basicCredentials, CLIENT } from './tokens.ts'
import { wsdl } from './wsdl.ts'
import { parseXml } from './xml.ts'

export type SoapParts = {
  readonly admission: Admission
  readonly spool: Spool
  readonly now: () => Date
  readonly newId: () => string
  readonly settings: () => Hl7Settings
  readonly strict: () => boolean
  /** How many requests are on this address now, this one included. */
  readonly underWay: () => number
}

const plain = (status: number, says: string, headers: Readonly<Record<string, string>> = {}): Answer => ({ status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body: says })

/** What cannot be read as an address or a range allows nobody. */
export const allows = (allowed: readonly string[], address: string): boolean => {
  const list = new BlockList()
  for (const one of allowed) {
    const [net = '', bits] = one.split('/')
    const family = isIP(net) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(net) === 0) continue
    if (bits === undefined) list.addAddress(net, family)
    else list.addSubnet(net, Number(bits), family)
  }
  const bare = address.replace(/^::ffff:/, '')
  return isIP(bare) !== 0 && list.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4')
}

const GENERIC = 'The request was rejected.'

const callerRefused = (ask: Ask, { allowedIps }: Hl7Settings): Answer | undefined => {
  if (allowedIps.length > 0 && !allows(allowedIps, ask.body.socket.remoteAddress ?? '')) return plain(403, GENERIC)
  const [name, password] = basicCredentials(ask.headers.authorization) ?? []
  return name === CLIENT.id && password === CLIENT.secret ? undefined : plain(401, GENERIC, { 'WWW-Authenticate': 'Basic realm="sandbox"' })
}

/** The text of arg0; an element of another name or namespace is not it. */
const argumentIn = (xml: string): string | undefined => {
  const root = parseXml(xml)
  if (root?.name !== 'Envelope' || root.namespace !== SOAP) return undefined
  const body = root.children.find(({ name, namespace }) => name === 'Body' && namespace === SOAP)
  const call = body?.children.find(({ name, namespace }) => name === 'acceptMessage' && namespace === NAMESPACE)
  return call?.children.find(({ name, namespace }) => name === 'arg0' && namespace === '')?.text
}

const GARBAGE: Answer = { status: 200, headers: { 'Content-Type': XML }, body: '<html><body>It works' }

export const soapRoutes = (parts: SoapParts): readonly Route[] => {
  const { admission, spool } = parts
  const stamp = () => ({ now: parts.now(), id: parts.newId() })

  const handled = async (ask: Ask): Promise<Answer> => {
    const body = await cutOutOfSoap(ask.body, spool, () => `cut-out:${parts.newId()}`)
    if (body.tooLarge) return plain(413, 'The message is larger than this server takes.')
    const text = argumentIn(body.text)
    if (text === undefined) return soapFault('Client', 'The body is no acceptMessage with an arg0.')
    const message = parseHl7(text)
    const judged = message
      ? await admission.judge(message, body.cuts).catch((error: unknown) => ({ ack: unexpected(error instanceof Error ? error.message : 'null'), apply: () => undefined }))
      : { ack: { code: 'AR', text: 'Parsing or validation error: The message does not start with an MSH segment' } as Ack, apply: () => undefined }
    const { fault } = ask
    if (stores(fault)) judged.apply()
    if (fault?.soapFault) return soapFault('Server', 'A fault set by POST /control.')
    if (fault?.garbage) return GARBAGE
    if (fault?.ack) return soapAnswer(ackText(message, fault.ack === 'AE' ? unexpected('null') : { code: 'AR', text: 'Parsing or validation error: A fault set by POST /control.' }, stamp()))
    return soapAnswer(ackText(message, judged.ack, { ...stamp(), ...(fault?.ackFor ? { about: parts.newId() } : {}) }))
  }

  const accept: Handle = async (ask) => {
    const stopped = callerRefused(ask, parts.settings())
    if (stopped) return stopped
    if (parts.strict() && parts.underWay() > 1) return plain(503, 'One request at a time.')
    if (!/^text\/xml\b/i.test(ask.headers['content-type'] ?? '')) return plain(415, 'Send text/xml.')
    const letGo = spool.hold()
    return handled(ask).finally(letGo)
  }

  const describe: Handle = (ask) => ([...ask.query.keys()].some((key) => key.toLowerCase() === 'wsdl')
    ? { status: 200, headers: { 'Content-Type': XML }, body: wsdl(`${ask.base}${HL7_PATH}`) }
    : plain(405, 'Send a SOAP message by POST; ?wsdl describes it.', { Allow: 'POST' }))

  return [{ method: 'POST', template: HL7_PATH, handle: accept }, { method: 'GET', template: HL7_PATH, handle: describe }]
}
