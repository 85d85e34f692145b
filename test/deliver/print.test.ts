// The hand-over to the print house, on a real folder: what is in it, that a letter is there once whatever crashes,
// and that it is taken back for as long as the print house has not claimed it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Shipment } from '../../src/deliver/destination.ts'
import { hotFolder } from '../../src/deliver/print/hot-folder.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { makeFolder } from '../support/folder.ts'
import { aPdf } from '../support/pdf.ts'
import { DELIVERY, printStand, recallOf, signal } from '../support/print.ts'
import type { PrintStand } from '../support/print.ts'

const R1 = `${DELIVERY}-r1`
const R2 = `${DELIVERY}-r2`

let folder: ReturnType<typeof makeFolder>
let stand: PrintStand
beforeAll(() => { folder = makeFolder() })
afterAll(() => folder.remove())
beforeEach(async () => { stand = await printStand(folder.path) })
afterEach(() => stand.close())

const notes = async (): Promise<readonly string[]> =>
  (await readdir(stand.at('handed-over'), { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.json')).map((name) => name.split('/').at(-1)!)
const handOver = async (overrides: Partial<Shipment> = {}): Promise<Shipment> => {
  const shipment = await stand.shipment(overrides)
  expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'accepted' })
  return shipment
}

describe('a hand-over', () => {
  test('is a folder with the unaltered PDF and both manifests, closed to other users', async () => {
    const pdf = aPdf({ pages: 3, bytes: 300_000 })
    const shipment = await stand.shipment({}, {}, pdf)
    expect(await stand.print.create(shipment, signal)).toEqual({ kind: 'accepted', code: 'HANDED_OVER', detail: 'The batch is in the outbox.', remoteId: R1 })
    expect(stand.everything()).toEqual([R1])
    expect((await readdir(stand.at('outbox', R1))).sort()).toEqual([`${DELIVERY}.pdf`, 'manifest.csv', 'manifest.json'])
    expect((await readFile(stand.at('outbox', R1, `${DELIVERY}.pdf`))).equals(pdf)).toBe(true)
    for (const path of [['outbox'], ['outbox', R1]]) expect((await stat(stand.at(...path))).mode & 0o777).toBe(0o700)
    for (const name of await readdir(stand.at('outbox', R1))) expect((await stat(stand.at('outbox', R1, name))).mode & 0o777).toBe(0o600)
    expect(await stand.manifest(R1)).toEqual({
      format: 'openletter-print-1',
      header: { batch: R1, mode: 'demo', createdAt: '2026-11-23T09:00:00.000Z', items: 1, pages: 3, bytes: pdf.length },
      items: [{
        item: DELIVERY, document: shipment.documentId, revision: 1, nhsNumber: '9990000018', nhsNumberStatus: ['01'], name: 'Ada Example',
        address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' }, formatNeeds: [], postage: 'second', sides: 'two-sided-long-edge', colour: 'colour',
        envelopeMark: 'Private and confidential, addressee only', returnAddress: ['Example Trust', '1 Trust Way', 'London', 'E1 1AA'],
        file: `${DELIVERY}.pdf`, sha256: shipment.content.sha256, bytes: pdf.length, pages: 3, decision: { rule: 'unregistered', policy: 'ab12' },
      }],
      trailer: { batch: R1, items: 1, pages: 3, bytes: pdf.length },
    })
  })

  test('says the same in CSV, in a header, an item and a trailer', async () => {
    const shipment = await handOver()
    const [header, item, trailer, ...more] = await stand.csv(R1)
    expect(more).toEqual([])
    expect(header).toMatchObject({ record: 'header', batch: R1, mode: 'demo', created_at: '2026-11-23T09:00:00.000Z', items: '1', pages: '3', name: '' })
    expect(item).toMatchObject({
      record: 'item', item: DELIVERY, nhs_number: '9990000018', nhs_number_status: '01', name: 'Ada Example', address_1: '1 High Street', address_2: 'London', address_3: '',
      postcode: 'E1 4AA', postage: 'second', envelope_mark: 'Private and confidential, addressee only', return_address: 'Example Trust, 1 Trust Way, London, E1 1AA',
      sha256: shipment.content.sha256, bytes: String(shipment.content.size), pages: '3', rule: 'unregistered', policy: 'ab12',
    })
    expect(trailer).toMatchObject({ record: 'trailer', items: '1', pages: '3', bytes: String(shipment.content.size) })
  })

  test('carries nobody\'s formula and nobody\'s line end into the CSV, and the plain value in the JSON', async () => {
    const lines = ['=HYPERLINK("http://x")', '+44', '@sum, "quoted"', '  -2', '\uFF1D1', 'Flat\r\n2', 'a', 'b']
    await stand.print.create(await stand.shipment({}, { given: '=1+1', family: 'O\'Example\u0007', address: { lines, postcode: ' e14aa ' } }), signal)
    const [, item] = await stand.csv(R1)
    expect(item).toMatchObject({
      name: '\'=1+1 O\'Example', address_1: '\'=HYPERLINK("http://x")', address_2: '\'+44', address_3: '\'@sum, "quoted"', address_4: '\'-2', address_5: '\'\uFF1D1', address_6: 'Flat', address_7: '2, a, b', postcode: 'E1 4AA',
    })
    expect((await stand.manifest(R1)).items[0].name).toBe('=1+1 O\'Example')
    const raw = await readFile(stand.at('outbox', R1, 'manifest.csv'), 'utf8')
    expect(raw.split('\r\n')).toHaveLength(5)
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/u)
  })

  test.each([
    ['no address', { address: { lines: [], postcode: 'E1 4AA' } }, 'NO_ADDRESS'],
    ['an address of spaces', { address: { lines: [' ', '\n'], postcode: 'E1 4AA' } }, 'NO_ADDRESS'],
    ['no postcode', { address: { lines: ['1 High Street'] } }, 'NO_ADDRESS'],
    ['no fixed abode', { address: { lines: ['No fixed abode'], postcode: 'E1 4AA' } }, 'NO_ADDRESS'],
    ['no name', { given: ' ', family: '' }, 'NO_NAME'],
  ])('with %s is refused, and nothing is written', async (_what, patient, code) => {
    expect(await stand.print.create(await stand.shipment({}, patient), signal)).toMatchObject({ kind: 'refused', code })
    expect(stand.everything()).toEqual([])
  })

  test('of another type is refused', async () => {
    const shipment = await stand.shipment()
    expect(await stand.print.create({ ...shipment, content: { ...shipment.content, contentType: 'application/rtf' } }, signal)).toMatchObject({ kind: 'refused', code: 'NOT_A_PDF' })
  })
})

