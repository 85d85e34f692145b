// What each team is told of its documents, over a real ledger, real files and a real mail server: each day once, also
// after an outage and with several processes, in London's days, and without anything of a patient.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { openMail } from '../../src/engine/mail.ts'
import { daysToTell, openOutcomeRound, type OutcomeRound, type OutcomeRoundParts } from '../../src/engine/outcome-round.ts'
import { makeSay } from '../../src/observe/say.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { aReceipt } from '../support/documents.ts'
import { until } from '../support/until.ts'
import { aMailServer, type MailServer } from '../support/told.ts'

let server: MailServer
beforeAll(async () => { server = await aMailServer() })
afterAll(() => server.close())

let place: TestLedger
let folder: string
let opened: OutcomeRound[] = []
const bend = (policy: Policy): Policy => ({ ...policy, services: { ...policy.services, ADULT1: { ...policy.services['ADULT1']!, outcome_email: 'adult1@trust.example' } } })
beforeEach(async () => {
  place = await aLedger(bend)
  folder = await mkdtemp(join(tmpdir(), 'outcomes-'))
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  // The first day of all tells nobody of what was there before.
  at('2026-11-23T06:00:00Z')
  await look(aRound())
  server.letters.length = 0
  Object.assign(server.manners, { refused: [], down: false })
})
afterEach(async () => {
  for (const round of opened) await round.close()
  opened = []
  await place.close()
  await rm(folder, { recursive: true, force: true })
})

const iso = () => place.clock.at.toISOString()
const at = (time: string): void => { place.clock.at = new Date(time) }
const aRound = (parts: Partial<OutcomeRoundParts> = {}) => {
  const lines: string[] = []
  const { say } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
  const mail = openMail({ url: server.url, from: 'engine@trust.example', withinMs: 300 })
  const round = openOutcomeRound({ ledger: place.ledger, policy: () => place.policy, folder, mail, console: 'https://console.example', say, now: () => place.clock.at, everyMs: 3_600_000, ...parts })
  opened.push(round)
  return { round, lines }
}
const look = async ({ round }: { readonly round: OutcomeRound }) => { await round.look(); await round.look() }
const upload = (documentId: string, metadata: object = {}) => place.upload({ documentId, ...metadata }, { receipt: aReceipt({ documentId, ...metadata }, { receivedAt: iso() }) })
const fileOf = async (day: string, team: string) => parse(await readFile(join(folder, day, `${team}.csv`), 'utf8'), { columns: true }) as Record<string, string>[]

test('with each day the last entry of the log of events is said to the log of the process, where no database can change it', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('D-1')
  const one = aRound()
  at('2026-11-24T06:00:00Z')
  await look(one)
  const said = one.lines.map((line) => JSON.parse(line) as { readonly event: string; readonly noted?: string }).filter(({ event }) => event === 'log_noted')
  const [seq, hash] = said[0]!.noted!.split(':')
  expect([said.length, (await place.ledger.walkChain({ seq: Number(seq), hash: hash! })).broken]).toEqual([1, undefined])
  // The end is cut off, head and all: by itself the chain holds, and what was said tells.
  await place.pool.query(`alter table events disable trigger all; delete from events where seq = ${seq}; update head set seq = seq - 1, hash = (select hash from events order by seq desc limit 1); alter table events enable trigger all`)
  expect((await place.ledger.walkChain()).broken).toBeUndefined()
  expect((await place.ledger.walkChain({ seq: Number(seq), hash: hash! })).broken).toEqual({ seq: Number(seq), why: 'missing' })
})

