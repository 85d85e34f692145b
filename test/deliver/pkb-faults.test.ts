// Every fault of PKB, by both transports; and tokens, which only one of them has.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pkbFaultsContract } from '../contracts/pkb-faults.ts'
import { pkbStand, type PkbStand } from '../support/pkb.ts'
import { aShipment } from '../support/shipment.ts'

describe('by fhir', () => { pkbFaultsContract('fhir') })
describe('by hl7-soap', () => { pkbFaultsContract('hl7-soap') })

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
