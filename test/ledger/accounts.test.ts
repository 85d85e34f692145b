// PKB's answers in the ledger: whose account is to be asked for, and what an answer about many makes of what waits.
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Story } from '../../src/ledger/ledger.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { nhsNumbers } from '../support/nhs-numbers.ts'

let place: TestLedger
beforeEach(async () => {
  await place?.close()
  place = await aLedger()
})
afterAll(() => place.close())

const iso = (secs = 0) => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
let nth = 0
const letterFor = (nhsNumber: string, more: object = {}) => place.upload({ documentId: `RIO-A${++nth}`, patient: { ...ADA, nhsNumber, clientId: `C-${nhsNumber}`, ...more } })
const wanted = (askedBefore = iso(-24 * 3600), of = {}) => place.ledger.accountsWanted(askedBefore, 100, of)

describe('who has to be asked about', () => {
  test('is whoever something is owed to, without an answer or with an old one', async () => {
    const [one, two, three] = nhsNumbers(3) as [string, string, string]
    for (const number of [one, one, two, three]) await letterFor(number)
    await place.ledger.savePerson(two, { registered: true, deceased: false }, iso(-3600))
    await place.ledger.savePerson(three, { registered: true, deceased: false }, iso(-25 * 3600))
    expect(await wanted()).toEqual([one, three])
    expect(await wanted(iso(-1800))).toEqual([one, two, three])
    expect(await place.ledger.accountsWanted(iso(), 1)).toHaveLength(1)
    const { id } = await place.upload({ documentId: 'RIO-never', documentType: 'MH DO NOT share with patient', patient: BEN })
    expect((await story(id)).state).toBe('withheld')
    expect(await wanted()).toEqual([one, three])
  })

  test('is nobody again for a while of whom PKB would not say anything: for minutes, then longer, at last for a day; and last of all', async () => {
    const [refused, other] = nhsNumbers(2) as [string, string]
    for (const number of [refused, other]) await letterFor(number)
    const start = place.clock.at.getTime()
    const pauses: number[] = []
    for (let times = 0; times < 12; times += 1) {
      await place.ledger.accountRefused(refused, '400', iso())
      const from = place.clock.at.getTime()
      while (!(await wanted()).includes(refused)) place.clock.at = new Date(place.clock.at.getTime() + 300_000)
      pauses.push((place.clock.at.getTime() - from) / 60_000)
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440])
    expect(await wanted()).toEqual([other, refused])
    expect(await wanted(undefined, { among: [refused, other] })).toEqual([other, refused])
    await place.ledger.savePerson(refused, { registered: true, deceased: false }, iso())
    expect((await place.pool.query('select * from account_refusals')).rows).toEqual([])
    place.clock.at = new Date(start)
  })

  test('is whom a clock that was put back since says was refused in the future', async () => {
    const [refused] = nhsNumbers(1) as [string]
    await letterFor(refused)
    await place.ledger.accountRefused(refused, '400', iso(6 * 3600))
    expect(await wanted()).toContain(refused)
    await place.ledger.savePerson(refused, { registered: true, deceased: false }, iso())
  })

  test('is also whose letter lies in the outbox, where that is asked for', async () => {
    await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false }, iso())
    const { id } = await place.upload({ documentId: 'RIO-outbox', patient: BEN })
    await work(place, id, 'print')
    expect((await story(id)).state).toBe('printing')
    expect(await wanted(iso(1))).toEqual([])
    expect(await wanted(iso(1), { printing: true })).toEqual([BEN.nhsNumber])
    expect(await wanted(iso(), { printing: true })).toEqual([])
  })
})

