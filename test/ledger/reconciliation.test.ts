// Everything that came in is accounted for: over random histories of a real ledger, at midnight and when clocks change.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { COLUMN_OF, COLUMNS, statesOf, type Column, type ReconciledDay } from '../../src/ledger/reconciliation.ts'
import { ADA, aReceipt, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const [EVER, NEVER_MORE] = ['2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z']
const sumOf = (day: ReconciledDay): number => COLUMNS.reduce((sum, column) => sum + day[column], 0)

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false, birthDate: BEN.birthDate }, place.clock.at.toISOString())
})
afterAll(() => place.close())

const upload = (documentId: string, at: string, metadata: object = {}, feed = 'rio-http') => place.upload({}, { receipt: aReceipt({ documentId, uploadedAt: at, ...metadata }, { receivedAt: at, feed }) })
const days = async (since = EVER, until = NEVER_MORE) => (await place.ledger.reconciliation(since, until)).days

// ---------------------------------------------------------------- random histories

/** Both sides of midnight in summer and in winter, and of both changes of the clock. */
const MOMENTS = ['2026-03-28T23:59:59.999Z', '2026-03-29T00:59:00.000Z', '2026-03-29T22:59:59.999Z', '2026-03-29T23:00:00.000Z', '2026-07-01T22:59:59.999Z', '2026-07-01T23:00:00.000Z', '2026-10-24T23:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-25T23:59:59.999Z', '2026-10-26T00:00:00.000Z'] as const
const FEEDS = ['rio-http', 'rio-folder'] as const
const SAYS = [{}, { documentType: 'MH DO NOT share with patient' }, { team: 'ADULT2' }, { team: 'CAMHS1' }, { team: 'NOBODYS' }, { name: 'HMHR Report.pdf' }, { name: 'No code.pdf' }, { patient: BEN }, { event: 'cancelled' }, { status: 'draft' },
  { event: 'replaced', replaces: 'KNOWN-BY-NAME-ONLY' }, { event: 'addendum', parent: 'KNOWN-BY-NAME-ONLY' }] as const
const OUTCOMES = ['accepted', 'refused', 'unavailable', 'unsure', 'forbidden'] as const

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('upload' as const), n: fc.nat(6), at: fc.constantFrom(...MOMENTS), says: fc.constantFrom(...SAYS), feed: fc.constantFrom(...FEEDS) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('work' as const), n: fc.nat(6), to: fc.constantFrom('pkb', 'print'), ends: fc.constantFrom(...OUTCOMES) }) },
  fc.record({ does: fc.constant('hold' as const), n: fc.nat(6), lifts: fc.boolean() }),
  fc.record({ does: fc.constant('refuse' as const), at: fc.constantFrom(...MOMENTS), feed: fc.constantFrom(...FEEDS) }),
)

const london = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit' })