const text = (pdf: Buffer): string => pdf.toString('latin1')
/** `length` is what it says its length is. */
const forTheWeb = (length: number): Buffer =>
  Buffer.from(`%PDF-1.7\n1 0 obj\n<< /Linearized 1 /L ${String(length).padStart(4, '0')} /N 12 /O 3 >>\nendobj\nstartxref\nstartxref\n/ObjStm\n`)

describe('the number of pages', () => {
  const pagesOf = async (pdf: Buffer): Promise<number | null> => {
    await stand.print.create(await stand.shipment({}, {}, pdf), signal)
    return (await stand.manifest(R1)).items[0].pages
  }
  test('is counted, also where the words fall across two pieces', async () => expect(await pagesOf(aPdf({ pages: 4_000, bytes: 1_000_000 }))).toBe(4_000))
  test('is what a file made for the web says', async () => {
    expect(await pagesOf(forTheWeb(forTheWeb(0).length))).toBe(12)
  })
  test('is not what a file made for the web said before it was changed', async () => expect(await pagesOf(forTheWeb(7))).toBeNull())
  test('is not guessed for a file that was changed after it was written', async () => expect(await pagesOf(Buffer.from(`${text(aPdf({ pages: 2 }))}startxref\n9\n%%EOF\n`))).toBeNull())
  test('is not guessed where objects are packed', async () => expect(await pagesOf(Buffer.from(`${text(aPdf())}% /Type /ObjStm\n`))).toBeNull())
  test('is not guessed where the file\'s own count differs', async () => expect(await pagesOf(Buffer.from(text(aPdf({ pages: 2 })).replace('/Count 2', '/Count 3')))).toBeNull())
})

