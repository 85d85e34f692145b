import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Story } from '../../src/ledger/ledger.ts'
import type { Outcome } from '../../src/types.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, ending, thinking, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(() => place.close())

let nth = 0
const fresh = () => `RIO-A${++nth}`
const iso = (secs = 0) => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!

describe('the print house', () => {
  const printing = async () => {
    const { id } = await place.upload({ documentId: fresh(), patient: ADA, team: 'CAMHS1' })
    await work(place, id, 'print', { remoteId: 'B1' })
    const { state, deliveries: [delivery] } = await story(id)
    expect(state).toBe('printing')
    return { id, deliveryId: delivery!.id }
  }

  test('acknowledges an item once, however often it is read', async () => {
    const { id, deliveryId } = await printing()
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'B1', revision: 1 }, iso())
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'B1', revision: 1 }, iso())
    const { state, deliveries, events } = await story(id)
    expect({ state, deliveries }).toMatchObject({ state: 'printed', deliveries: [{ state: 'printed', standing: 'present' }] })
    expect(events.filter(({ kind }) => kind === 'print-acknowledged')).toHaveLength(1)
  })

  test('says something of an earlier letter, and nobody wrote down in which batch the one there now lies: that is not answered', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, patient: ADA, team: 'CAMHS1' })
    const corrected = { documentId, patient: ADA, team: 'CAMHS1', event: 'updated', uploadedAt: '2026-11-21T00:00:00Z' }
    await place.upload(corrected, { receipt: aReceipt(corrected, { contents: [aContent('corrected')] }) })
    await work(place, id, 'print', { remoteId: undefined } as object)
    const [delivery] = (await story(id)).deliveries
    expect([delivery!.standingRevision, delivery!.remoteId]).toEqual([2, undefined])
    for (const accepted of [true, false]) await place.ledger.acknowledgePrint({ deliveryId: delivery!.id, accepted, batch: 'B1', revision: 1 }, iso())
    expect((await story(id)).deliveries[0]!.state).toBe('printing')
    await place.ledger.acknowledgePrint({ deliveryId: delivery!.id, accepted: true, batch: 'B2', revision: 2 }, iso())
    expect((await story(id)).deliveries[0]!.state).toBe('printed')
  })

  test('rejects an item, and another try hands it over again', async () => {
    const { id, deliveryId } = await printing()
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, reason: 'page size', batch: 'B1', revision: 1 }, iso())
    expect(await story(id)).toMatchObject({ state: 'failed', deliveries: [{ state: 'failed', standing: 'nothing', lastDetail: 'page size' }] })
    expect(await place.ledger.retry(deliveryId, 'clerk', 'mended', iso())).toBe(true)
    expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ action: 'create' })
    expect((await story(id)).state).toBe('printing')
  })

  test('answers about an earlier batch, and the letter that lies in the outbox now can still be taken back', async () => {
    const { id, deliveryId } = await printing()
    const { document: { documentId } } = await story(id)
    const corrected = { documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'CAMHS1' }
    await place.upload(corrected, { receipt: aReceipt(corrected, { contents: [aContent('corrected')] }) })
    await work(place, id, 'print', { remoteId: 'B2' })
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'B1', revision: 1 }, iso())
    expect((await story(id)).state).toBe('printing')
    await place.upload({ ...corrected, documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T13:00:00Z' })
    expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ do: 'exchange', action: 'recall' })
  })

  test('answers about an earlier batch while the next one is being handed over', async () => {
    const { id, deliveryId } = await printing()
    const { document: { documentId } } = await story(id)
    const corrected = { documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'CAMHS1' }
    await place.upload(corrected, { receipt: aReceipt(corrected, { contents: [aContent('corrected')] }) })
    const lock = (await place.ledger.lock(id, 'print'))!
    const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'B1', revision: 1 }, iso())
    await lock.finish(ending(begun, { remoteId: 'B2' }, place.clock.at))
    await lock.release()
    expect((await story(id)).state).toBe('printing')
  })

  describe('answers while the worker that hands a letter over is heard of no more', () => {
    const corrected = async (id: string) => {
      const { document: { documentId } } = await story(id)
      const metadata = { documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'CAMHS1' }
      await place.upload(metadata, { receipt: aReceipt(metadata, { contents: [aContent('corrected')] }) })
    }
    /** It has begun, its lock is gone, and nobody knows what it did. */
    const cutOff = async (id: string) => {
      const lock = (await place.ledger.lock(id, 'print'))!
      await lock.begin(thinking(place.policy, place.clock.at), iso())
      await lock.release()
    }

    test('about the letter before: the correction is still to be looked for', async () => {
      const { id, deliveryId } = await printing()
      await corrected(id)
      await cutOff(id)
      for (const accepted of [true, false]) {
        await place.ledger.acknowledgePrint({ deliveryId, accepted, batch: 'B1', revision: 1 }, iso())
        expect((await story(id)).deliveries).toMatchObject([{ state: 'sending', standing: 'unsure', standingRevision: 2, dueAt: iso(60) }])
      }
    })

    test('about this very letter: it is settled, and what was sent back can be tried again', async () => {
      for (const accepted of [true, false]) {
        const { id, deliveryId } = await printing()
        await corrected(id)
        await cutOff(id)
        await place.ledger.acknowledgePrint({ deliveryId, accepted, batch: 'B2', revision: 2 }, iso())
        expect((await story(id)).deliveries).toMatchObject([accepted ? { state: 'printed', standing: 'present', standingRevision: 2, remoteId: 'B2' } : { state: 'failed', standing: 'nothing', lastCode: 'rejected' }])
        expect(await place.ledger.retry(deliveryId, 'clerk', 'mended', iso())).toBe(!accepted)
      }
    })
  })

  test('sends back a letter before it is written down that it counts as the new one: another try hands that over', async () => {
    const { id, deliveryId } = await printing()
    const { document: { documentId } } = await story(id)
    await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'CAMHS1' })
    const lock = (await place.ledger.lock(id, 'print'))!
    const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'B1', revision: 1 }, iso())
    await lock.finish(ending(begun, { remoteId: 'B1' }, place.clock.at))
    await lock.release()
    const [delivery] = (await story(id)).deliveries
    expect(delivery).toMatchObject({ state: 'failed', standing: 'nothing', lastCode: 'rejected' })
    expect(delivery).not.toHaveProperty('dueAt')
    expect(await place.ledger.retry(deliveryId, 'clerk', 'mended', iso())).toBe(true)
    expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ action: 'create' })
  })

  test('sends back what could not be pulled back any more: nothing stands, and nobody has to do anything', async () => {
    const { id, deliveryId } = await printing()
    const { document: { documentId } } = await story(id)
    await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'CAMHS1', documentType: 'MH DO NOT share with patient' })
    await work(place, id, 'print', { kind: 'refused', code: 'ALREADY_TAKEN', remoteId: 'B1' })
    expect((await story(id)).state).toBe('failed')
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'B1', revision: 1 }, iso())
    expect(await story(id)).toMatchObject({ state: 'withheld', deliveries: [{ state: 'closed', standing: 'nothing' }] })
  })

  test('calls printed what it has sent back: that waits for a person still, and is not posted twice', async () => {
    const { id, deliveryId } = await printing()
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'B1', revision: 1 }, iso())
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'B1', revision: 1 }, iso())
    expect((await story(id)).deliveries).toMatchObject([{ state: 'failed', standing: 'nothing' }])
    expect((await work(place, id, 'print'))?.thought.step).toEqual({ do: 'nothing' })
  })

  test('answers about a letter that nobody knows, and nothing happens', async () => {
    await place.ledger.acknowledgePrint({ deliveryId: '00000000-0000-4000-8000-000000000009', accepted: true, batch: 'B3', revision: 3 }, iso())
  })

  describe('sends back the letter before while it is handed over once more, which may come to count as that or lie there as another', () => {
    const says = async (id: string, hour: number, metadata: object) => {
      const { document: { documentId } } = await story(id)
      await place.upload({ documentId, event: 'updated', uploadedAt: `2026-11-20T${hour}:00:00Z`, ...metadata })
    }
    const OUT_OF_SCOPE = { team: 'CAMHS1' }
    const begun = async (id: string) => {
      await says(id, 12, OUT_OF_SCOPE)
      const lock = (await place.ledger.lock(id, 'print'))!
      const exchange = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
      return { lock, ends: async (outcome: Partial<Outcome>) => { await lock.finish(ending(exchange, outcome, place.clock.at, place.policy)); await lock.release() } }
    }
    const sendsBack = (deliveryId: string) => place.ledger.acknowledgePrint({ deliveryId, accepted: false, reason: 'torn', batch: 'B1', revision: 1 }, iso())
    const states = async (id: string) => Object.fromEntries((await story(id)).deliveries.map(({ destination, state }) => [destination, state]))

    test.each(['before', 'after'] as const)('nothing goes to PKB before it is known which, though RiO means it for PKB %s that', async (when) => {
      for (const { outcome, leaves } of [
        { outcome: { remoteId: 'B1' }, leaves: { print: 'closed', pkb: 'owed' } },
        { outcome: { kind: 'unavailable', code: 'ENOSPC' }, leaves: { print: 'closed', pkb: 'owed' } },
        { outcome: { remoteId: 'B2' }, leaves: { print: 'recalling' } },
      ] as const) {
        const { id, deliveryId } = await printing()
        const { ends } = await begun(id)
        if (when === 'before') await says(id, 13, {})
        await sendsBack(deliveryId)
        if (when === 'after') await says(id, 13, {})
        expect((await story(id)).deliveries).toMatchObject([{ state: 'recalling', standing: 'unsure', lastDetail: 'torn' }])
        expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'nothing' })
        await ends(outcome)
        expect(await states(id)).toEqual(leaves)
        await work(place, id, 'print')
        expect(await states(id)).toMatchObject({ pkb: 'owed' })
      }
    })

    test('it is written down once, and whoever asks is told why', async () => {
      const { id, deliveryId } = await printing()
      const { ends } = await begun(id)
      for (let times = 0; times < 2; times += 1) await sendsBack(deliveryId)
      await ends({ remoteId: 'B1' })
      const { deliveries, events } = await story(id)
      expect(deliveries).toMatchObject([{ state: 'failed', standing: 'nothing', lastCode: 'rejected', lastDetail: 'torn' }])
      expect(events.filter(({ kind }) => kind === 'print-rejected')).toHaveLength(1)
    })

    test('what lies there as another is the letter, and its answer counts', async () => {
      for (const accepted of [true, false]) {
        const { id, deliveryId } = await printing()
        const { ends } = await begun(id)
        await sendsBack(deliveryId)
        await ends({ remoteId: 'B2' })
        expect((await story(id)).deliveries).toMatchObject([{ state: 'printing', standing: 'present', standingRevision: 2 }])
        await place.ledger.acknowledgePrint({ deliveryId, accepted, batch: 'B2', revision: 2 }, iso())
        expect((await story(id)).state).toBe(accepted ? 'printed' : 'failed')
      }
    })

    test('what could not be handed over is tried again', async () => {
      const { id, deliveryId } = await printing()
      const { ends } = await begun(id)
      await sendsBack(deliveryId)
      await ends({ kind: 'unavailable', code: 'ENOSPC' })
      expect((await story(id)).deliveries).toMatchObject([{ state: 'owed', standing: 'nothing' }])
      place.clock.at = new Date(iso(700))
      expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ action: 'create', revision: 2 })
      expect((await story(id)).state).toBe('printing')
    })

    test('a worker that is heard of no more is looked for', async () => {
      const { id, deliveryId } = await printing()
      const { lock } = await begun(id)
      await lock.release()
      await sendsBack(deliveryId)
      expect((await story(id)).deliveries).toMatchObject([{ state: 'sending', standing: 'unsure', standingRevision: 2 }])
      place.clock.at = new Date(iso(61))
      expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ action: 'look' })
    })
  })

  test('what was too late for a letter says nothing of the one that is handed over after it', async () => {
    const { id, deliveryId } = await printing()
    const { document: { documentId } } = await story(id)
    const says = (hour: number, metadata: object) => {
      const said = { documentId, event: 'updated', uploadedAt: `2026-11-20T${hour}:00:00Z`, ...metadata }
      return place.upload(said, { receipt: aReceipt(said, { contents: [aContent('corrected')] }) })
    }
    await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' })
    await work(place, id, 'print', { kind: 'refused', code: 'ALREADY_TAKEN', remoteId: 'B1' })
    await says(13, { team: 'CAMHS1' })
    const lock = (await place.ledger.lock(id, 'print'))!
    await lock.begin(thinking(place.policy, place.clock.at), iso())
    await lock.release()
    for (const hour of [14, 15]) await says(hour, {})
    expect((await story(id)).deliveries).toMatchObject([{ id: deliveryId, state: 'recalling', standing: 'unsure' }])
    expect((await work(place, id, 'print'))?.thought.step).toMatchObject({ action: 'recall' })
  })
})
