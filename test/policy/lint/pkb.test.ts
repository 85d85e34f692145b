// Each way in which pkb.yaml can contradict itself, the tables, or what PKB publishes: place and advice, word for word.
// ¦ marks the place that has to be named.
import { describe, expect, test } from '@jest/globals'
import { usesSandbox, withStandIns } from '../../../src/commands/environment.ts'
import { exampleTexts, expectProblem, loadTexts, withChanges, type BrokenRow as Row, type Change } from '../../support/broken-policy.ts'

const FILE = 'channels/pkb.yaml'
const SERVICES = 'mappings/services.csv'
const CODES = 'mappings/document-codes.csv'
const put = (find: string | RegExp, to: string): Change => [FILE, find, to]
const soap = put('transport: fhir', 'transport: hl7-soap')
const SPAN = 'write { hours: 72 }, { days: 3 } or { working_days: 3 }, with the number that is meant'

/** PKB's own addresses, in the settings. */
const PKB = {
  PKB_FHIR_URL: 'https://trust.fhir.pkb.example/fhir', PKB_TOKEN_URL: 'https://oauth.pkb.example/token', PKB_CLIENT_ID: 'c', PKB_CLIENT_SECRET: 's', PKB_ORG_ID: 'o',
  PKB_HL7_URL: 'https://hl7.pkb.example:7443/services/hl7', PKB_HL7_USER: 'u', PKB_HL7_PASSWORD: 'p',
}
const MAPPED = put(/^( {2}hospital_services: .*\n)/mu, '$1  labels_confirmed_by_pkb: { by: PKB Integrations, on: "2026-09-01" }\n')
const SHOWN = put(/$/u, 'confirmed_by_pkb: { by: PKB Integrations, on: "2026-09-01" }\n')
const HL7 = 'https://example.nhs.uk:7443/services/hl7'

describe('spans', () => {
  const rows: readonly Row[] = [
    ['a bare number', put('print_after: {', '¦print_after: 3 # {'), `print_after: ${SPAN}`],
    ['words', put('print_after: { working_days: 3 }', '¦print_after: three days'), `print_after: ${SPAN}`],
    ['a unit that there is not', put('print_after: { working_days: 3 }', '¦print_after: { weeks: 3 }'), `print_after: ${SPAN}`],
    ['two units', put('print_after: { working_days: 3 }', '¦print_after: { days: 1, hours: 12 }'), `print_after: ${SPAN}`],
    ['no unit', put('print_after: { working_days: 3 }', '¦print_after: {}'), `print_after: ${SPAN}`],
    ['left out', [put(/^print_after: .*\n/mu, ''), put(/^/u, '¦')], `print_after: this is missing: ${SPAN}`],
    ['a number in quotes', put('{ working_days: 3 }', '{ ¦working_days: "3" }'), 'print_after.working_days: write a number without quotes'],
    ['half a day', put('{ working_days: 3 }', '{ ¦days: 0.5 }'), /^print_after\.days: write a whole number$/u],
    ['more than a year', put('{ working_days: 3 }', '{ ¦days: 400 }'), 'print_after.days: write a number of at most 365'],
    ['a bare number by kind', [soap, put('# print_if_unread_after: { appointment: { hours: 72 } }', 'print_if_unread_after: { ¦appointment: 72 }')], `print_if_unread_after.appointment: ${SPAN}`],
    ['a kind that there is not', [soap, put('# print_if_unread_after: { appointment:', 'print_if_unread_after: { ¦appointmnt:')], 'print_if_unread_after.appointmnt: there is no such key here: did you mean appointment?'],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))
})