describe('the same letter is there once', () => {
  test('when it is handed over again', async () => {
    const shipment = await handOver()
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'accepted', code: 'HANDED_OVER_BEFORE', remoteId: R1 })
    expect(stand.everything()).toEqual([R1])
  })

  test('when the print house has taken it and the engine does not know', async () => {
    const shipment = await handOver()
    await stand.claim(R1)
    expect(await stand.print.look(recallOf(shipment), signal)).toMatchObject({ found: true, remoteId: R1, revision: 1, sha256: shipment.content.sha256, outcome: { kind: 'accepted', code: 'TAKEN' } })
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'accepted', code: 'HANDED_OVER_BEFORE' })
    expect(stand.everything()).toEqual([])
  })

  test.each([
    ['while the batch was written', true, false],
    ['between the note and the rename', true, true],
    ['when the note was cleared and the remains were not', false, false],
  ])('when the engine died %s', async (_when, partial, note) => {
    const shipment = await handOver()
    if (partial) await rename(stand.at('outbox', R1), stand.at('outbox', `.${R1}.partial`))
    else await rename(stand.at('outbox', R1), stand.at('outbox', `.${R1}.recalled`))
    if (!note) await rm(stand.at('handed-over'), { recursive: true })
    expect(await stand.print.look(recallOf(shipment), signal)).toMatchObject({ found: false, outcome: { kind: 'accepted' } })
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'accepted', code: 'HANDED_OVER' })
    expect(stand.everything()).toEqual([R1])
    expect(await stand.print.look(recallOf(shipment), signal)).toMatchObject({ found: true, outcome: { code: 'OUTBOX' } })
  })

  test('nobody sees a batch that is being written', async () => {
    const seen: (readonly string[])[] = []
    const watching = (real: ContentStore): ContentStore => ({
      ...real,
      read: async (sha256) => {
        const bytes = await (await real.read(sha256)).toArray()
        return Readable.from((function* () { for (const piece of bytes) { seen.push(stand.outbox()); yield piece } })())
      },
    })
    stand = await printStand(folder.path, watching)
    await handOver()
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.flat()).toEqual([])
    expect(stand.outbox()).toEqual([R1])
  })
})

describe('a letter is taken back', () => {
  test('for as long as it is in the outbox', async () => {
    const shipment = await handOver()
    expect(await stand.print.recall(recallOf(shipment), signal)).toMatchObject({ kind: 'accepted', code: 'WITHDRAWN' })
    expect(stand.everything()).toEqual([])
    expect(await notes()).toEqual([])
    expect(await stand.print.look(recallOf(shipment), signal)).toMatchObject({ found: false })
    expect(await stand.print.recall(recallOf(shipment), signal)).toMatchObject({ kind: 'accepted' })
  })

  test('and can be handed over again', async () => {
    const shipment = await handOver()
    await stand.print.recall(recallOf(shipment), signal)
    expect(await stand.print.create(shipment, signal)).toMatchObject({ code: 'HANDED_OVER' })
    expect(stand.everything()).toEqual([R1])
  })

  test('also when the engine died half-way', async () => {
    const shipment = await handOver()
    await rename(stand.at('outbox', R1), stand.at('outbox', `.${R1}.recalled`))
    expect(await stand.print.look(recallOf(shipment), signal)).toMatchObject({ found: false })
    expect(await stand.print.recall(recallOf(shipment), signal)).toMatchObject({ kind: 'accepted' })
  })

  test('but not when the print house has claimed it', async () => {
    const shipment = await handOver()
    await stand.claim(R1)
    expect(await stand.print.recall(recallOf(shipment), signal)).toMatchObject({ kind: 'refused', code: 'ALREADY_TAKEN' })
  })

  test('nor when its answer lies there and has not been read yet', async () => {
    const shipment = await handOver()
    stand.acknowledge(R1, 'printed')
    expect(await stand.print.recall(recallOf(shipment), signal)).toMatchObject({ kind: 'refused', code: 'ALREADY_TAKEN' })
    expect(stand.outbox()).toEqual([R1])
  })
})

