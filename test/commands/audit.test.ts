// `openletter audit verify`, on a ledger on which an engine may or may not run.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { audit } from '../../src/commands/audit.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let [printed, wrong]: [string[], string[]] = [[], []]
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())
beforeEach(() => {
  ;[printed, wrong] = [[], []]
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })

const verify = (...args: readonly string[]) => audit(['verify', ...args], { DATABASE_URL: place.url })

/** As somebody would who has the database and switches the trigger off; what was there comes back after it. */
const tampered = async (statement: string, look: () => Promise<void>) => {
  await place.pool.query(`create table kept as select * from events; alter table events disable trigger all; ${statement}`)
  try {
    await look()
  } finally {
    await place.pool.query('delete from events; insert into events select * from kept; alter table events enable trigger all; drop table kept')
  }
}

test('an empty log has nothing to check', async () => {
  expect(await verify()).toBe(0)
  expect(printed).toEqual([expect.stringMatching(/^The log is empty: there is nothing to check\. .*cut off its end.*--noted NUMBER:HASH/u)])
})

test('a log that holds: how many entries, from when to when, and the hash of the last, while an engine has it open', async () => {
  await place.upload({ documentId: 'AV-1' })
  place.clock.at = new Date('2026-11-24T11:30:00.000Z')
  await place.upload({ documentId: 'AV-2' })
  const { rows: [head] } = await place.pool.query<{ seq: number; hash: string }>('select seq::int, hash from head')
  expect(await verify()).toBe(0)
  expect(printed).toEqual([expect.stringMatching(new RegExp(`^The log holds: ${head!.seq} entries, from 23 Nov 2026, .* to 24 Nov 2026, .*\\.\\nBy itself it cannot show that entries were cut off its end.*\\n${head!.seq}:${head!.hash}$`, 'u'))])
  expect(await verify('--json')).toBe(0)
  expect(JSON.parse(printed[1]!)).toMatchObject({ holds: true, entries: head!.seq, hash: head!.hash })
  expect(await verify('--noted', `${head!.seq}:${head!.hash}`)).toBe(0)
  expect(printed[2]).toContain(`Entry ${head!.seq} is the one that was noted: nothing up to it was changed since.\n`)
  expect(wrong).toEqual([])
})

test('an entry that was changed is the first broken link, with its number and its time', () =>
  tampered(`update events set actor = 'somebody else' where seq = 2`, async () => {
    expect(await verify()).toBe(1)
    expect(wrong[0]).toMatch(/^The log is broken at entry 2 of 23 Nov 2026, .*: it was changed after it was written.*\nBefore it: 1 entry, from .*, which hold\.$/u)
    expect(await verify('--json')).toBe(1)
    expect(JSON.parse(printed[0]!)).toMatchObject({ holds: false, entries: 1, broken: { seq: 2, why: 'changed' } })
  }))

test('so is one that was taken out, or the last one', async () => {
  await tampered('delete from events where seq = 3', async () => {
    expect(await verify()).toBe(1)
    expect(wrong[0]).toContain('The log is broken at entry 3: it is not there.')
  })
  const { rows: [head] } = await place.pool.query<{ seq: number }>('select seq::int from head')
  await tampered(`delete from events where seq = ${head!.seq}`, async () => {
    expect(await verify()).toBe(1)
    expect(wrong[1]).toContain(`The log is broken at entry ${head!.seq}: it is not there.`)
  })
  expect(await verify()).toBe(0)
})

