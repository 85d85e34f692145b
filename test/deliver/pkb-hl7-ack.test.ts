// What PKB answers by HL7, in every wrapping that it may come in, and how little of it is believed and passed on.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { ackOf } from '../../src/deliver/pkb/hl7-ack.ts'
import { readReply } from '../../src/deliver/pkb/soap.ts'

const MSH = 'MSH|^~\\&;|HL7API|PKB|OPENLETTER||20261123100000.000+0000||ACK|1|P|2.4'
const said = (...lines: readonly string[]) => ackOf([MSH, ...lines].join('\r'))

describe('an acknowledgement', () => {
  test.each(['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const)('says %s, and of which message', (code) => {
    expect(said(`MSA|${code}|abc-1`)).toEqual({ code, about: 'abc-1', answer: code, says: '' })
  })

  test.each([['\r'], ['\n'], ['\r\n'], ['\r\n\r\n']])('has lines that end with %j', (end) => {
    expect(ackOf(`\n  ${MSH}${end}MSA|AA|abc-1${end}`)).toMatchObject({ code: 'AA', about: 'abc-1' })
  })

  test('may use other separators', () => {
    expect(ackOf('MSH#^~\\&#HL7API\rMSA#AA#abc-1')).toMatchObject({ code: 'AA', about: 'abc-1' })
  })

  test.each([
    ['nothing', ''], ['words', 'It works'], ['no MSA', MSH], ['two of them', `${MSH}\rMSA|AA|1\rMSA|AR|1`], ['two messages', `${MSH}\r${MSH}\rMSA|AA|1`], ['an unknown code', `${MSH}\rMSA|OK|1`],
    ['no MSH first', 'MSA|AA|1'], ['MSH without a separator', 'MSH\rMSA|AA|1'], ['letters for separators', 'MSHA\rMSAAAAA1'],
  ])('is not %s', (_name, text) => {
    expect(ackOf(text)).toBeUndefined()
  })

  test.each([
    ['Parsing or validation error: OBR[1].OBX[2]: No observation timestamp in OBX or OBR', 'AR OBR[1] OBX[2] OBX'],
    ['Parsing or validation error: SCH-1.1 (placer ID) must be provided. You provided []', 'AR SCH-1.1'],
    ['Unexpected error while processing: null', 'AR'],
    ['No patient Ada Example 9990000018 PID-9990000018 PID-3.9990000018 XPID-3 PID-7, PID-7 TXA-2 OBX-5.5 MSH-9', 'AR PID-7 TXA-2 OBX-5.5'],
  ])('passes on names of segments and fields, and no words: %s', (text, answer) => {
    expect(said(`MSA|AR|1|${text}`)?.answer).toBe(answer)
  })

  test('passes on the codes of table 0357 out of ERR, and nothing else of it', () => {
    expect(said('MSA|AR|1|no', 'ERR|PID^1^3^204&Unknown key identifier||9990000018|Ada Example|207')?.answer).toBe('AR 204 207')
  })

  test('whatever it says, what goes on has no word of it and no long number', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('9990000018', 'Ada', 'PID-3', 'OBX[1]', ' '), (noise, seed) => {
      const answer = said(`MSA|AE|1|${noise}${seed}${noise}`, `ERR|${noise}^${seed}`)?.answer
      if (answer !== undefined) expect(answer).toMatch(/^AE( [12]0[0-7])*( [A-Z][A-Z0-9]{2}(\[\d\])?(-\d{1,2}(\.\d{1,2})?)?){0,3}$/u)
    }))
  })
})

