// What PKB takes with an AA and does not show: messages held for somebody of the organisation, and what becomes of
// them.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { aClient, aPdf, aSandbox, aT02, aT11, sha256 } from '../support/sandbox.ts'
import type { SandboxClient, T02 } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const ADA = '9990000018'
const WRONG_DAY = { birthDate: '19700102' }
const send = async (overrides: T02 = {}) => (await client.hl7(aT02(overrides))).code
const record = async (nhsNumber = ADA) => {
  const { documents, quarantined } = await client.record(nhsNumber)
  return { hashes: documents.map((one) => one.sha256), quarantined }
}
const quarantine = async () => ((await client.ask('/control')).body as { quarantine: { documentNumber: string; why: string }[] }).quarantine
const decide = (what: 'accept' | 'reject', documentNumber = 'number-1') => client.control({ quarantine: { [what]: [documentNumber] } })
const FIRST = sha256(aPdf())
const SECOND = sha256(aPdf('second'))

test.each<[string, T02, string, number]>([
  ['another date of birth', WRONG_DAY, 'date-of-birth', 1],
  ['an NHS number with status 02', { pid3: `${ADA}^^^NHS^NH{status:02}` }, 'nhs-number-not-verified', 1],
  ['an NHS number without a status', { pid3: `${ADA}^^^NHS^NH` }, 'nhs-number-not-verified', 1],
  ['two NHS numbers that disagree', { pid3: `${ADA}^^^NHS^NH{status:01}~9990000026^^^NHS^NH{status:01}` }, 'nhs-number-not-verified', 1],
  ['no NHS number', { pid3: 'C123^^^TRUST^PI' }, 'no-nhs-number', 0],
  ['an NHS number of another authority, which is silently ignored', { pid3: `${ADA}^^^TRUST^NH{status:01}` }, 'no-nhs-number', 0],
])('%s is held after an AA and is not in the record', async (_, overrides, why, counted) => {
  expect(await send(overrides)).toBe('AA')
  expect(await record()).toEqual({ hashes: [], quarantined: counted })
  expect(await quarantine()).toMatchObject([{ documentNumber: 'number-1', why, controlId: 'message-number-1', sha256: FIRST }])
  expect(String((await client.ask(`/records/${ADA}`, { headers: { accept: 'text/html' } })).body).includes('Held back')).toBe(counted === 1)
})

test('local identifiers beside a verified NHS number change nothing', async () => {
  await send({ pid3: `C123^^^TRUST^PI~${ADA}^^^NHS^NH{status:01}` })
  expect(await record()).toEqual({ hashes: [FIRST], quarantined: 0 })
})

test('an accepted message is in the record, and so is the next one about the same document', async () => {
  await send(WRONG_DAY)
  await decide('accept')
  expect(await record()).toEqual({ hashes: [FIRST], quarantined: 0 })
  await send({ ...WRONG_DAY, pdf: aPdf('second') })
  expect(await record()).toEqual({ hashes: [SECOND], quarantined: 0 })
})

test('a rejected message is gone, and so is the next one, until a later decision', async () => {
  await send(WRONG_DAY)
  await decide('reject')
  await send(WRONG_DAY)
  expect(await record()).toEqual({ hashes: [], quarantined: 0 })
  await decide('accept')
  expect(await record()).toEqual({ hashes: [], quarantined: 0 })
  await send(WRONG_DAY)
  expect(await record()).toEqual({ hashes: [FIRST], quarantined: 0 })
})

test('a replacement that is held leaves what stands', async () => {
  await send()
  await send({ ...WRONG_DAY, pdf: aPdf('second') })
  expect(await record()).toEqual({ hashes: [FIRST], quarantined: 1 })
  await decide('accept')
  expect(await record()).toEqual({ hashes: [SECOND], quarantined: 0 })
})

test('a T11 does not reach a held message: accepted afterwards, it is shown', async () => {
  await send(WRONG_DAY)
  expect((await client.hl7(aT11())).code).toBe('AA')
  expect(await record()).toEqual({ hashes: [], quarantined: 1 })
  await decide('accept')
  expect(await record()).toEqual({ hashes: [FIRST], quarantined: 0 })
})

test('there is nothing to decide about a document that is not held, nor to accept for nobody', async () => {
  await send({ pid3: 'C123^^^TRUST^PI' })
  expect([(await decide('accept')).status, (await decide('reject', 'another')).status]).toEqual([400, 400])
  expect((await decide('reject')).status).toBe(200)
  expect(await quarantine()).toEqual([])
})

test('without soft matching the date of birth is not looked at, nor needed', async () => {
  await client.control({ hl7: { softMatching: false } })
  await send(WRONG_DAY)
  await send({ birthDate: '', documentNumber: 'another' })
  expect(await record()).toMatchObject({ hashes: [FIRST, FIRST], quarantined: 0 })
})

test('an unknown patient is created, not registered; with auto-creation off the message is refused', async () => {
  const nhsNumber = '9990000034'
  await client.control({ hl7: { autoCreate: false } })
  expect(await send({ nhsNumber })).toBe('AR')
  expect(await client.record(nhsNumber)).toMatchObject({ documents: [] })
  await client.control({ hl7: { autoCreate: true } })
  expect(await send({ nhsNumber, birthDate: '19901231' })).toBe('AA')
  expect(await record(nhsNumber)).toEqual({ hashes: [FIRST], quarantined: 0 })
  expect((await client.ask('/control')).body).toMatchObject({ patients: expect.arrayContaining([{ nhsNumber, birthDate: '1990-12-31', registered: false, deceased: false }]) })
  expect(await send({ nhsNumber, ...WRONG_DAY, documentNumber: 'second' })).toBe('AA')
  expect(await record(nhsNumber)).toEqual({ hashes: [FIRST], quarantined: 1 })
})