test('a day is told the next morning at five: a file for each team, and a mail where it has an address', async () => {
  at('2026-11-23T10:00:00Z')
  const { id } = await upload('D-1')
  await work(place, id, 'pkb')
  await upload('D-2', { documentType: 'MH DO NOT share with patient', uploadedBy: 'nurse7' })
  await upload('D-3', { name: 'JOHN Letter.pdf' })
  await upload('D-4', { team: 'CAMHS1' })
  const one = aRound()
  at('2026-11-24T04:59:00Z')
  await look(one)
  expect(await readdir(folder)).toEqual([])
  at('2026-11-24T05:00:00Z')
  await look(one)
  expect((await readdir(join(folder, '2026-11-23'))).toSorted()).toEqual(['ADULT1.csv', 'CAMHS1.csv'])
  expect(await fileOf('2026-11-23', 'ADULT1')).toMatchObject([
    { document_id: 'D-1', code: 'CLIN', uploaded_by: 'admin42', first_received: '23/11/2026 10:00', outcome: 'Sent', changed_from: '', says: expect.stringMatching(/^It is in the patient’s PKB record\. /u) },
    { document_id: 'D-2', uploaded_by: 'nurse7', outcome: 'Withheld' },
    // A code that is in no list may be anybody's name.
    { document_id: 'D-3', code: '', outcome: 'Waiting for a person' },
  ])
  expect(await fileOf('2026-11-23', 'CAMHS1')).toMatchObject([{ document_id: 'D-4', outcome: 'On its way' }])
  expect(server.letters).toMatchObject([{ to: ['adult1@trust.example'], subject: 'Openletter: what became of the documents of ADULT1, Monday 23 November 2026' }])
  for (const text of ['Sent: 1', 'Withheld: 1', 'Waiting for a person: 1', 'https://console.example/outcomes?day=2026-11-23&team=ADULT1', '"D-2"']) expect(server.letters[0]!.raw).toContain(text)

  await look(one)
  await one.round.close()
  await look(aRound())
  expect(server.letters).toHaveLength(1)
})

test('an outcome that changes later is in the file of the day on which it was seen, with what was told before', async () => {
  at('2026-11-23T10:00:00Z')
  const { id } = await upload('C-1')
  await work(place, id, 'pkb')
  await upload('C-2')
  const one = aRound()
  at('2026-11-24T06:00:00Z')
  await look(one)
  at('2026-11-24T12:00:00Z')
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  await work(place, id, 'pkb')
  at('2026-11-25T06:00:00Z')
  await look(one)
  expect(await fileOf('2026-11-24', 'ADULT1')).toMatchObject([{ document_id: 'C-1', outcome: 'Taken back', changed_from: 'Sent', first_received: '23/11/2026 10:00' }])
  expect(server.letters.at(-1)!.raw).toContain('changed since the team was told before: 1')
  at('2026-11-26T06:00:00Z')
  await look(one)
  expect(await readdir(folder)).toEqual(['2026-11-23', '2026-11-24'])
  expect((await place.ledger.outcomeDays(9)).map(({ day }) => day)).toEqual(['2026-11-25', '2026-11-24', '2026-11-23', '2026-11-22'])
})

test('no day is made before the one that another process is making', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('O-1', { documentType: 'MH DO NOT share with patient' })
  at('2026-11-25T10:00:00Z')
  await upload('O-2', { documentType: 'MH DO NOT share with patient' })
  at('2026-11-27T06:00:00Z')
  const busyOn25: OutcomeRoundParts['ledger'] = {
    ...place.ledger,
    makeOutcomes: async (asked, now) => {
      if (asked.day !== '2026-11-25') return place.ledger.makeOutcomes(asked, now)
      const other = await place.pool.connect()
      await other.query('select pg_advisory_lock(7316538013)')
      try {
        return await place.ledger.makeOutcomes(asked, now)
      } finally {
        await other.query('select pg_advisory_unlock(7316538013)')
        other.release()
      }
    },
  }
  await aRound({ ledger: busyOn25 }).round.look()
  expect((await place.ledger.outcomeDays(9)).some(({ day }) => day >= '2026-11-25')).toBe(false)
  await look(aRound())
  expect(await fileOf('2026-11-25', 'ADULT1')).toMatchObject([{ document_id: 'O-2' }])
})

test('after an outage each day that was missed is told, once', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('O-1', { documentType: 'MH DO NOT share with patient' })
  at('2026-11-25T10:00:00Z')
  await upload('O-2', { documentType: 'MH DO NOT share with patient' })
  at('2026-11-27T06:00:00Z')
  const other = await place.another()
  await Promise.all([look(aRound()), look(aRound({ ledger: other.ledger })), look(aRound())])
  expect((await readdir(folder)).toSorted()).toEqual(['2026-11-23', '2026-11-25'])
  expect([await fileOf('2026-11-23', 'ADULT1'), await fileOf('2026-11-25', 'ADULT1')]).toMatchObject([[{ document_id: 'O-1' }], [{ document_id: 'O-2' }]])
  // What the file of an earlier day says is of the day on which it was worked out, and it says so.
  expect((await fileOf('2026-11-23', 'ADULT1'))[0]).toMatchObject({ first_received: '23/11/2026 10:00', as_of: '27/11/2026 06:00' })
  expect(server.letters.every(({ raw }) => raw.includes('As it stood on 27/11/2026 06:00'))).toBe(true)
  expect(server.letters.map(({ subject }) => subject.slice(-16)).toSorted()).toEqual(['23 November 2026', '25 November 2026'])
  for (const round of opened.splice(0)) await round.close()
  await other.close()
})

