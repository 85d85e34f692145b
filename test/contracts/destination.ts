// What every destination has to do, whatever is behind it.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Destination, Shipment } from '../../src/deliver/destination.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { aPdf } from '../support/pdf.ts'
import { aShipment, recallOf } from '../support/shipment.ts'

export type DestinationUnderTest = {
  readonly destination: Destination
  readonly content: ContentStore
  /** SHA-256 of each copy of the letter that stands there now, seen from the other side. */
  standing(shipment: Shipment): Promise<readonly string[]>
  close(): Promise<void>
}

const patient = (): AbortSignal => AbortSignal.timeout(20_000)

/** `looks`: whether it can be asked what stands there. */
export const destinationContract = (open: () => Promise<DestinationUnderTest>, { looks = true }: { readonly looks?: boolean } = {}): void => {
  let stand: DestinationUnderTest
  let letters = 0
  const fresh = (overrides: Partial<Shipment> & { n?: number; pdf?: Buffer } = {}): Promise<Shipment> => aShipment(stand.content, { n: 100 + ++letters, ...overrides })
  /** The same letter with other content. */
  const changed = (shipment: Shipment, revision = 2): Promise<Shipment> =>
    aShipment(stand.content, { n: 100 + letters, revision, pdf: aPdf({ mark: `letter ${letters}, revision ${revision}` }), ...(shipment.remoteId ? { remoteId: shipment.remoteId } : {}) })

  beforeAll(async () => { stand = await open() })
  afterAll(async () => { await stand.close() })

  test('a created letter stands there, byte for byte', async () => {
    const shipment = await fresh()
    expect(await stand.destination.create(shipment, patient())).toMatchObject({ kind: 'accepted', remoteId: expect.any(String) })
    expect(await stand.standing(shipment)).toEqual([shipment.content.sha256])
  })

  test('creating it a second time leaves one copy', async () => {
    const shipment = await fresh()
    const first = await stand.destination.create(shipment, patient())
    expect(await stand.destination.create(shipment, patient())).toMatchObject({ kind: 'accepted', remoteId: first.remoteId })
    expect(await stand.standing(shipment)).toEqual([shipment.content.sha256])
  })

  test('creating a newer revision of what is there replaces it', async () => {
    const shipment = await fresh()
    await stand.destination.create(shipment, patient())
    const next = await changed(shipment)
    expect(await stand.destination.create(next, patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(next)).toEqual([next.content.sha256])
  })

  test('an update replaces the whole letter', async () => {
    const shipment = await fresh()
    const { remoteId } = await stand.destination.create(shipment, patient())
    const next = { ...(await changed(shipment)), ...(remoteId ? { remoteId } : {}) }
    expect(await stand.destination.update(next, patient())).toMatchObject({ kind: 'accepted', remoteId: expect.any(String) })
    expect(await stand.standing(next)).toEqual([next.content.sha256])
  })

  test('an update finds the letter by its identifier where no remote id is known', async () => {
    const shipment = await fresh()
    await stand.destination.create(shipment, patient())
    const next = await changed(shipment)
    expect(await stand.destination.update(next, patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(next)).toEqual([next.content.sha256])
  })

  test('a recalled letter is gone, and can be sent again', async () => {
    const shipment = await fresh()
    const { remoteId } = await stand.destination.create(shipment, patient())
    expect(await stand.destination.recall({ ...recallOf(shipment), ...(remoteId ? { remoteId } : {}) }, patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(shipment)).toEqual([])
    const next = await changed(shipment, 3)
    expect(await stand.destination.create(next, patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(next)).toEqual([next.content.sha256])
  })

  test('a recall finds the letter by its identifier', async () => {
    const shipment = await fresh()
    await stand.destination.create(shipment, patient())
    expect(await stand.destination.recall(recallOf(shipment), patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(shipment)).toEqual([])
  })

  test('recalling what is not there is done at once', async () => {
    expect(await stand.destination.recall(recallOf(await fresh()), patient())).toMatchObject({ kind: 'accepted' })
  })

  test('recalling what is not there any more is done at once, by the id that it had', async () => {
    const shipment = await fresh()
    const { remoteId } = await stand.destination.create(shipment, patient())
    const recall = { ...recallOf(shipment), ...(remoteId ? { remoteId } : {}) }
    await stand.destination.recall(recall, patient())
    expect(await stand.destination.recall(recall, patient())).toMatchObject({ kind: 'accepted' })
    expect(await stand.standing(shipment)).toEqual([])
  })

  if (looks) test('a look says what stands there', async () => {
    const shipment = await fresh()
    expect(await stand.destination.look(recallOf(shipment), patient())).toMatchObject({ found: false, outcome: { kind: 'accepted' } })
    const { remoteId } = await stand.destination.create(shipment, patient())
    expect(await stand.destination.look(recallOf(shipment), patient())).toMatchObject({ found: true, remoteId, revision: 1, outcome: { kind: 'accepted' } })
    await stand.destination.recall(recallOf(shipment), patient())
    expect(await stand.destination.look(recallOf(shipment), patient())).toMatchObject({ found: false, outcome: { kind: 'accepted' } })
  })

  if (!looks) test('where nobody can look, a look says so and never that nothing stands', async () => {
    const shipment = await fresh()
    const cannot = { found: false, outcome: { kind: 'unavailable', code: 'CANNOT_LOOK' } }
    expect(await stand.destination.look(recallOf(shipment), patient())).toMatchObject(cannot)
    await stand.destination.create(shipment, patient())
    expect(await stand.destination.look(recallOf(shipment), patient())).toMatchObject(cannot)
  })

  if (!looks) test('where nobody can look, a recall is never called confirmed', async () => {
    const shipment = await fresh()
    await stand.destination.create(shipment, patient())
    const outcome = await stand.destination.recall(recallOf(shipment), patient())
    expect(outcome.kind).toBe('accepted')
    expect(outcome.confirmed).toBeUndefined()
  })

  test('an exchange that is aborted is never accepted, and does not throw', async () => {
    const shipment = await fresh()
    const aborted = AbortSignal.abort()
    expect((await stand.destination.create(shipment, aborted)).kind).toMatch(/^(unsure|unavailable)$/u)
    expect(await stand.standing(shipment)).toEqual([])
  })

  test('a file that is not in the store is not sent, and that is said', async () => {
    const shipment = await fresh()
    const missing = { ...shipment, content: { ...shipment.content, sha256: '0'.repeat(64) } }
    const outcome = await stand.destination.create(missing, patient())
    expect(outcome).toMatchObject({ code: 'CONTENT_MISSING' })
    expect(outcome.kind).toMatch(/^(refused|unavailable)$/u)
    expect(await stand.standing(shipment)).toEqual([])
  })
}
