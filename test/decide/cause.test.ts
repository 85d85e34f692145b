// Why a delivery is in trouble: every outcome with every code that the engine can write down has one cause, and nothing of
// a patient gets into a signature.
import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import * as fc from '../support/fast-check.ts'
import { CAUSES, causeOf, failingOf, signatureOf, type Cause, type Trouble } from '../../src/decide/cause.ts'
import { classifyBreak, classifyStatus, type Asked } from '../../src/deliver/outcomes.ts'
import { ERRORS } from '../../src/errors.ts'
import { ACTIONS, DELIVERY_STATES, OUTCOMES, type OutcomeKind } from '../../src/types.ts'

const aTrouble = (overrides: Partial<Trouble> = {}): Trouble => ({ state: 'owed', outcome: 'unavailable', code: '503', ...overrides })

/** An address that is not there, of a transport that is not chosen any more: that stops nothing but its own copy. */
const isGone = (status: number, outcome: OutcomeKind): boolean => outcome === 'unavailable' && (status === 404 || status === 410)

describe('the cause', () => {
  test.each<[OutcomeKind, string, Cause]>([
    ['forbidden', '401', 'credentials'], ['forbidden', '403', 'credentials'], ['forbidden', '404', 'credentials'], ['forbidden', '302', 'credentials'], ['forbidden', 'NOT_FHIR', 'credentials'],
    ['forbidden', 'TOKEN_400', 'credentials'], ['forbidden', 'TOKEN_401', 'credentials'], ['forbidden', 'SOAP_SECURITY', 'credentials'],
    // Of the transport that is not chosen any more.
    ['unavailable', '401', 'credentials'], ['unavailable', 'SOAP_SECURITY', 'credentials'], ['unavailable', '404', 'credentials'],
    ['unregistered', '404', 'not-registered'], ['unregistered', 'anything', 'not-registered'],
    ['refused', '400', 'refused'], ['refused', '409', 'refused'], ['refused', '422', 'refused'], ['refused', '501', 'refused'], ['refused', 'AR', 'refused'], ['refused', 'CR', 'refused'],
    ['refused', 'SOAP_CLIENT', 'refused'], ['refused', 'SEARCH_IGNORED', 'refused'], ['refused', 'ALREADY_TAKEN', 'refused'], ['refused', 'EARLIER_ONE_TAKEN', 'refused'], ['refused', 'rejected', 'refused'],
    ['unavailable', '407', 'network-tls'], ['unavailable', 'TOKEN_407', 'network-tls'], ['unavailable', '511', 'network-tls'], ['unsure', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'network-tls'],
    ['unavailable', '429', 'rate-limit'], ['unavailable', 'TOKEN_429', 'rate-limit'],
    ['unavailable', '503', 'pkb-down'], ['unavailable', 'TOKEN_503', 'pkb-down'], ['unsure', '500', 'pkb-down'], ['unsure', '502', 'pkb-down'], ['unsure', '504', 'pkb-down'], ['unsure', '408', 'pkb-down'],
    ['unsure', '412', 'pkb-down'], ['unsure', '404', 'pkb-down'], ['unsure', '202', 'pkb-down'], ['unsure', 'TIMEOUT', 'pkb-down'], ['unavailable', 'TIMEOUT', 'pkb-down'], ['unavailable', 'TOKEN_TIMEOUT', 'pkb-down'],
    ['unsure', 'AE', 'pkb-down'], ['unsure', 'CE', 'pkb-down'], ['unsure', 'SOAP_FAULT', 'pkb-down'], ['unsure', 'NOT_AN_ACK', 'pkb-down'], ['unsure', 'NOT_OUR_ACK', 'pkb-down'], ['unsure', 'NOT_FHIR', 'pkb-down'],
    ['unsure', 'NOT_SENT_WHOLE', 'pkb-down'], ['unsure', 'STILL_THERE', 'pkb-down'], ['unsure', 'ANSWER_TOO_LARGE', 'pkb-down'], ['unavailable', 'ANSWER_UNREADABLE', 'pkb-down'], ['unavailable', 'NOT_IN_ANSWER', 'pkb-down'],
    ['unavailable', 'ANSWERS_DISAGREE', 'pkb-down'], ['unsure', 'UND_ERR_HEADERS_TIMEOUT', 'pkb-down'], ['accepted', '204', 'pkb-down'],
    ['unavailable', 'ECONNREFUSED', 'network-tls'], ['unavailable', 'TOKEN_ECONNREFUSED', 'network-tls'], ['unavailable', 'ENOTFOUND', 'network-tls'], ['unavailable', 'CERT_HAS_EXPIRED', 'network-tls'],
    ['unavailable', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'network-tls'], ['unavailable', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'network-tls'], ['unavailable', 'HOSTNAME_MISMATCH', 'network-tls'],
    ['unavailable', 'ERR_TLS_CERT_ALTNAME_INVALID', 'network-tls'], ['unavailable', 'ERR_SSL_WRONG_VERSION_NUMBER', 'network-tls'], ['unavailable', 'UND_ERR_CONNECT_TIMEOUT', 'network-tls'],
    ['unsure', 'ECONNRESET', 'network-tls'], ['unsure', 'EPIPE', 'network-tls'], ['unsure', 'UND_ERR_SOCKET', 'network-tls'], ['unsure', 'CONNECTION_BROKEN', 'network-tls'],
    ['refused', 'NO_CONTENT', 'our-fault'], ['refused', 'NO_SERVICE_CODE', 'our-fault'], ['refused', 'NO_DOCUMENT_TYPE', 'our-fault'], ['refused', 'NO_NHS_NUMBER', 'our-fault'], ['refused', 'ANOTHER_PATIENT', 'our-fault'],
    ['refused', 'NOT_A_PDF', 'our-fault'], ['refused', 'NO_ADDRESS', 'our-fault'], ['refused', 'NO_NAME', 'our-fault'], ['refused', 'CONTENT_MISSING', 'our-fault'], ['unsure', 'INTERNAL', 'our-fault'],
    ['unavailable', 'STOPPED', 'our-fault'], ['unavailable', 'ENOSPC', 'our-fault'], ['unavailable', 'EACCES', 'our-fault'], ['unavailable', 'CANNOT_LOOK', 'our-fault'], ['unavailable', 'NOT_A_NUMBER', 'our-fault'],
    ['unsure', 'something new', 'our-fault'], ['refused', 'SECOND_KEY', 'second-key'],
  ])('of %s, %s is %s', (outcome, code, cause) => expect(causeOf({ state: 'owed', outcome, code })).toBe(cause))

  test('of what the second key blocked is the second key, whatever was tried before', () => {
    for (const outcome of OUTCOMES) expect(causeOf({ state: 'blocked', outcome, code: '503' })).toBe('second-key')
  })

  test('is one of the closed set for every status, action and target there is, and says credentials exactly where the engine is refused', () => {
    for (let status = 100; status < 600; status += 1)
      for (const action of ACTIONS)
        for (const target of ['endpoint', 'instance'] as const) {
          const outcome = classifyStatus(status, { action, target } satisfies Asked)
          const cause = causeOf({ state: 'owed', outcome, code: String(status) })
          expect(CAUSES).toContain(cause)
          if (outcome !== 'accepted') expect([status, cause]).toEqual([status, outcome === 'forbidden' ? 'credentials' : outcome === 'refused' ? 'refused' : isGone(status, outcome) ? 'credentials' : status === 429 ? 'rate-limit' : status === 407 || status === 511 ? 'network-tls' : 'pkb-down'])
        }
  })
})