const forged = (seq: string): string => `insert into events select ${seq}, at, document_id, kind, actor, detail, hash from kept where seq = 2`
test.each([
  ['two entries that changed places', 'update events set seq = seq + 1000 where seq in (2, 3); update events set seq = 1005 - seq where seq > 1000', 2, 'it was changed after it was written'],
  ['one that was taken out, with those behind it moved up', 'delete from events where seq = 2; update events set seq = seq - 1000 where seq > 2; update events set seq = seq + 999 where seq < 0', 2, 'it was changed after it was written'],
  ['one that was changed, with a hash that fits it', `update events set actor = 'x', hash = encode(sha256(convert_to(concat_ws(E'\\n', (select hash from kept where seq = 1), 2, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), coalesce(document_id::text, ''), kind, 'x', detail), 'UTF8')), 'hex') where seq = 2`, 3, 'it was changed after it was written'],
  ['a time that is none', `update events set at = 'infinity' where seq = 3`, 3, 'it was changed after it was written'],
  ['one put in before the first', forged('0'), 0, 'it stands outside the log'],
  ['one put in long before the first', forged('-7'), -7, 'it stands outside the log'],
  ['one put in behind the last', forged('(select max(seq) + 3 from kept)'), undefined, 'it stands outside the log'],
  ['all of them', 'delete from events', 1, 'it is not there'],
])('and so is %s', (_name, statement, seq, why) =>
  tampered(statement, async () => {
    expect(await verify()).toBe(1)
    expect(wrong[0]).toContain(`The log is broken at entry ${seq ?? ''}`)
    expect(wrong[0]).toContain(why)
    expect(await verify('--json')).toBe(1)
    expect(JSON.parse(printed[0]!)).toMatchObject({ holds: false, broken: seq === undefined ? {} : { seq } })
  }))

test('an end that was cut off together with the head shows beside what was noted, and so does a log that was emptied', async () => {
  const { rows: [head] } = await place.pool.query<{ seq: number; hash: string }>('select seq::int, hash from head')
  const rewound = (seq: number) => `delete from events where seq > ${seq}; update head set seq = ${seq}, hash = coalesce((select hash from events where seq = ${seq}), repeat('0', 64))`
  for (const seq of [head!.seq - 2, 0]) {
    await tampered(rewound(seq), async () => {
      expect(await verify()).toBe(0)
      expect(await verify('--noted', `${head!.seq}:${head!.hash}`)).toBe(1)
      expect(wrong.at(-1)).toContain(`The log is broken at entry ${seq + 1}: it is not there.`)
    })
    await place.pool.query('update head set seq = $1, hash = $2', [head!.seq, head!.hash])
  }
  for (const change of [`update head set hash = repeat('1', 64)`, `update head set seq = seq - 1`, 'alter table head disable trigger all; delete from head; alter table head enable trigger all']) {
    await tampered(change, async () => { expect([change, await verify()]).toEqual([change, 1]) })
    await place.pool.query('insert into head (seq, hash) values ($1, $2) on conflict (only_one) do update set seq = excluded.seq, hash = excluded.hash', [head!.seq, head!.hash])
  }
  expect(await verify('--noted', `${head!.seq}:${head!.hash}`)).toBe(0)
})

test('a log that was written anew as a whole does not fit what was noted before', async () => {
  const { rows: [head] } = await place.pool.query<{ seq: number; hash: string }>('select seq::int, hash from head')
  const anew = `truncate events; update head set seq = 0, hash = repeat('0', 64);
    select append_events((select json_agg(json_build_object('at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'document_id', document_id, 'kind', kind, 'actor', case when seq = 2 then 'somebody else' else actor end, 'detail', detail) order by seq) from kept))`
  await tampered(anew, async () => {
    expect(await verify()).toBe(0)
    expect(await verify('--noted', `${head!.seq}:${head!.hash}`)).toBe(1)
    expect(wrong).toEqual([expect.stringMatching(new RegExp(`^The log is broken at entry ${head!.seq} of .*: its hash is not the one that was noted`, 'u'))])
  })
  await place.pool.query('update head set seq = $1, hash = $2', [head!.seq, head!.hash])
  expect(await verify('--noted', `${head!.seq + 5}:${head!.hash}`)).toBe(1)
  expect(wrong[1]).toContain(`at entry ${head!.seq + 1}: it is not there`)
})

test.each([[[]], [['mend']], [['verify', 'all']], [['verify', '--noted', '7']], [['verify', '--everything']]])('%j is answered with how to call it', async (args) => {
  expect(await audit(args, { DATABASE_URL: place.url })).toBe(2)
  expect(wrong[0]).toContain('Usage: npx openletter audit verify')
})