test('a folder that cannot be written to is tried again, and no half of a file is left', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('W-1', { documentType: 'MH DO NOT share with patient' })
  const blocked = join(folder, 'blocked')
  await writeFile(blocked, 'a file where a folder should be')
  const one = aRound({ folder: blocked })
  at('2026-11-24T06:00:00Z')
  await look(one)
  expect([one.round.failing(), one.lines.some((line) => line.includes('part_failed'))]).toEqual([['OUTCOMES_DIR'], true])
  await rm(blocked)
  await look(one)
  expect(one.round.failing()).toEqual([])
  expect(await readdir(join(blocked, '2026-11-23'))).toEqual(['ADULT1.csv'])
})

test('a mail that cannot be sent is tried again later', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('M-1', { documentType: 'MH DO NOT share with patient' })
  server.manners.down = true
  const one = aRound()
  at('2026-11-24T06:00:00Z')
  await look(one)
  expect(one.lines.join('')).toContain('not_notified')
  server.manners.down = false
  await look(one)
  expect(server.letters).toEqual([])
  at('2026-11-24T06:10:00Z')
  await look(one)
  expect(server.letters).toHaveLength(1)
})

test('days are those of London: 25 hours in October, 23 in March', async () => {
  at('2027-03-28T06:00:00Z')
  await look(aRound())
  at('2027-03-27T23:30:00Z')
  await upload('L-1', { documentType: 'MH DO NOT share with patient' })
  // Summer time has begun: it is half past midnight on the 29th.
  at('2027-03-28T23:30:00Z')
  await upload('L-2', { documentType: 'MH DO NOT share with patient' })
  at('2027-03-28T22:30:00Z')
  await upload('L-3', { documentType: 'MH DO NOT share with patient' })
  at('2027-03-29T04:00:00Z')
  await look(aRound())
  expect((await fileOf('2027-03-28', 'ADULT1')).map(({ document_id: id }) => id)).toEqual(['L-1', 'L-3'])
  at('2027-03-30T04:00:00Z')
  await look(aRound())
  expect((await fileOf('2027-03-29', 'ADULT1')).map(({ document_id: id }) => id)).toEqual(['L-2'])
})

test('nothing of the patient, the title or the content is in a file, a mail or the log; and no cell is a formula', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('=1+1', { name: 'CLIN Letter about the garden.pdf', uploadedBy: '9990000018' })
  await upload('P-2', { team: 'Example, Ada', uploadedBy: '=cmd|calc' })
  const one = aRound()
  at('2026-11-24T06:00:00Z')
  await look(one)
  const files = await Promise.all((await readdir(join(folder, '2026-11-23'))).map((name) => readFile(join(folder, '2026-11-23', name), 'utf8')))
  const all = [...files, ...server.letters.map(({ raw }) => raw), ...one.lines].join('\n')
  expect((await readdir(join(folder, '2026-11-23'))).toSorted()).toEqual(['ADULT1.csv', '_none.csv'])
  expect(all).toContain(`"'=1+1"`)
  for (const secret of [ADA.nhsNumber, ADA.family, ADA.given, 'garden', 'High Street', 'Letter', '=cmd']) expect([secret, all.replaceAll('Openletter', '').includes(secret)]).toEqual([secret, false])
})

test('what a full ledger held before its first morning is nobody’s news', async () => {
  const fresh = await aLedger(bend)
  const before = await mkdtemp(join(tmpdir(), 'outcomes-'))
  try {
    for (const documentId of ['N-1', 'N-2', 'N-3']) await fresh.upload({ documentId }, { receipt: aReceipt({ documentId }, { receivedAt: '2026-11-20T10:00:00.000Z' }) })
    await fresh.upload({ documentId: 'N-4' }, { receipt: aReceipt({ documentId: 'N-4' }, { receivedAt: '2026-11-23T10:00:00.000Z' }) })
    fresh.clock.at = new Date('2026-11-24T06:00:00Z')
    await look(aRound({ ledger: fresh.ledger, now: () => fresh.clock.at, folder: before }))
    expect((parse(await readFile(join(before, '2026-11-23', 'ADULT1.csv'), 'utf8'), { columns: true }) as Record<string, string>[]).map(({ document_id: id }) => id)).toEqual(['N-4'])
    expect(server.letters.map(({ raw }) => raw.includes('"N-1"'))).toEqual([false])
  } finally {
    for (const round of opened.splice(0)) await round.close()
    await fresh.close()
    await rm(before, { recursive: true, force: true })
  }
})