describe('every code', () => {
  const folder = new URL('../../src/deliver/', import.meta.url)
  const files = (readdirSync(folder, { recursive: true, encoding: 'utf8' })).filter((file) => file.endsWith('.ts') && !file.includes('doctor'))
  const text = files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n')
  const paired = [/kind: '(\w+)', code: '([A-Z][A-Z_]+)'/gu, /outcome\('(\w+)', '([A-Z][A-Z_]+)'/gu].flatMap((form) => [...text.matchAll(form)].map(([, kind, code]): [OutcomeKind, string] => [kind as OutcomeKind, code!]))
  const bare = [...text.matchAll(/\bcode: '([A-Z][A-Z_]+)'/gu)].flatMap(([, code]) => (paired.some(([, known]) => known === code) ? [] : [code!]))

  test('that deliver/ writes down is known, with the outcome that it is written down with', () => {
    expect(paired.length).toBeGreaterThan(12)
    expect(bare.length).toBeGreaterThan(4)
    for (const [outcome, code] of [...paired, ...bare.map((code): [OutcomeKind, string] => ['unavailable', code])]) {
      if (outcome === 'accepted') continue
      const cause = causeOf({ state: 'owed', outcome, code })
      const expected = OURS.has(code) ? [code === 'SECOND_KEY' ? 'second-key' : 'our-fault'] : outcome === 'forbidden' ? ['credentials'] : outcome === 'refused' ? ['refused'] : ['pkb-down', 'network-tls', 'rate-limit']
      expect([code, expected.includes(cause) ? 'as expected' : cause]).toEqual([code, 'as expected'])
    }
  })

  test('of a connection that never came about is the network', () => {
    const codes = [...(/NEVER_CONNECTED = new Set\(\[([\s\S]*?)\]\)/u.exec(text)?.[1] ?? '').matchAll(/'(\w+)'/gu)].map(([, code]) => code!)
    expect(codes.length).toBeGreaterThan(15)
    for (const code of codes) expect([code, classifyBreak(code, 'create'), causeOf({ state: 'owed', outcome: 'unavailable', code })]).toEqual([code, 'unavailable', 'network-tls'])
  })

  test('of errors.ts has a cause, and what the engine itself did wrong is our fault', () => {
    for (const code of Object.keys(ERRORS)) for (const outcome of ['unsure', 'unavailable'] as const) expect([code, causeOf({ state: 'owed', outcome, code })]).toEqual([code, code === 'SECOND_KEY' ? 'second-key' : code.startsWith('DESTINATION_') ? 'pkb-down' : 'our-fault'])
  })
})

/** Codes that say that something is missing on this side. */
const OURS = new Set(['NO_CONTENT', 'NO_ADDRESS', 'NO_NAME', 'NO_SERVICE_CODE', 'NO_DOCUMENT_TYPE', 'NO_NHS_NUMBER', 'ANOTHER_PATIENT', 'NOT_A_PDF', 'NOT_A_NUMBER', 'CANNOT_LOOK', 'SECOND_KEY'])

describe('the signature', () => {
  test.each<[Partial<Trouble>, string]>([
    [{ outcome: 'refused', code: '422', answer: 'processing DocumentReference.type' }, '422 processing DocumentReference.type'],
    [{ outcome: 'refused', code: '422', answer: 'invalid DocumentReference.content[3].attachment, invalid DocumentReference.content[7].attachment' }, '422 invalid DocumentReference.content.attachment'],
    [{ outcome: 'refused', code: 'AR', answer: 'AR 207 OBX[2]-5 TXA-2' }, 'AR 207 OBX-5 TXA-2'],
    [{ outcome: 'unsure', code: 'AE', answer: 'AE' }, 'AE'],
    [{ code: 'ECONNREFUSED' }, 'ECONNREFUSED'],
    [{ code: 'SOAP_SECURITY', answer: 'SOAP_SECURITY' }, 'SOAP_SECURITY'],
    [{ state: 'blocked', code: 'SECOND_KEY', detail: 'F12: the account is not registered' }, 'SECOND_KEY F12'],
    [{ state: 'blocked', code: 'SECOND_KEY', detail: 'The delivery is for another patient.' }, 'SECOND_KEY The delivery is for another patient.'],
    [{ state: 'blocked', code: 'SECOND_KEY', detail: 'The policy in force cannot read the receipt (DOCUMENT_ID_MISSING).' }, 'SECOND_KEY The policy in force cannot read the receipt.'],
    [{ code: 'Ada Example 9990000018' }, 'unknown'],
  ])('of %j is %s', (overrides, signature) => expect(signatureOf(aTrouble(overrides))).toBe(signature))

  test('takes no part in words of the other side, nor a number that could be somebody’s', () => {
    const number = fc.stringMatching(/^\d{4,12}$/u)
    const any = fc.oneof(fc.string(), number, fc.constantFrom('422', 'AR', 'AR 207', 'processing DocumentReference.type'))
    fc.assert(fc.property(fc.constantFrom(...DELIVERY_STATES), fc.constantFrom(...OUTCOMES), fc.array(any), fc.array(any), fc.array(any), (state, outcome, code, detail, answer) => {
      const { cause, signature } = failingOf({ state, outcome, code: code.join(' '), detail: detail.join(' '), answer: answer.join(' ') })
      expect(CAUSES).toContain(cause)
      expect(signature).not.toMatch(/\d{4}/u)
      expect(signature).toMatch(/^[\w .,-]{1,600}$/u)
    }))
  })
})