describe('a new revision', () => {
  test('replaces the old one in the outbox', async () => {
    await handOver()
    const second = await stand.shipment({ revision: 2 }, {}, aPdf({ mark: 'corrected' }))
    expect(await stand.print.update(second, signal)).toMatchObject({ kind: 'accepted', remoteId: R2 })
    expect(stand.everything()).toEqual([R2])
    expect(await notes()).toEqual([`${R2}.json`])
    expect(await stand.print.look(recallOf(second), signal)).toMatchObject({ found: true, revision: 2, sha256: second.content.sha256 })
  })

  test('follows the old one where that was taken, and both cannot be taken back any more', async () => {
    await handOver()
    await stand.claim(R1)
    const second = await stand.shipment({ revision: 2 }, {}, aPdf({ mark: 'corrected' }))
    expect(await stand.print.update(second, signal)).toMatchObject({ kind: 'accepted', remoteId: R2 })
    expect(await stand.print.recall(recallOf(second), signal)).toMatchObject({ kind: 'refused', code: 'EARLIER_ONE_TAKEN', remoteId: R1 })
    expect(stand.everything()).toEqual([])
  })

  test('with the same letter is not posted after one that was taken', async () => {
    await handOver()
    await stand.claim(R1)
    expect(await stand.print.update(await stand.shipment({ revision: 2 }), signal)).toMatchObject({ kind: 'accepted', code: 'HANDED_OVER_BEFORE', remoteId: R1 })
    expect(stand.everything()).toEqual([])
  })

  test('is told that the one before was printed, where it counts as the same and where it cannot be taken back', async () => {
    await handOver()
    await stand.claim(R1)
    await hotFolder(stand.settings.folder).acknowledge(R1, 'printed')
    const [same, second] = [await stand.shipment({ revision: 2 }), await stand.shipment({ revision: 2 }, {}, aPdf({ mark: 'corrected' }))]
    for (const said of [await stand.print.update(same, signal), await stand.print.recall(recallOf(same), signal), (await stand.print.look(recallOf(same), signal)).outcome]) expect(said).toMatchObject({ remoteId: R1, printed: true })
    expect(await stand.print.update(second, signal)).not.toHaveProperty('printed')
    expect(await stand.print.recall(recallOf(second), signal)).toMatchObject({ code: 'EARLIER_ONE_TAKEN', remoteId: R1, printed: true })
  })

  test('of one document leaves the letters of another alone', async () => {
    await handOver({ deliveryId: `${DELIVERY}0` })
    await handOver()
    await stand.print.recall(recallOf(await stand.shipment()), signal)
    expect(stand.outbox()).toEqual([`${DELIVERY}0-r1`])
  })
})

const failing = function* (code: string): Generator<Buffer> {
  yield Buffer.from('%PDF-1.7')
  throw Object.assign(new Error('the disk'), { code })
}

describe('what goes wrong on this side means that it is tried again, and leaves nothing in the outbox', () => {
  test('a file that is not in the store, or is another one', async () => {
    const shipment = await stand.shipment()
    const missing = { ...shipment, content: { ...shipment.content, sha256: 'a'.repeat(64) } }
    expect(await stand.print.create(missing, signal)).toMatchObject({ kind: 'unavailable', code: 'CONTENT_MISSING' })
    expect(await stand.print.create({ ...shipment, content: { ...shipment.content, size: 7 } }, signal)).toMatchObject({ kind: 'unavailable', code: 'CONTENT_MISSING' })
    stand = await printStand(folder.path, (real) => ({ ...real, read: async () => Readable.from([aPdf({ mark: 'of somebody else' })]) }))
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'unavailable', code: 'CONTENT_MISSING' })
    expect(stand.everything()).toEqual([])
    expect(await notes()).toEqual([])
  })

  test.each(['ENOSPC', 'EACCES', 'EIO'])('the disk in the middle of a file: %s', async (code) => {
    const shipment = await stand.shipment()
    stand = await printStand(folder.path, (real) => ({ ...real, read: async () => Readable.from(failing(code)) }))
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'unavailable', code })
    expect(stand.everything()).toEqual([])
  })

  test('a folder that is a file', async () => {
    await mkdir(stand.at(), { recursive: true })
    await writeFile(stand.at('outbox'), '')
    const shipment = await stand.shipment()
    expect(await stand.print.create(shipment, signal)).toMatchObject({ kind: 'unavailable', code: expect.stringMatching(/^E(NOTDIR|EXIST)$/u) })
  })

  test('a stop in the middle', async () => {
    const stop = new AbortController()
    const shipment = await stand.shipment()
    stand = await printStand(folder.path, (real) => ({ ...real, read: async (sha256) => { stop.abort(); return real.read(sha256) } }))
    expect(await stand.print.create(shipment, stop.signal)).toMatchObject({ kind: 'unavailable', code: 'STOPPED' })
    expect(stand.everything()).toEqual([])
  })
})

test('no answer holds anything of the patient or a path', async () => {
  const shipment = await handOver()
  const said = JSON.stringify([
    await stand.print.create(shipment, signal), await stand.print.look(recallOf(shipment), signal), await stand.print.recall(recallOf(shipment), signal),
    await stand.print.create({ ...shipment, content: { ...shipment.content, sha256: 'a'.repeat(64) } }, signal),
  ])
  expect(said).not.toMatch(/Example|9990000018|High Street|E1 4AA|\/tmp|openletter-folder/u)
})