test('the sum holds for random histories, and each number is that of a count by hand', async () => {
  let run = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
    const before = await days()
    const first = new Map<string, { id: string; day: string; feed: string }>()
    const refused: string[] = []
    run++
    for (const one of steps) {
      const known = 'n' in one ? first.get(`P${run}-${one.n}`) : undefined
      if (one.does === 'upload') {
        const { id } = await upload(`P${run}-${one.n}`, one.at, one.says, one.feed)
        if (!known) first.set(`P${run}-${one.n}`, { id, day: london.format(new Date(one.at)), feed: one.feed })
      } else if (one.does === 'work' && known) await work(place, known.id, one.to, { kind: one.ends, code: '1' })
      else if (one.does === 'hold' && known) await place.ledger[one.lifts ? 'liftHold' : 'hold'](known.id, 'somebody', 'a reason', place.clock.at.toISOString())
      else if (one.does === 'refuse') {
        await place.ledger.reject({ feed: one.feed, at: one.at, code: 'MESSAGE_UNREADABLE', detail: '', skeleton: 'x' })
        refused.push(`${london.format(new Date(one.at))} ${one.feed}`)
      }
    }
    const { days: after, differences } = await place.ledger.reconciliation(EVER, NEVER_MORE)
    expect(differences).toEqual([])
    for (const day of after) expect([day.day, day.feed, day.received, day.different]).toEqual([day.day, day.feed, sumOf(day), 0])
    const added = (key: string, of: (day: ReconciledDay) => number): number => {
      const at = (those: readonly ReconciledDay[]) => those.filter(({ day, feed }) => `${day} ${feed}` === key).reduce((sum, day) => sum + of(day), 0)
      return at(after) - at(before)
    }
    const stories = await Promise.all([...first.values()].map(async (one) => ({ ...one, column: COLUMN_OF[(await place.ledger.story(one.id))!.state] })))
    for (const key of new Set([...stories.map(({ day, feed }) => `${day} ${feed}`), ...refused])) {
      const mine = stories.filter(({ day, feed }) => `${day} ${feed}` === key)
      expect([key, added(key, ({ received }) => received)]).toEqual([key, mine.length])
      for (const column of COLUMNS) expect([key, column, added(key, (day) => day[column])]).toEqual([key, column, mine.filter((one) => one.column === column).length])
      expect([key, added(key, (day) => day.refused)]).toEqual([key, refused.filter((one) => one === key).length])
    }
  }), { numRuns: 25 })
}, 120_000)

// ---------------------------------------------------------------- edges

describe('a document belongs to the day of its first receipt in London', () => {
  test.each([
    ['the last moment of a summer day', '2026-06-30T22:59:59.999Z', '2026-06-30'], ['midnight in summer', '2026-06-30T23:00:00.000Z', '2026-07-01'],
    ['the last moment of a winter day', '2026-12-01T23:59:59.999Z', '2026-12-01'], ['midnight in winter', '2026-12-02T00:00:00.000Z', '2026-12-02'],
    ['the evening of the short day', '2026-03-29T22:59:59.999Z', '2026-03-29'], ['midnight after the short day', '2026-03-29T23:00:00.000Z', '2026-03-30'],
    ['the hour that comes twice, first', '2026-10-25T00:30:00.000Z', '2026-10-25'], ['the hour that comes twice, again', '2026-10-25T01:30:00.000Z', '2026-10-25'], ['midnight before the long day', '2026-10-24T23:00:00.000Z', '2026-10-25'],
  ])('%s', async (name, at, day) => {
    const asked = [at, new Date(Date.parse(at) + 1).toISOString()] as const
    const mine = async () => (await days(...asked)).filter(({ feed }) => feed === 'rio-http')
    const before = (await mine())[0]?.received ?? 0
    await upload(`E ${name}`, at)
    expect(await mine()).toMatchObject([{ day, feed: 'rio-http', received: before + 1, different: 0 }])
  })

  test('and stays with its day and feed when it changes the next day by another feed', async () => {
    await upload('STAYS', '2026-02-01T12:00:00.000Z')
    await upload('STAYS', '2026-02-02T12:00:00.000Z', { event: 'updated', documentType: 'MH DO NOT share with patient' }, 'rio-folder')
    expect(await days('2026-02-01T00:00:00.000Z', '2026-02-03T00:00:00.000Z')).toMatchObject([{ day: '2026-02-01', feed: 'rio-http', received: 1, withheld: 1 }])
  })

  test('one that is known by name only was not received', async () => {
    await upload('CHILD', '2026-02-05T12:00:00.000Z', { event: 'replaced', replaces: 'NEVER-SEEN' })
    expect(await days('2026-02-05T00:00:00.000Z', '2026-02-06T00:00:00.000Z')).toMatchObject([{ received: 1 }])
  })
})