describe('what PKB has to be told', () => {
  const rows: readonly Row[] = [
    ['a team in scope without a service code', put('  hospital_services: { ADULT1: MHADULT, ', '  ¦hospital_services: { '), 'hl7_soap.hospital_services: the team ADULT1 is in scope and has no service code, so PKB would call its letters General health: write ADULT1: with the code that PKB maps to Mental Health'],
    ['a team that comes into scope', [[SERVICES, /^(LD1,.*),out-of-scope/mu, '$1,in-scope'], put('  hospital_services:', '  ¦hospital_services:')], /^hl7_soap\.hospital_services: the team LD1 is in scope and has no service code, so PKB would call its letters General health/u],
    ['a team that is misspelt is told once', put('ADULT1: MHADULT', '¦ADULTI: MHADULT'), 'hl7_soap.hospital_services.ADULTI: there is no team ADULTI in mappings/services.csv: did you mean ADULT1?'],
    ['a team that there is not', put('ADULT1: MHADULT', 'ADULT1: MHADULT, ¦FORENSIC: MHADULT'), 'hl7_soap.hospital_services.FORENSIC: there is no team FORENSIC in mappings/services.csv: add it there, or take it out here'],
    ['user name and password in one', put('username: ${PKB_HL7_USER}', '¦username: "trust:secret"'), /^hl7_soap\.username: a user name cannot hold a colon/u],
    ['a service code with a separator in it', put('ADULT1: MHADULT', '¦ADULT1: MH|ADULT'), /^hl7_soap\.hospital_services\.ADULT1: write 1 to 80 letters, digits and spaces, without/u],
    ['a service code that is blank', put('ADULT1: MHADULT', '¦ADULT1: " "'), /^hl7_soap\.hospital_services\.ADULT1: write 1 to 80 letters/u],
    ['a number as a service code', put('ADULT1: MHADULT', '¦ADULT1: 710'), 'hl7_soap.hospital_services.ADULT1: write text, in quotes'],
    ['a code that may be shared and has no document type', put('  document_types: { APPT: AL, ', '  ¦document_types: { '), 'hl7_soap.document_types: the code APPT may be shared and has no document type: write APPT: with the type that PKB knows it by, such as CL for a clinic letter'],
    ['a code that is listed now', [[CODES, /^(PSYR,.*),blocked-pkb,/mu, '$1,listed,'], put('  document_types:', '  ¦document_types:')], /^hl7_soap\.document_types: the code PSYR may be shared and has no document type/u],
    ['a code that is not in the table', put('CLIN: CL', 'CLIN: CL, ¦GRPI: CL'), 'hl7_soap.document_types.GRPI: there is no code GRPI in mappings/document-codes.csv: add it there, or take it out here'],
    ['a code in small letters', put('CLIN: CL', '¦clin: CL'), 'hl7_soap.document_types.clin: a code is four capital letters'],
    ['a care plan', put('CPLN: MDT', '¦CPLN: CP'), 'hl7_soap.document_types.CPLN: CP would make it a care plan, which PKB keeps in every version and lets nobody take back: write another of its document types'],
    ['a care plan for all others', put('other_document_type: CL', '¦other_document_type: CP'), /^hl7_soap\.other_document_type: CP would make it a care plan/u],
    ['a type in words', put('CLIN: CL', '¦CLIN: Clinic letter'), "hl7_soap.document_types.CLIN: write one of PKB's document types (PKBCS05), two to four capital letters such as CL"],
    ['a delay for a code that is not in the table', put('# display_delay: { counts_from: sending, days: { ASMT:', 'display_delay: { counts_from: sending, days: { ¦ASMX:'), 'hl7_soap.display_delay.days.ASMX: there is no code ASMX in mappings/document-codes.csv: did you mean ASMT?'],
    ['a delay that does not say from when', put('# display_delay: { counts_from: sending, days', '¦display_delay: { days'), 'hl7_soap.display_delay.counts_from: this is missing: write one of document-date, sending'],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('of a secret in a block that is misspelt nobody is told to write it out', () => {
    const { problems } = loadTexts(withChanges([put(/^hl7_soap:$/mu, 'hl7-soap:')]))
    expect(problems.find(({ path }) => path === 'hl7-soap.password')?.message).toBe('no setting may be named here, and a secret may not be written out either: look at the spelling of this key and of the block that it stands in')
  })

  test('a table that is broken itself is not held against pkb.yaml', () => {
    const { problems } = loadTexts(withChanges([[SERVICES, 'ADULT1,Newham', ',Newham']]))
    expect(problems.map(({ file }) => file)).not.toContain(FILE)
  })
  test('types that come after the part of the list that can be read are taken', () => {
    for (const type of ['AN', 'BR', 'MDT', 'RL', 'TCI', 'CPX', 'CA', 'XPLN']) expect(loadTexts(withChanges([put('CLIN: CL', `CLIN: ${type}`)])).lines).toEqual([])
  })
})

describe('times', () => {
  const UNREAD = '# print_if_unread_after: { appointment: { hours: 72 } }'
  const DELAY = '# display_delay: { counts_from: sending, days: { ASMT: 3 } }'
  const rows: readonly Row[] = [
    ['settled before the time is up', put('settle_secs: 120', '¦settle_secs: 60'), 'settle_secs: write more than timeout_secs (60): PKB may still be storing what the engine no longer waits for, and until then a copy is not known to be gone'],
    ['printed if unread, by FHIR', put(UNREAD, '¦print_if_unread_after: { appointment: { hours: 72 } }'), 'print_if_unread_after: by FHIR nothing can be shown to be read, so every letter would be posted as well: take it out, or write transport: hl7-soap'],
    ['printed as unread before it can be opened', [soap, put(UNREAD, 'print_if_unread_after: { clinical: { hours: 72 } }'), put(DELAY, 'display_delay: { counts_from: sending, days: { ¦ASMT: 3 } }')], 'hl7_soap.display_delay.days.ASMT: nobody can open such a letter for 3 days, so all of them would be posted as unread: write a longer print_if_unread_after for clinical, or a shorter delay'],
    ['a bank holiday twice', put('registered_later:', 'extra_bank_holidays:\n  - "2027-05-07"\n  - ¦"2027-05-07"\nregistered_later:'), 'extra_bank_holidays.1: 2027-05-07 stands in this list already: take it out'],
    ['a bank holiday on a Saturday', put('registered_later:', 'extra_bank_holidays:\n  - ¦"2027-05-08"\nregistered_later:'), /^extra_bank_holidays\.0: 2027-05-08 is a Saturday, a Sunday or a usual bank holiday, and no working day anyway/u],
    ['a bank holiday that is one anyway', put('registered_later:', 'extra_bank_holidays:\n  - ¦"2027-08-30"\nregistered_later:'), /^extra_bank_holidays\.0: 2027-08-30 is a Saturday, a Sunday or a usual bank holiday/u],
    ['a bank holiday that no calendar has', put('registered_later:', 'extra_bank_holidays:\n  - ¦"2027-02-30"\nregistered_later:'), 'extra_bank_holidays.0: no calendar has 2027-02-30: February 2027 has 28 days'],
    ['no exchange in a minute', put('at_once: 1', 'at_once: 1\n¦per_minute: 0'), 'per_minute: write a number of at least 1'],
    ['more at once than PKB takes', [soap, MAPPED, put('at_once: 1', '¦at_once: 5')], /^at_once: PKB drops messages that come in more than 4 at once/u, { env: PKB }],
    ['a confirmation of the labels to come', [soap, put(/^( {2}hospital_services: .*\n)/mu, '$1  labels_confirmed_by_pkb: { by: PKB Integrations, ¦on: "2999-09-01" }\n')], /^hl7_soap\.labels_confirmed_by_pkb\.on: 2999-09-01 is still to come/u],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('a deadline beyond the delay, and a day off that is one, are taken', () => {
    const changes = [soap, put(UNREAD, 'print_if_unread_after: { clinical: { working_days: 4 }, appointment: { hours: 72 } }'), put(DELAY, 'display_delay: { counts_from: sending, days: { ASMT: 3 } }'), put('registered_later:', 'extra_bank_holidays: ["2027-05-07"]\nregistered_later:')]
    expect(loadTexts(withChanges(changes)).lines).toEqual([])
  })
})

describe('addresses', () => {
  const url = (to: string): Change => put('  url: ${PKB_HL7_URL}', `  ¦url: ${to}`)
  const rows: readonly Row[] = [
    ['an HL7 address without TLS, while FHIR is used', url('http://hl7.pkb.example:7443/services/hl7'), 'hl7_soap.url: write an https address: documents and secrets do not travel in clear'],
    ['a password in the HL7 address', url('https://trust:hunter2@hl7.pkb.example:7443/services/hl7'), 'hl7_soap.url: take name and password out of the address: a secret must not stand in a file, and PKB takes username and password'],
    ['an HL7 address that is none', url('hl7'), `hl7_soap.url: write an address such as ${HL7}`],
    ['an HL7 address for MLLP', url('mllp://hl7.pkb.example:7443'), `hl7_soap.url: write an address such as ${HL7}`],
    ['an HL7 address without a port', url('https://hl7.pkb.example/services/hl7'), `hl7_soap.url: write the port as well, such as ${HL7}: PKB takes HL7 at a port of its own`],
    ['the address of the description', url('https://hl7.pkb.example:7443/services/hl7?wsdl'), /^hl7_soap\.url: take out what begins with \?/u],
    ['a password written out', put('password: ${PKB_HL7_PASSWORD}', '¦password: hunter2'), 'hl7_soap.password: a secret must not stand in a file, for files are kept in the ledger and in version control: write ${PKB_HL7_PASSWORD} and set PKB_HL7_PASSWORD; then ask for a new secret'],
    ['the wrong secret as a password', put('password: ${PKB_HL7_PASSWORD}', '¦password: ${PKB_CLIENT_SECRET}'), 'hl7_soap.password: write ${PKB_HL7_PASSWORD}: no other setting holds this secret'],
    ['HL7 whose labels nobody confirmed', [soap, put('  url:', '  ¦url:')], /^hl7_soap\.url: PKB has to map each code under hospital_services to the privacy label Mental Health, .* add labels_confirmed_by_pkb/u, { env: PKB }],
    ['letters to PKB by HL7, accounts of the sandbox', [soap, MAPPED, put('${PKB_HL7_URL}', PKB.PKB_HL7_URL), put('  base_url: ${PKB_FACADE_URL}', '  ¦base_url: ${PKB_FACADE_URL}')], 'facade.base_url: this is the sandbox, and hl7_soap.url is not: with transport hl7-soap let every address in use be PKB\'s, or none'],
    ['letters to the sandbox, accounts of PKB', put('  base_url: ${PKB_FHIR_URL}', '  ¦base_url: ${PKB_FHIR_URL}'), "fhir.base_url: this is the sandbox, and facade.base_url is not: with transport fhir let every address in use be PKB's, or none", { env: { PKB_FACADE_URL: 'https://my.pkb.example/fhir', PKB_FACADE_TOKEN_URL: 'https://oauth.pkb.example/token' } }],
    ['letters to the sandbox by HL7, accounts of PKB', [soap, put('  url: ${PKB_HL7_URL}', '  ¦url: ${PKB_HL7_URL}')], "hl7_soap.url: this is the sandbox, and facade.base_url is not: with transport hl7-soap let every address in use be PKB's, or none", { env: { PKB_FACADE_URL: 'https://my.pkb.example/fhir', PKB_FACADE_TOKEN_URL: 'https://oauth.pkb.example/token' } }],
    ["PKB's accounts, and a token for them of the sandbox", [SHOWN, put('  token_url: ${PKB_FACADE_TOKEN_URL}', '  ¦token_url: ${PKB_FACADE_TOKEN_URL}')], /^facade\.token_url: this is the sandbox, and fhir\.base_url is not/u, { env: { ...PKB, PKB_FACADE_TOKEN_URL: 'http://127.0.0.1:3001/oauth/token' } }],
  ]
  test.each(rows)('%s', (...row) => expectProblem(row))

  test('of the transport that is not chosen the address may be the sandbox, and needs nobody to confirm it', () => {
    const { PKB_HL7_URL: _hl7, ...fhirOnly } = PKB
    expect(loadTexts(withChanges([SHOWN]), fhirOnly).lines).toEqual([])
    expect(loadTexts(withChanges([SHOWN]), PKB).lines).toEqual([])
    const { PKB_FHIR_URL, PKB_TOKEN_URL, ...hl7 } = PKB
    expect(loadTexts(withChanges([soap, MAPPED]), { ...hl7, PKB_FACADE_URL: PKB_FHIR_URL, PKB_FACADE_TOKEN_URL: PKB_TOKEN_URL }).lines).toEqual([])
    expect(loadTexts(withChanges([soap])).lines).toEqual([])
  })
})

describe('the sandbox', () => {
  const { PKB_FHIR_URL, PKB_TOKEN_URL, PKB_CLIENT_ID, PKB_CLIENT_SECRET, PKB_ORG_ID, ...HL7_ONLY } = PKB
  const FHIR_ONLY = { PKB_FHIR_URL, PKB_TOKEN_URL, PKB_CLIENT_ID, PKB_CLIENT_SECRET, PKB_ORG_ID }
  const FACADE_ONLY = { PKB_FACADE_URL: 'https://my.pkb.example/fhir', PKB_FACADE_TOKEN_URL: PKB_TOKEN_URL, PKB_CLIENT_ID, PKB_CLIENT_SECRET, PKB_ORG_ID }
  const under = (env: Readonly<Record<string, string>>, changes: readonly Change[]) => {
    const settings = withStandIns({ RIO_HTTP_TOKEN: 'x', API_TOKEN: 'x', ...env }, 'http://127.0.0.1:3001')
    const none = Object.fromEntries(Object.keys(PKB).filter((name) => settings[name] === undefined).map((name) => [name, '']))
    const { compiled, lines } = loadTexts(changes.length > 0 ? withChanges(changes) : exampleTexts, { ...none, ...settings })
    return { lines, starts: usesSandbox(env, compiled?.destinations.pkb), pkb: compiled!.destinations.pkb! }
  }

  test('stands in where no address is set', () => {
    expect(under({}, [])).toMatchObject({ lines: [], starts: true })
    expect(under({}, [soap])).toMatchObject({ lines: [], starts: true })
  })
  test('is not started where all that is in use is set', () => {
    expect(under(FHIR_ONLY, [SHOWN])).toMatchObject({ lines: [], starts: false })
    expect(under({ ...FACADE_ONLY, ...HL7_ONLY }, [soap, MAPPED])).toMatchObject({ lines: [], starts: false })
    expect(under(PKB, [soap, MAPPED])).toMatchObject({ lines: [], starts: false })
  })
  test('is started for letters by FHIR while only HL7 has an address, which is not in use', () => expect(under(HL7_ONLY, [])).toMatchObject({ lines: [], starts: true }))
  test('is not started for an address that is written into the file', () => {
    const file = [SHOWN, ...(['FHIR', 'FACADE'] as const).flatMap((name): Change[] => [put(`  base_url: \${PKB_${name}_URL}`, '  base_url: https://my.pkb.example/fhir'), put(name === 'FHIR' ? '${PKB_TOKEN_URL}' : '${PKB_FACADE_TOKEN_URL}', 'https://oauth.pkb.example/token')])]
    expect(under({}, file)).toMatchObject({ lines: [], starts: false })
  })
  test('gets none of the credentials that are meant for PKB, and PKB none of its', () => {
    const { pkb } = under({ ...FACADE_ONLY, ...HL7_ONLY }, [soap, MAPPED])
    expect([pkb.fhir.client_secret, pkb.facade.client_secret, pkb.facade.organisation, pkb.hl7_soap.password]).toEqual(['sandbox', 's', 'o', 'p'])
  })
})