test('a clock that was a year ahead for a moment does not keep the days after it from being told', async () => {
  at('2027-11-23T06:00:00Z')
  await look(aRound())
  at('2026-11-23T10:00:00Z')
  await upload('K-1', { documentType: 'MH DO NOT share with patient' })
  at('2026-11-24T06:00:00Z')
  await look(aRound())
  expect(await fileOf('2026-11-23', 'ADULT1')).toMatchObject([{ document_id: 'K-1', as_of: '24/11/2026 06:00' }])
})

test('a team that a document has moved to is told of it as new, and nobody of what another team was told', async () => {
  at('2026-11-23T10:00:00Z')
  const { id } = await upload('V-1')
  await work(place, id, 'pkb')
  at('2026-11-24T06:00:00Z')
  await look(aRound())
  at('2026-11-24T10:00:00Z')
  await upload('V-1', { team: 'CAMHS1', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-24T10:00:00Z', event: 'updated' })
  at('2026-11-25T06:00:00Z')
  await look(aRound())
  expect(await readdir(join(folder, '2026-11-24'))).toEqual(['CAMHS1.csv'])
  expect(await fileOf('2026-11-24', 'CAMHS1')).toMatchObject([{ document_id: 'V-1', outcome: 'Taken back', changed_from: '' }])
})

test.each(['9990000018', '999 000 0018', '999-000-0018', '999.000.0018', 'x999/000/0018', '999_000_0018'])('%s is nobody’s user name', async (uploadedBy) => {
  at('2026-11-23T10:00:00Z')
  await upload('U-1', { uploadedBy, documentType: 'MH DO NOT share with patient' })
  at('2026-11-24T06:00:00Z')
  await look(aRound())
  expect(await fileOf('2026-11-23', 'ADULT1')).toMatchObject([{ document_id: 'U-1', uploaded_by: '' }])
})

test('an address that bounces is an alert after a while, and is left alone after a week', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('B-1', { documentType: 'MH DO NOT share with patient' })
  server.manners.refused = ['adult1@trust.example']
  const one = aRound()
  at('2026-11-24T06:00:00Z')
  await look(one)
  expect(one.round.failing()).toEqual([])
  for (const hour of ['08', '10', '12']) { at(`2026-11-24T${hour}:00:00Z`); await look(one) }
  expect(one.round.failing()).toEqual(['mail to ADULT1'])
  expect(one.lines.join('')).not.toContain('adult1@trust.example')
  await place.pool.query('update outcome_mails set tries = 170')
  server.manners.refused = []
  at('2026-12-01T06:00:00Z')
  await look(one)
  expect([one.round.failing(), server.letters]).toEqual([[], []])
})

test('a mail server that says nothing does not keep the engine from stopping', async () => {
  at('2026-11-23T10:00:00Z')
  await upload('H-1', { documentType: 'MH DO NOT share with patient' })
  let sending = false
  at('2026-11-24T06:00:00Z')
  const one = aRound({ mail: { send: () => { sending = true; return new Promise(() => {}) }, close: () => {} } })
  await until('it is at its mail', () => sending)
  opened.pop()
  const begun = performance.now()
  await one.round.close()
  expect(performance.now() - begun).toBeLessThan(8_000)
}, 20_000)

describe('the days to tell', () => {
  test.each([
    [undefined, '2026-11-24T06:00:00Z', ['2026-11-23']],
    [undefined, '2026-11-24T04:59:00Z', []],
    ['2026-11-22', '2026-11-24T04:59:00Z', []],
    ['2026-11-21', '2026-11-24T04:59:00Z', ['2026-11-22']],
    ['2026-11-23', '2026-11-24T23:00:00Z', []],
    // Half past midnight in London, and five o'clock in summer time.
    ['2026-06-01', '2026-06-02T23:30:00Z', []],
    ['2026-06-01', '2026-06-03T04:00:00Z', ['2026-06-02']],
    ['2026-06-01', '2026-06-03T03:59:00Z', []],
  ] as const)('after %s at %s are %j', (last, now, days) => { expect(daysToTell(last, new Date(now))).toEqual(days) })
  test('are a month at most', () => { expect(daysToTell('2025-01-01', new Date('2026-11-24T06:00:00Z'))).toHaveLength(31) })
})
