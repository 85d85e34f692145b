import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DocumentFilter } from '../../src/ledger/ledger.ts'
import { formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, aReceipt, BEN } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
const at = (minute: number): string => new Date(Date.parse('2026-11-23T09:00:00.000Z') + minute * 60_000).toISOString()
const upload = (minute: number, metadata: Record<string, unknown>, feed = 'rio-http') => place.upload({}, { receipt: aReceipt(metadata, { receivedAt: at(minute), feed }) })

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
  await upload(0, { documentId: 'S-0', name: 'CLIN_Clinic_letter-garden.pdf', patient: ADA })
  await upload(1, { documentId: 'S-1', name: 'APPT Appointment in the clinic.pdf', patient: BEN, team: 'ADULT2' })
  await upload(2, { documentId: 'S-2', name: 'CLIN Letter for the clinic.pdf', patient: BEN, documentType: 'MH DO NOT share with patient' })
  await upload(3, { documentId: 'S-3', name: 'HMHR Hearing report.pdf', patient: ADA, team: 'adult1' })
  await upload(4, { documentId: 'S-4', name: 'CLIN Clinic letter.pdf', patient: BEN, team: 'CAMHS1' }, 'rio-folder')
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const found = async (filter: Partial<DocumentFilter>) => (await place.ledger.list({ limit: 50, ...filter })).documents.map(({ sourceId }) => sourceId)

describe('a search', () => {
  test.each<[string, Partial<DocumentFilter>, readonly string[]]>([
    ['an NHS number', { nhsNumber: ADA.nhsNumber }, ['S-3', 'S-0']],
    ['a RiO id', { sourceId: 'S-1' }, ['S-1']],
    ['a code', { code: 'CLIN' }, ['S-4', 'S-2', 'S-0']],
    ['a team, in any case', { team: 'Adult1' }, ['S-3', 'S-2', 'S-0']],
    ['a directorate', { directorate: 'luton-beds' }, ['S-1']],
    ['a feed', { feed: 'rio-folder' }, ['S-4']],
    ['a rule', { rule: 'do-not-share' }, ['S-2']],
    ['a state', { state: ['withheld'] }, ['S-3', 'S-2']],
    ['a route and a code', { route: ['withhold'], code: 'CLIN' }, ['S-2']],
    ['from and until', { since: at(1), until: at(3) }, ['S-2', 'S-1']],
    ['a team, a patient and a word', { team: 'ADULT1', nhsNumber: BEN.nhsNumber, title: 'clin' }, ['S-2']],
    ['a state that never comes with a route', { state: ['withheld'], route: ['pkb'] }, []],
    ['a word and a time', { title: 'clinic', until: at(1) }, ['S-0']],
  ])('by %s finds those, newest first', async (_name, filter, expected) => expect(await found(filter)).toEqual(expected))

  test.each<[string, readonly string[]]>([
    ['gard', ['S-0']], ['CLINIC letter', ['S-4', 'S-2', 'S-0']], ['"clinic letter"', ['S-4', 'S-0']], ['clinic -letter', ['S-1']], ['garden or hearing', ['S-3', 'S-0']],
    ['clinic-letter', ['S-4', 'S-2', 'S-0']], [`"'); drop table titles; --`, []], ['-', []], ['"', []], ['& | ! <->', []], [String.raw`\'":*`, []],
    ['“clinic letter”', ['S-4', 'S-0']], ['clinic – letter', ['S-4', 'S-2', 'S-0']], ['*', []], ['c cl clinic CLIN', ['S-4', 'S-2', 'S-1', 'S-0']], ['for the clinic', ['S-2']],
    [[...'abcdefghijklmnopqrstuvwxyz'].join(' '), []], [Array.from({ length: 100 }, (_, nth) => `w${nth}`).join(' '), []], ['-clinic -letter -hearing', []], ['"clinic', ['S-4', 'S-2', 'S-1', 'S-0']],
  ])('for %s reads titles by their words', async (title, expected) => expect(await found({ title })).toEqual(expected))

  test('finds a document by the words of its latest revision only', async () => {
    await upload(5, { documentId: 'S-5', name: 'CLIN Zebra.pdf' })
    await upload(6, { documentId: 'S-5', name: 'CLIN Giraffe.pdf', uploadedAt: '2026-11-20T12:00:00Z' })
    expect([await found({ title: 'zebra' }), await found({ title: 'giraffe' })]).toEqual([[], ['S-5']])
  })

  test('pages on where it was while newer documents come in, by words as by anything else', async () => {
    let minute = 100
    for (const filter of [{ code: 'CLIN' }, { title: 'clin' }]) {
      const before = await found(filter)
      const pages: string[] = []
      let cursor: string | undefined
      for (let page = 0; page === 0 || cursor !== undefined; page += 1) {
        const next = await place.ledger.list({ ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) })
        pages.push(...next.documents.map(({ sourceId }) => sourceId))
        cursor = next.cursor
        minute += 1
        await upload(minute, { documentId: `S-new-${minute}`, name: 'CLIN Clinic letter.pdf' })
      }
      expect(pages).toEqual(before)
    }
  })

  test('says roughly how many there are', async () => {
    await place.pool.query('analyze')
    const all = (await found({})).length
    const roughly = await place.ledger.estimate({ limit: 50 })
    expect([roughly > all / 2, roughly < all * 2]).toEqual([true, true])
  })

  test('from the page keeps what was filled in, explains what found nothing, and says what is wrong beside the field', async () => {
    const page = async (fields: Record<string, string>) => (await fetch(`${open.url}/search`, formOf({ formToken, ...fields }))).text()
    const formToken = formTokenIn(await (await fetch(`${open.url}/search`)).text())
    const some = await page({ nhsNumber: '999 000 0026', title: '', team: 'ADULT2', feed: 'rio-http', since: '2026-11-23', until: '' })
    expect(some).toContain('S-1')
    expect(some).not.toContain('S-2')
    for (const kept of ['value="999 000 0026"', 'value="ADULT2"', '<option value="rio-http" selected>', 'value="2026-11-23"']) expect(some).toContain(kept)
    expect(await page({ title: 'nowhere' })).toContain('leave one empty to find more')
    expect(await page({ code: 'CLINIC' })).toContain('id="code-error"')
    expect(await page({ code: '' })).toContain('Fill in at least one field.')
  })

  test('never puts an NHS number or a title into an address, a log or an error', async () => {
    const secrets = /9990000018|999 000 0018|garden/u
    const formToken = formTokenIn(await (await fetch(`${open.url}/search`)).text())
    const pages = [{ nhsNumber: '999 000 0018' }, { title: 'garden' }, { title: '"garden', code: 'WRONG' }, { nhsNumber: '99900000180' }]
    for (const fields of pages) {
      const html = await (await fetch(`${open.url}/search`, formOf({ formToken, ...(fields as Record<string, string>) }))).text()
      expect(html).not.toMatch(/(?:href|action)="[^"]*(?:999 ?000|garden)/u)
    }
    for (const body of [{ nhsNumber: '99900000180' }, { title: 'garden', cursor: 'garden' }, { title: 'garden '.repeat(1000) }, { title: ['garden'], nhsNumber: '9990000018', state: 'garden' }]) {
      const answer = await open.api('/api/documents/search', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      expect(answer.status).toBe(400)
      expect(await answer.text()).not.toMatch(secrets)
    }
    expect((await open.api('/api/documents?title=garden')).status).toBe(400)
    expect(open.lines.join('')).not.toMatch(secrets)
  })
})
