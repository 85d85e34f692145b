// What migration 0015 makes of alerts of letters that were taken back too late, which were one for each letter before it.
import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { judge } from '../../src/decide/incident-changes.ts'
import { aLedger } from '../support/ledger.ts'

const FILE = new URL('../../src/ledger/migrations/0015-alert-members.sql', import.meta.url)
const LETTERS = ['open', 'told', 'closed'] as const
const idOf = (letter: (typeof LETTERS)[number]): string => `00000000-0000-4000-8000-00000000000${LETTERS.indexOf(letter)}`

test('those that were open end without a word, and their letters are one alert; those that a person closed stay closed', async () => {
  const place = await aLedger()
  try {
    const iso = place.clock.at.toISOString()
    await place.pool.query(`drop table incident_members; alter table incidents drop column told_count`)
    for (const letter of LETTERS) {
      await place.pool.query(`insert into incidents (id, kind, thing, about, since, opened_at, seen_at, resolved_at) values ($1::uuid, 'recalled-late', $1::text, 'read at pkb', $2, $2, $2, $3)`, [idOf(letter), iso, letter === 'closed' ? iso : null])
      await place.pool.query(`insert into notifications (id, incident_id, way, says, at, due_at, sent_at) values ($1, $1, 'email', 'opened', $2, $2, $3)`, [idOf(letter), iso, letter === 'open' ? null : iso])
    }
    await place.pool.query(`insert into incidents (id, kind, thing, about, count, since, opened_at, seen_at) values (gen_random_uuid(), 'recall-open', 'pkb', 'pkb', 4, $1, $1, $1)`, [iso])
    await place.pool.query(await readFile(FILE, 'utf8'))
    const { open, resolved } = await place.ledger.incidents(10)
    expect(open).toMatchObject([{ kind: 'recall-open', toldCount: 4 }])
    expect(resolved.map(({ thing }) => thing).toSorted()).toEqual(LETTERS.map(idOf))
    expect(await place.ledger.notificationsDue(['email'], iso, iso, 10)).toEqual([])

    const late = { kind: 'recalled-late', thing: 'pkb', about: 'read at pkb', since: iso, count: 3, members: LETTERS.map((letter) => ({ id: idOf(letter), since: iso })) } as const
    await place.ledger.judgeIncidents([late], (known, wrong) => judge(wrong, known, iso), ['email'], iso)
    expect((await place.ledger.notificationsDue(['email'], iso, iso, 10)).map(({ says, incident }) => [says, incident.kind, incident.thing, incident.count])).toEqual([['opened', 'recalled-late', 'pkb', 2]])
  } finally {
    await place.close()
  }
})