describe('a reply', () => {
  const HL7 = `${MSH}\rMSA|AA|abc-1\r`
  const inXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\r', '&#13;')
  const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/'
  const envelope = (body: string, ns = soap11, prefix = 'soap'): string => `<${prefix}:Envelope xmlns:${prefix}="${ns}"><${prefix}:Body>${body}</${prefix}:Body></${prefix}:Envelope>`
  const asAck = (xml: string | Buffer) => {
    const reply = readReply(Buffer.from(xml as string))
    return reply.is === 'message' ? ackOf(reply.text) : reply.is
  }

  test.each([
    ['escaped', envelope(`<ns2:acceptMessageResponse xmlns:ns2="urn:x"><return>${inXml(HL7)}</return></ns2:acceptMessageResponse>`)],
    ['in CDATA', envelope(`<acceptMessageResponse><return><![CDATA[${HL7}]]></return></acceptMessageResponse>`)],
    ['with line feeds', envelope(`<r><return><![CDATA[${HL7.replaceAll('\r', '\n')}]]></return></r>`)],
    ['with both', envelope(`<r><return>\n   ${inXml(HL7.replaceAll('\r', '\r\n')).replaceAll('&#13;', '\r')}</return></r>`)],
    ['under another prefix and name', `<?xml version="1.0"?>\n${envelope(`<anything xmlns="urn:y">${inXml(HL7)}</anything>`, soap11, 'S')}`],
    ['without a prefix', `<Envelope xmlns="${soap11}"><Header/><Body><r xmlns=""><return>${inXml(HL7)}</return></r></Body></Envelope>`],
    ['in SOAP 1.2', envelope(`<r><return>${inXml(HL7)}</return></r>`, 'http://www.w3.org/2003/05/soap-envelope')],
    ['beside a letter of another encoding', envelope(`<r>${inXml(HL7)}ZZZ|Zo\uFFFD</r>`)],
    ['as MLLP frames it', envelope(`<r><return>\u000b${inXml(HL7)}\u001c\r</return></r>`)],
    ['as MLLP frames it, in CDATA', envelope(`<r><return><![CDATA[\u000b${HL7}\u001c\r]]></return></r>`)],
    ['with references for line ends in CDATA', envelope(`<r><return><![CDATA[${HL7.replaceAll('\r', '&#xD;')}]]></return></r>`)],
    ['with references for line ends, escaped twice', envelope(`<r><return>${inXml(HL7).replaceAll('&#13;', '&amp;#13;')}</return></r>`)],
    ['behind a status', envelope(`<r><status>0</status><return>${inXml(HL7)}</return></r>`)],
    ['behind a byte order mark', `\uFEFF${envelope(`<r>${inXml(HL7)}</r>`)}`],
  ])('holds the acknowledgement %s', (_name, xml) => {
    expect(asAck(xml)).toMatchObject({ code: 'AA', about: 'abc-1' })
  })

  test.each([
    ['little end first', (text: string): Buffer => Buffer.from(text, 'utf16le')], ['big end first', (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()],
  ])('holds the acknowledgement in UTF-16, %s, with a byte order mark and without', (_name, encoded) => {
    for (const xml of [envelope(`<r>${inXml(HL7)}</r>`), `<?xml version="1.0" encoding="UTF-16"?>${envelope(`<r>${inXml(HL7)}</r>`)}`]) for (const mark of ['', '\uFEFF']) expect(asAck(encoded(mark + xml))).toMatchObject({ code: 'AA', about: 'abc-1' })
  })

  test('holds no acknowledgement where there are two', () => {
    expect(asAck(envelope(`<r><return>${inXml(HL7)}</return><return>${inXml(HL7)}</return></r>`))).toBeUndefined()
    expect(asAck(envelope(`<r><return><![CDATA[${HL7}&#xD;MSA|AA|abc-2]]></return></r>`))).toBeUndefined()
  })

  test.each([
    ['nothing', ''], ['words', 'It works'], ['a page', '<html><body>It works'], ['another document', '<a/>'], ['an envelope of nobody', '<Envelope><Body><r>x</r></Body></Envelope>'],
    ['an empty body', envelope('')], ['two elements', envelope(`<r>${inXml(HL7)}</r><r/>`)], ['a broken one', envelope(`<r>${inXml(HL7)}`)],
    ['a document type', `<!DOCTYPE soap:Envelope [<!ENTITY a "${HL7}">]>${envelope('<r>&a;</r>')}`], ['an entity of its own', envelope('<r>&unknown;</r>')],
    ['far too much', envelope(`<r>${inXml(HL7)}${' '.repeat(300_000)}</r>`)], ['a deep well', `${'<a>'.repeat(40_000)}${'</a>'.repeat(40_000)}`],
  ])('is unreadable where it is %s', (_name, xml) => {
    expect(readReply(Buffer.from(xml)).is).toBe('unreadable')
  })

  test.each([
    ['theirs', '<faultcode>soap:Server</faultcode><faultstring>Client</faultstring>', soap11], ['ours', '<faultcode>soap:Client</faultcode><faultstring>x</faultstring>', soap11],
    ['ours', '<faultcode>Client.Validation</faultcode>', soap11], ['credentials', '<faultcode xmlns:w="urn:wsse">w:FailedAuthentication</faultcode>', soap11],
    ['ours', '<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text>x</soap:Text></soap:Reason>', 'http://www.w3.org/2003/05/soap-envelope'],
    ['credentials', '<soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>wsse:InvalidSecurity</soap:Value></soap:Subcode></soap:Code>', 'http://www.w3.org/2003/05/soap-envelope'],
    ['theirs', '', soap11],
  ] as const)('is a fault that is %s: %s', (whose, inside, ns) => {
    expect(readReply(Buffer.from(envelope(`<soap:Fault>${inside}</soap:Fault>`, ns)))).toEqual({ is: 'fault', whose })
  })
})
