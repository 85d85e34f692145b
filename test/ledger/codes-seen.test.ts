// Documents whose code is in no list, counted by a real ledger, and by a fold over the story of each: the numbers are the same,
// for documents of before the instruction stood in their row as for those of today.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { londonDay } from '../../src/decide/london.ts'
import type { CodeSeen, Story } from '../../src/ledger/ledger.ts'
import { aReceipt, type Metadata } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

const NAMES = ['AAAA One.pdf', 'NEWX Two.pdf', 'NEWX Three.pdf', 'ZZZZ Four.pdf', 'CLIN Listed.pdf', 'HMHR Blocked.pdf', 'A letter.pdf'] as const
const TEAMS = ['ADULT1', 'ADULT2', 'Ward of nobody'] as const
const TIMES = ['2026-08-31T22:59:59.000Z', '2026-08-31T23:00:00.000Z', '2026-10-25T00:30:00.000Z', '2026-11-20T12:00:00.000Z', '2026-11-30T23:59:59.999Z'] as const
const TYPES = [undefined, 'MH DO NOT share with patient'] as const
const SPANS = [['2026-08-31T23:00:00.000Z', '2026-11-20T12:00:00.000Z'], ['2026-10-25T00:30:00.000Z', '2026-11-20T12:00:00.001Z'], ['2020-01-01T00:00:00.000Z', '2030-01-01T00:00:00.000Z'], ['2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z']] as const

const EXAMPLES = 3
const monthOf = (at: string): string => londonDay(new Date(at)).slice(0, 7)
const orNone = (text: string | undefined): string => text ?? '\u{ffff}'
const keyOf = (story: Story): string => JSON.stringify([story.code, teamOf(story), monthOf(story.receivedAt)])
const teamOf = ({ team }: Story): string | undefined => (team === undefined || Object.hasOwn(place.policy.services, team) ? team : 'not listed')

const folded = (stories: readonly Story[], since: string, until: string, listed: readonly string[]): readonly CodeSeen[] =>
  [...Map.groupBy(stories.filter(({ code, receivedAt }) => receivedAt >= since && receivedAt < until && (code === undefined || !listed.includes(code))), keyOf).values()].map((those) => {
    const newest = those.toSorted((a, b) => (a.receivedAt === b.receivedAt ? (a.id < b.id ? -1 : 1) : a.receivedAt < b.receivedAt ? 1 : -1))
    const [{ code, receivedAt, ...one }] = newest as [Story, ...Story[]]
    const team = teamOf({ code, receivedAt, ...one } as Story)
    return {
      ...(code === undefined ? {} : { code }), ...(team === undefined ? {} : { team }), month: monthOf(receivedAt), documents: those.length, share: those.filter(({ facts }) => facts.instruction === 'share').length,
      firstSeen: newest.at(-1)!.receivedAt, lastSeen: receivedAt, examples: newest.slice(0, EXAMPLES).map(({ id, sourceId }) => ({ id, sourceId })),
    }
  }).toSorted((a, b) => orNone(a.code).localeCompare(orNone(b.code)) || b.month.localeCompare(a.month) || orNone(a.team).localeCompare(orNone(b.team)))

const inOrder = (seen: readonly CodeSeen[]): readonly CodeSeen[] => seen.toSorted((a, b) => orNone(a.code).localeCompare(orNone(b.code)) || b.month.localeCompare(a.month) || orNone(a.team).localeCompare(orNone(b.team)))

const bothWays = async (stories: readonly Story[], listed: readonly string[]) => {
  for (const [since, until] of SPANS) expect(inOrder(await place.ledger.codesSeen({ since, until, listed, teams: Object.keys(place.policy.services) }))).toEqual(folded(stories, since, until, listed))
}

test('the numbers are those of a fold over all documents, whatever is listed and whenever they came', async () => {
  const ids: string[] = []
  for (let nth = 0; nth < 90; nth += 1) {
    const send = (metadata: Metadata) => place.upload({}, { receipt: aReceipt(metadata, { receivedAt: TIMES[(nth * 7) % TIMES.length]! }) })
    const metadata = { documentId: `C-${nth}`, name: NAMES[nth % NAMES.length]!, team: TEAMS[(nth * 5) % TEAMS.length]!, ...(nth % 4 === 0 ? { documentType: TYPES[1] } : {}) }
    ids.push((await send(metadata)).id)
    // A newer revision says otherwise, a late message tightens, and a parent is known by its name only.
    if (nth % 9 === 0) await send({ ...metadata, event: 'updated', name: 'NEWY Later.pdf', documentType: TYPES[1], uploadedAt: '2026-11-20T12:00:00Z' })
    if (nth % 10 === 1) await send({ ...metadata, documentType: TYPES[1], uploadedAt: '2026-11-20T10:00:00Z' })
    if (nth % 11 === 2) await send({ ...metadata, documentId: `C-${nth}-next`, event: 'replaced', replaces: `unseen ${nth}`, name: 'NEWX Next.pdf' }).then(({ id }) => ids.push(id))
  }
  const stories = await Promise.all(ids.map(async (id) => (await place.ledger.story(id))!))
  const listed = Object.keys(place.policy.codes)
  const whole = folded(stories, ...SPANS[2], listed)
  expect(new Set(whole.map(({ code }) => code))).toEqual(new Set(['AAAA', 'NEWX', 'NEWY', 'ZZZZ', undefined]))
  expect(new Set(whole.map(({ month }) => month))).toEqual(new Set(['2026-08', '2026-09', '2026-10', '2026-11']))
  expect(whole.some(({ documents, share }) => share > 0 && share < documents)).toBe(true)
  await bothWays(stories, listed)
  await bothWays(stories, [])
  await bothWays(stories, [...listed, 'AAAA', 'ZZZZ'])
  // Every second one as it was before the column, whose instruction only the revision tells.
  const { rowCount } = await place.pool.query('update documents set instruction = null where revision > 0 and ascii(left(id::text, 1)) % 2 = 0')
  expect(rowCount).toBeGreaterThan(10)
  await bothWays(stories, listed)
})

test('the instruction in the row is that of the facts in force, after each change', async () => {
  const { rows } = await place.pool.query<{ row: string | null; facts: string }>("select d.instruction as row, v.facts->>'instruction' as facts from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.instruction is not null")
  expect(rows.length).toBeGreaterThan(10)
  expect(rows.filter(({ row, facts }) => row !== facts)).toEqual([])
  expect(new Set(rows.map(({ row }) => row))).toEqual(new Set(['share', 'withhold']))
})