describe('an answer about many', () => {
  test('lets each letter go where it belongs at once, whatever the line to PKB does', async () => {
    const numbers = nhsNumbers(5) as [string, string, string, string, string]
    const [registered, unregistered, mistaken, dead, silent] = numbers
    const ids = Object.fromEntries(await Promise.all(numbers.map(async (number): Promise<[string, string]> => [number, (await letterFor(number)).id])))
    await place.pool.query('update deliveries set due_at = $1', [iso(30)])
    const told: string[] = []
    place.ledger.onOwed((owed) => { told.push(...owed.map(({ documentId, destination, dueAt }) => `${documentId} ${destination} ${dueAt}`)) })
    await place.ledger.savePeople([
      { nhsNumber: registered, registered: true, deceased: false, birthDate: ADA.birthDate },
      { nhsNumber: unregistered, registered: false, deceased: false },
      { nhsNumber: mistaken, registered: true, deceased: false, birthDate: '1970-01-02' },
      { nhsNumber: dead, registered: true, deceased: true, birthDate: ADA.birthDate },
    ], iso())
    const now = async (number: string) => {
      const { route, rule, facts, deliveries } = await story(ids[number]!)
      return { route, rule, account: facts.account, identity: facts.identity, owed: deliveries.filter(({ dueAt }) => dueAt !== undefined).map(({ destination, dueAt }) => `${destination} ${dueAt}`) }
    }
    expect(await now(registered)).toMatchObject({ route: 'pkb', account: 'registered', owed: [`pkb ${iso()}`] })
    expect(await now(unregistered)).toMatchObject({ route: 'print', account: 'unregistered', owed: [`print ${iso()}`] })
    // PKB would take it and put it aside without a word.
    expect(await now(mistaken)).toMatchObject({ route: 'review', identity: 'mismatch', owed: [] })
    expect(await now(dead)).toMatchObject({ route: 'withhold', rule: 'deceased', owed: [] })
    expect(await now(silent)).toMatchObject({ route: 'pkb', account: 'unknown', owed: [`pkb ${iso(30)}`] })
    expect(told.toSorted()).toEqual([`${ids[registered]} pkb ${iso()}`, `${ids[unregistered]} print ${iso()}`].toSorted())
    expect((await story(ids[dead]!)).events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['account-checked', 'decided']))
    expect(await place.ledger.verifyChain()).toBeUndefined()
  })

  test('is one commit, so that nobody is known without the others', async () => {
    const numbers = nhsNumbers(50)
    for (const number of numbers) await letterFor(number)
    const broken = [...numbers.map((nhsNumber) => ({ nhsNumber, registered: true, deceased: false })), { nhsNumber: BEN.nhsNumber, registered: 'yes' as unknown as boolean, deceased: null as unknown as boolean }]
    await expect(place.ledger.savePeople(broken, iso())).rejects.toMatchObject({ code: 'INTERNAL' })
    expect((await place.pool.query('select * from people')).rows).toEqual([])
    await place.ledger.savePeople(broken.slice(0, -1), iso())
    expect((await place.pool.query('select count(distinct xmin::text)::int as commits, count(*)::int as people from people')).rows).toEqual([{ commits: 1, people: 50 }])
  })

  test('that is older does not take the place of a newer, and moves nothing', async () => {
    const [number] = nhsNumbers(1) as [string]
    const { id } = await letterFor(number)
    await place.ledger.savePerson(number, { registered: true, deceased: false }, iso())
    const before = await story(id)
    await place.ledger.savePeople([{ nhsNumber: number, registered: false, deceased: true }], iso(-60))
    expect(await story(id)).toEqual(before)
  })

  test('that a wrong clock dated far ahead is asked for again, and gives way to the next', async () => {
    const [number] = nhsNumbers(1) as [string]
    const { id } = await letterFor(number)
    await place.ledger.savePerson(number, { registered: true, deceased: false }, iso(365 * 24 * 3600))
    expect(await wanted()).toEqual([number])
    await place.ledger.savePerson(number, { registered: false, deceased: false }, iso())
    expect([(await story(id)).route, await wanted()]).toEqual(['print', []])
  })

  test('with another date of birth takes back the copy that stands, and one without it forgets none', async () => {
    const [mistaken, other] = nhsNumbers(2) as [string, string]
    const ids: string[] = []
    for (const number of [mistaken, other]) {
      await place.ledger.savePerson(number, { registered: true, deceased: false }, iso())
      const { id } = await letterFor(number)
      await work(place, id, 'pkb')
      ids.push(id)
    }
    const born = (birthDate?: string) => place.ledger.savePeople([mistaken, other].map((nhsNumber) => ({ nhsNumber, registered: true, deceased: false, ...(birthDate ? { birthDate: nhsNumber === other ? ADA.birthDate : birthDate } : {}) })), iso(1))
    await born('1970-01-02')
    expect(await story(ids[0]!)).toMatchObject({ route: 'review', facts: { identity: 'mismatch' }, deliveries: [{ state: 'recalling', dueAt: iso(1) }] })
    expect(await story(ids[1]!)).toMatchObject({ route: 'pkb', deliveries: [{ state: 'acknowledged' }] })
    await born()
    await place.ledger.lookAgain(iso(2))
    await work(place, ids[0]!, 'pkb')
    expect(await story(ids[0]!)).toMatchObject({ route: 'review', facts: { identity: 'mismatch' } })
    await place.ledger.savePeople([{ nhsNumber: mistaken, registered: true, deceased: false, birthDate: '1980-01-01' }], iso(-60))
    expect((await place.pool.query('select birth_date from people where nhs_number = $1', [mistaken])).rows).toEqual([{ birth_date: '1970-01-02' }])
  })

  test('comes while a worker puts the letter off, and the letter does not lie until then', async () => {
    const [number] = nhsNumbers(1) as [string]
    const { id } = await letterFor(number)
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const { work: seen } = (await lock.begin(() => ({ step: { do: 'ask-account', nhsNumber: number } }), iso()))!
    await place.ledger.savePerson(number, { registered: true, deceased: false }, iso())
    await lock.putOff(seen.deliveries[0]!.id, iso(30))
    await lock.release()
    expect((await story(id)).deliveries).toMatchObject([{ state: 'owed', dueAt: iso() }])
  })

  test('counts for as long as the policy says, and then has to be asked for again', async () => {
    const [number] = nhsNumbers(1) as [string]
    const { id } = await letterFor(number)
    await place.ledger.savePerson(number, { registered: true, deceased: false }, iso())
    place.clock.at = new Date(place.clock.at.getTime() + 24 * 3_600_000 + 1)
    expect(await wanted()).toEqual([number])
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'ask-account', nhsNumber: number })
  })
})