test('each state is in the column that a list behind its number shows', async () => {
  for (const day of (await days()).slice(0, 6))
    for (const column of COLUMNS) {
      const documents = await place.ledger.reconciled({ since: EVER, until: NEVER_MORE, feed: day.feed, column }, 5000)
      expect(documents.every(({ state }) => statesOf(column).includes(state))).toBe(true)
      const total = (await days()).filter(({ feed }) => feed === day.feed).reduce((sum, one) => sum + one[column], 0)
      expect([day.feed, column, documents.length]).toEqual([day.feed, column, total])
    }
  expect(COLUMNS.flatMap((column: Column) => statesOf(column)).toSorted()).toEqual(Object.keys(COLUMN_OF).toSorted())
})

describe('a difference is named', () => {
  const asked = ['2026-05-01T00:00:00.000Z', '2026-05-10T00:00:00.000Z'] as const
  const [one, two, three] = ['GAP-1', 'GAP-2', 'GAP-3']

  test('where a document lost its receipt, has another day, or a state of no column', async () => {
    const ids = await Promise.all([one, two, three].map(async (documentId) => (await upload(documentId, '2026-05-02T12:00:00.000Z')).id))
    await place.pool.query('update receipts set revision = 77 where document_id = $1', [ids[0]])
    await place.pool.query(`update documents set first_received_at = '2026-05-03T12:00:00Z' where id = $1`, [ids[1]])
    await place.pool.query(`update documents set state = 'lost' where id = $1`, [ids[2]])
    const { days: found, differences } = await place.ledger.reconciliation(...asked)
    expect(differences.map(({ documentId, day, kind }) => [documentId, day, kind]).toSorted()).toEqual([
      [ids[0], '2026-05-02', 'document-only'], [ids[1], '2026-05-02', 'receipt-only'], [ids[1], '2026-05-03', 'document-only'], [ids[2], '2026-05-02', 'no-column'],
    ].toSorted())
    expect(found.map(({ day, received, different }) => [day, received, different])).toEqual([['2026-05-03', 0, 1], ['2026-05-02', 2, 3]])
  })
})

// ---------------------------------------------------------------- an extract of RiO

test('an extract says what never came, what RiO does not name, and keeps nothing', async () => {
  for (const [id, day] of [['X-1', '11'], ['X-2', '12'], ['X-3', '13'], ['X-4', '20']] as const) await upload(id, `2026-01-${day}T10:00:00.000Z`)
  await upload('X-5', '2026-01-11T10:00:00.000Z', { event: 'replaced', replaces: 'X-NAMED' })
  const tables = async () => JSON.stringify((await place.pool.query('select (select count(*) from documents) d, (select count(*) from receipts) r, (select max(seq) from events) e')).rows)
  const before = await tables()
  const compared = await place.ledger.compareExtract({ source: 'rio', ids: ['X-1', 'X-2', 'X-4', 'X-9', 'X-NAMED', "x'); drop table documents; --"], since: '2026-01-10T00:00:00.000Z', until: '2026-01-15T00:00:00.000Z' })
  expect(compared).toEqual({ missing: expect.arrayContaining(["x'); drop table documents; --", 'X-9', 'X-NAMED']), unnamed: ['X-3', 'X-5'], matched: 2, otherTimes: 1 })
  expect(await tables()).toBe(before)
  const other = await place.ledger.compareExtract({ source: 'elsewhere', ids: ['X-1'], since: EVER, until: NEVER_MORE })
  expect(other).toEqual({ missing: ['X-1'], unnamed: [], matched: 0, otherTimes: 0 })
})

test('a hundred thousand ids are compared', async () => {
  const ids = Array.from({ length: 100_000 }, (_, n) => `MANY-${n}`)
  const { missing, unnamed } = await place.ledger.compareExtract({ source: 'rio', ids, since: '2026-01-10T00:00:00.000Z', until: '2026-01-15T00:00:00.000Z' })
  expect([missing.length, unnamed]).toEqual([100_000, ['X-1', 'X-2', 'X-3', 'X-5']])
})
