// What the print house answers, on a real folder.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { watchAcknowledgements } from '../../src/deliver/print/acknowledgements.ts'
import type { AcknowledgementParts } from '../../src/deliver/print/acknowledgements.ts'
import { Failure } from '../../src/errors.ts'
import { makeFolder } from '../support/folder.ts'
import { DELIVERY, printStand, recallOf, signal } from '../support/print.ts'
import type { PrintStand } from '../support/print.ts'
import { until } from '../support/until.ts'

const R1 = `${DELIVERY}-r1`
type Item = Parameters<AcknowledgementParts['acknowledge']>[0]

let folder: ReturnType<typeof makeFolder>
let stand: PrintStand
let recorded: Item[]
let said: string[]
let watch: ReturnType<typeof watchAcknowledgements> | undefined
beforeAll(() => { folder = makeFolder() })
afterAll(() => folder.remove())
beforeEach(async () => {
  stand = await printStand(folder.path)
  recorded = []
  said = []
  await stand.print.create(await stand.shipment(), signal)
})
afterEach(async () => {
  await watch?.close()
  watch = undefined
  stand.close()
})

const start = (acknowledge: AcknowledgementParts['acknowledge'] = async (item) => { recorded.push(item) }): void => {
  watch = watchAcknowledgements({ settings: stand.settings, acknowledge, now: () => new Date(), say: (event, fields) => { said.push(`${event} ${JSON.stringify(fields)}`) } })
}
const inFolder = (...path: string[]): readonly string[] => (existsSync(stand.at('acknowledgements', ...path)) ? readdirSync(stand.at('acknowledgements', ...path)).sort() : [])
const put = (name: string, text: string, ageSecs = 60): void => {
  mkdirSync(stand.at('acknowledgements'), { recursive: true })
  writeFileSync(stand.at('acknowledgements', name), text)
  const at = Date.now() / 1000 - ageSecs
  utimesSync(stand.at('acknowledgements', name), at, at)
}

describe('an acknowledgement', () => {
  test('is recorded, and moved away after that', async () => {
    const order: string[] = []
    stand.acknowledge(R1, 'printed')
    start(async (item) => { order.push(`recorded with ${inFolder('done').length} done`); recorded.push(item) })
    await until('it is said', () => said.length > 0)
    expect(recorded).toEqual([{ deliveryId: DELIVERY, accepted: true, batch: R1, revision: 1 }])
    expect(order).toEqual(['recorded with 0 done'])
    expect(inFolder('done')).toEqual([`${R1}.json`])
    expect(said).toEqual([`print_acknowledged {"batch":"${R1}","items":1,"rejected":0}`])
  })

  test('of a printed letter means that it cannot be taken back, even if the batch still lies there', async () => {
    start()
    stand.acknowledge(R1, 'printed')
    await until('the file is in done', () => inFolder('done').length === 1)
    expect(await stand.print.recall(recallOf(await stand.shipment()), signal)).toMatchObject({ kind: 'refused', code: 'ALREADY_TAKEN' })
    expect(await stand.print.look(recallOf(await stand.shipment()), signal)).toMatchObject({ found: true, outcome: { code: 'PRINTED' } })
  })

  test('of a rejected letter carries the reason without what could be a patient\'s, and the letter can be handed over again', async () => {
    await stand.claim(R1)
    stand.acknowledge(R1, 'rejected', 'Page 2 of 999 000 0018 unreadable,\n E1 4AA')
    start()
    await until('the file is in done', () => inFolder('done').length === 1)
    expect(recorded).toEqual([{ deliveryId: DELIVERY, accepted: false, batch: R1, revision: 1, reason: 'Page 2 of … unreadable,  …' }])
    expect(await stand.print.look(recallOf(await stand.shipment()), signal)).toMatchObject({ found: false })
    expect(await stand.print.create(await stand.shipment(), signal)).toMatchObject({ code: 'HANDED_OVER' })
    expect(stand.outbox()).toEqual([R1])
  })

  test('waits while the ledger cannot take it, says so once, and does not keep another waiting', async () => {
    const other = `${DELIVERY}7`
    await stand.print.create(await stand.shipment({ deliveryId: other }), signal)
    stand.acknowledge(R1, 'printed')
    stand.acknowledge(`${other}-r1`, 'printed')
    let tries = 0
    start(async (item) => {
      if (item.deliveryId === DELIVERY && ++tries < 4) throw new Failure('STORE_UNAVAILABLE', 'no database')
      recorded.push(item)
    })
    await until('the file is in done', () => inFolder('done').length === 2)
    expect(recorded.map(({ deliveryId }) => deliveryId)).toEqual([other, DELIVERY])
    expect(said.filter((line) => line.startsWith('part_failed'))).toEqual(['part_failed {"part":"print-acknowledgements","code":"STORE_UNAVAILABLE","detail":"acknowledgements wait"}'])
  })

  test('that comes a second time is recorded a second time, and both files are kept', async () => {
    start()
    stand.acknowledge(R1, 'printed')
    await until('the file is in done', () => inFolder('done').length === 1)
    stand.acknowledge(R1, 'printed')
    await until('the file is in done', () => inFolder('done').length === 2)
    expect(recorded).toHaveLength(2)
  })
})

describe('a file that cannot be used is put aside with the reason', () => {
  test.each([
    ['not JSON', '{"batch": "Example 9990000018', 'it is not JSON'],
    ['JSON of another shape', '{"batch": 7, "items": []}', 'it is not an acknowledgement: batch: invalid_type; items: too_small'],
    ['about a batch that nobody knows', JSON.stringify({ batch: `${DELIVERY}-r9`, items: [{ item: DELIVERY, status: 'printed' }] }), 'no such batch stands with the print house'],
    ['about a batch with a name that leads elsewhere', JSON.stringify({ batch: '../../x', items: [{ item: 'x', status: 'printed' }] }), 'no such batch stands with the print house'],
    ['about an item of another batch', JSON.stringify({ batch: R1, items: [{ item: `${DELIVERY}7`, status: 'printed' }] }), 'an item is not of this batch'],
    ['that contradicts itself', JSON.stringify({ batch: R1, items: [{ item: DELIVERY, status: 'printed' }, { item: DELIVERY, status: 'rejected' }] }), 'one item is both printed and rejected'],
  ])('%s', async (_what, text, why) => {
    put('Ada Example.json', text)
    start()
    await until('something is said', () => said.length > 0)
    expect(inFolder('rejected')).toEqual(['Ada Example.json', 'Ada Example.json.reason.txt'])
    expect(readFileSync(stand.at('acknowledgements', 'rejected', 'Ada Example.json.reason.txt'), 'utf8')).toBe(`This acknowledgement was not recorded: ${why}.\n`)
    expect(said).toEqual([`acknowledgement_unreadable {"file":"acknowledgements/rejected","detail":"${why}"}`])
    expect(recorded).toEqual([])
  })

  test('but not one that is still being written', async () => {
    const whole = JSON.stringify({ batch: R1, items: [{ item: DELIVERY, status: 'printed' }] })
    // As if written just now, however slow this machine is.
    put('a.json', whole.slice(0, 20), -60)
    // The one behind it shows that the poll has been past it.
    put('b.json', '[]')
    start()
    await until('the other is put aside', () => inFolder('rejected').length > 0)
    expect(inFolder()).toContain('a.json')
    put('a.json', whole)
    await until('the file is in done', () => inFolder('done').includes('a.json'))
    expect(recorded).toHaveLength(1)
  })
})
