import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string, init?: RequestInit) => (await fetch(open.url + path, init)).text()

describe('over a real ledger', () => {
  test('a letter that PKB refuses is listed, told, retried from the page, and then arrives', async () => {
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
    const letter = await place.upload({ documentId: 'RIO-7', name: 'CLIN Letter about the garden.pdf' })
    const withheld = await place.upload({ documentId: 'RIO-8', documentType: 'MH DO NOT share with patient' })
    await work(place, letter.id, 'pkb', { kind: 'refused', code: '422', detail: 'DocumentReference.type' })

    const list = await page('/documents?state=failed')
    expect(list).toContain('RIO-7')
    expect(list).not.toContain('RIO-8')
    expect(await page('/documents?sourceId=RIO-8')).toContain(withheld.id)

    const formToken = formTokenIn(await page('/search'))
    for (const fields of [{ nhsNumber: '999 000 0018', title: '' }, { nhsNumber: '', title: 'garden' }]) expect(await page('/search', formOf({ formToken, ...fields }))).toContain('RIO-7')
    expect(await page('/search', formOf({ formToken, nhsNumber: '9990000026', title: '' }))).toContain('No document fits this search.')

    const failed = await page('/failed')
    expect(failed).toContain('422: DocumentReference.type')
    const action = /action="(\/deliveries\/[^"]+)"/u.exec(failed)?.[1] ?? ''
    expect((await fetch(open.url + action, formOf({ formToken, reason: 'the mapping was mended' }))).status).toBe(303)
    expect(open.woken).toEqual([[letter.id, 'pkb']])
    expect(await page('/failed')).toContain('No delivery waits for a person.')

    // Attempts are told in the order of their times.
    place.clock.at = new Date(place.clock.at.getTime() + 1000)
    const trace = { correlation: '11111111-0000-4000-8000-000000000000', requestSha256: 'ab'.repeat(32), requestBytes: 48_000, status: 200, answer: 'AA' }
    await work(place, letter.id, 'pkb', { trace })
    const story = await page(`/documents/${letter.id}`)
    for (const text of ['Acknowledged', 'the mapping was mended', '999 000 0018', 'How the rules were tried', 'A person asked for another try', 'request abababababab, 48 KB, HTTP 200, AA', trace.correlation]) expect(story).toContain(text)
    expect(story).not.toContain('undefined')
  })

  test('the API tells the same without the patient, and pages through all of it', async () => {
    const listed: string[] = []
    let cursor = ''
    do {
      const answer = (await (await open.api(`/api/documents?limit=1&cursor=${encodeURIComponent(cursor)}`)).json()) as { documents: { id: string; sourceId: string }[]; cursor?: string }
      listed.push(...answer.documents.map(({ sourceId }) => sourceId))
      cursor = answer.cursor ?? ''
    } while (cursor !== '')
    expect(listed.toSorted()).toEqual(['RIO-7', 'RIO-8'])

    const { documents } = (await (await open.api('/api/documents?sourceId=RIO-7')).json()) as { documents: { id: string }[] }
    const text = await (await open.api(`/api/documents/${documents[0]?.id}`)).text()
    expect(JSON.parse(text)).toMatchObject({ state: 'acknowledged', deliveries: [{ attempts: [{ outcome: 'refused', code: '422' }, { outcome: 'accepted' }] }] })
    for (const secret of [ADA.nhsNumber, ADA.family, ADA.given, ADA.birthDate, 'garden', 'High Street', '"C1"']) expect(text).not.toContain(secret)
  })

  test('a cursor or an id that was made up is refused, and nothing breaks', async () => {
    expect((await open.api('/api/documents?cursor=abc')).status).toBe(400)
    expect((await open.api("/api/documents/1'%20or%201=1")).status).toBe(404)
    expect((await open.api('/api/deliveries/00000000-0000-4000-8000-000000000000/retry', { method: 'POST' })).status).toBe(404)
    expect((await open.api('/api/documents?sourceId=a%00b')).status).toBe(400)
  })

  test('metrics count the documents by state', async () => {
    const text = await page('/metrics')
    expect(text).toContain('openletter_documents{state="acknowledged"} 1')
    expect(text).toContain('openletter_documents{state="withheld"} 1')
    expect(text).toContain('openletter_ledger_up 1')
  })
})
