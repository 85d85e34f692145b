// Every fault of PKB, by both transports; and tokens, which only one of them has.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Shipment } from '../../src/deliver/destination.ts'
import type { Outcome } from '../../src/types.ts'
import { pkbFaultsContract } from '../contracts/pkb-faults.ts'
import { pkbStand, type PkbStand } from '../support/pkb.ts'
import { aShipment, recallOf } from '../support/shipment.ts'

describe('by fhir', () => { pkbFaultsContract('fhir') })
describe('by hl7-soap', () => { pkbFaultsContract('hl7-soap') })

describe('by fhir, a delete', () => {
  let stand: PkbStand
  beforeAll(async () => { stand = await pkbStand('fhir') })
  afterAll(async () => { await stand.close() })
  afterEach(async () => { await stand.client.control({ faults: [] }) })
  const within = (): AbortSignal => AbortSignal.timeout(5_000)
  const deleted = async (n: number, fault: object): Promise<{ readonly letter: Shipment; readonly outcome: Outcome }> => {
    const letter = await aShipment(stand.content, { n })
    expect(await stand.destination.create(letter, within())).toMatchObject({ kind: 'accepted' })
    await stand.client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'DELETE', ...fault }] })
    return { letter, outcome: await stand.destination.recall(recallOf(letter), within()) }
  }

  test.each([404, 410])('of which PKB says %i while the copy can still be found is not believed', async (status) => {
    const { letter, outcome } = await deleted(status, { status })
    expect(outcome).toMatchObject({ kind: 'unsure', code: 'STILL_THERE' })
    expect(outcome.confirmed).toBeUndefined()
    expect(await stand.standing(letter)).toEqual([letter.content.sha256])
  })

  test.each([403, 405, 409, 422, 501])('that PKB answers with %i empties the copy instead', async (status) => {
    const { letter, outcome } = await deleted(status, { status })
    expect(outcome).toMatchObject({ kind: 'accepted', confirmed: true })
    expect(await stand.standing(letter)).not.toContain(letter.content.sha256)
  })
})

describe('tokens', () => {
  let stand: PkbStand
  beforeAll(async () => { stand = await pkbStand('fhir') })
  afterAll(async () => { await stand.close() })

  test('one that PKB calls expired before we do is replaced, and the letter arrives once', async () => {
    const letter = await aShipment(stand.content, { n: 1 })
    expect(await stand.destination.create(letter, AbortSignal.timeout(5_000))).toMatchObject({ kind: 'accepted' })
    stand.sandbox.clock.now = new Date(stand.sandbox.clock.now.getTime() + 3_600_000)
    const other = await aShipment(stand.content, { n: 2 })
    expect(await stand.destination.create(other, AbortSignal.timeout(5_000))).toMatchObject({ kind: 'accepted', trace: { status: 201 } })
    expect(await stand.standing(other)).toEqual([other.content.sha256])
  })
})
