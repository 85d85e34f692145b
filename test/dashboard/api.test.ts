import { afterEach, describe, expect, test } from '@jest/globals'
import { Failure } from '../../src/errors.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aDelivery, aFailedDelivery, aStory, aTellingLedger, uuid } from '../support/story.ts'

let open: TestDashboard | undefined
const start = async (...stories: Parameters<typeof aTellingLedger>) => {
  const ledger = aTellingLedger(...stories)
  open = await startDashboard({ ledger })
  return { ledger, ...open }
}
afterEach(async () => { await open?.close(); open = undefined })

const json = async (answer: Response) => (await answer.json()) as Record<string, unknown>
const post = (body: unknown): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('the API', () => {
  test.each([{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic YTpi' }, { authorization: 'Bearer' }])('answers 401 without its token: %j', async (headers) => {
    const { url } = await start([aStory()])
    for (const path of ['/api/documents', `/api/documents/${uuid(1)}`, '/api/nowhere', '/api/failed', '/api']) {
      const answer = await fetch(url + path, { headers: headers as Record<string, string> })
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('www-authenticate')]).toEqual([401, 'application/problem+json; charset=utf-8', 'Bearer realm="openletter"'])
      expect(await json(answer)).toMatchObject({ code: 'TOKEN_MISSING', status: 401 })
    }
  })

  test('checks the token before it reads a body', async () => {
    const { url } = await start([aStory()])
    const answer = await fetch(`${url}/api/documents/search`, { ...post({}), body: '{' })
    expect(answer.status).toBe(401)
  })

  test('lists documents with a filter and a cursor', async () => {
    const { api, ledger } = await start([aStory()], { cursor: 'next-page' })
    const answer = await json(await api('/api/documents?state=acknowledged,failed&route=pkb&limit=10&cursor=this-page'))
    expect(answer['cursor']).toBe('next-page')
    expect(answer['documents']).toEqual([expect.objectContaining({ id: uuid(1), sourceId: 'RIO-1000123', state: 'acknowledged', route: 'pkb', rule: 'to-pkb', code: 'CLIN', team: 'ADULT1' })])
    expect(ledger.asked).toEqual([{ state: ['acknowledged', 'failed'], route: ['pkb'], limit: 10, cursor: 'this-page' }])
  })

  test('refuses a query that it cannot use, and asks the ledger nothing', async () => {
    const { api, ledger } = await start([aStory()])
    const answer = await api('/api/documents?state=lost&colour=red')
    expect(answer.status).toBe(400)
    const problem = await json(answer)
    expect(problem).toMatchObject({ code: 'QUERY_INVALID', type: 'urn:openletter:error:query-invalid' })
    expect(problem['detail']).toMatch(/state: Use one or more of waiting.*colour: There is no such parameter/u)
    expect(ledger.asked).toEqual([])
  })

  test('does not take an NHS number in an address', async () => {
    const { api, lines, ledger } = await start([aStory()])
    const answer = await api('/api/documents?nhsNumber=9990000018')
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain('9990000018')
    expect(lines.join('')).not.toContain('9990000018')
    expect(ledger.asked).toEqual([])
  })

  test('searches by NHS number and title in a body', async () => {
    const { api, ledger } = await start([aStory()])
    const answer = await api('/api/documents/search', post({ nhsNumber: '999 000 0018', title: 'garden', state: ['acknowledged'], limit: 5 }))
    expect(answer.status).toBe(200)
    expect(ledger.asked).toEqual([{ nhsNumber: '9990000018', title: 'garden', state: ['acknowledged'], limit: 5 }])
  })

  test.each([['[]', 400, 'QUERY_INVALID'], ['{', 400, 'QUERY_INVALID'], ['"x"', 400, 'QUERY_INVALID'], [`{"title":"${'x'.repeat(30_000)}"}`, 400, 'QUERY_INVALID']])(
    'refuses a search body %.10s', async (body, status, code) => {
      const { api } = await start([aStory()])
      const answer = await api('/api/documents/search', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect([answer.status, (await json(answer))['code']]).toEqual([status, code])
    },
  )

  test('refuses a body that is not declared as JSON', async () => {
    const { api } = await start([aStory()])
    const answer = await api('/api/documents/search', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })
    expect(answer.status).toBe(415)
  })

  test('tells a document in the shape of its contract, without the patient', async () => {
    const { api } = await start([aStory()])
    const answer = await api(`/api/documents/${uuid(1)}`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const text = await answer.text()
    const story = JSON.parse(text) as { deliveries: { attempts: unknown[] }[]; events: unknown[] }
    for (const key of ['id', 'source', 'sourceId', 'feed', 'revision', 'receivedAt', 'facts', 'decision', 'state', 'deliveries', 'events']) expect(story).toHaveProperty(key)
    expect(story.deliveries[0]).toMatchObject({ id: uuid(101), destination: 'pkb', state: 'acknowledged' })
    expect(story.deliveries[0]?.attempts[1]).toMatchObject({ at: '2026-11-23T09:00:01.000Z', outcome: 'accepted', code: '201', detail: 'created' })
    expect(story.events[0]).toMatchObject({ seq: 1, at: '2026-11-23T09:00:00.000Z', kind: 'received', actor: 'rio-http', detail: { revision: 1 } })
    for (const secret of ['9990000018', 'Ada', 'Example', 'garden', '1970', 'High Street', 'C123', 'letter.pdf']) expect(text).not.toContain(secret)
  })

  test.each([
    ['read', { via: ['hl7-soap'], readAt: '2026-11-24T09:00:00.000Z' }, '24 Nov 2026'],
    ['not-known', { via: ['hl7-soap'] }, 'Acknowledged is not read'],
    ['unsupported', { via: ['fhir'] }, 'PKB does not say whether it was read'],
  ] as const)('says of a copy at PKB that it is %s, and so does its page', async (read, delivery, words) => {
    const { api, url } = await start([aStory({ deliveries: [{ ...aDelivery(delivery), attempts: [] }] })])
    expect(await json(await api(`/api/documents/${uuid(1)}`))).toMatchObject({ deliveries: [{ state: 'acknowledged', read }] })
    expect(await (await fetch(`${url}/documents/${uuid(1)}`)).text()).toContain(words)
  })

  test.each([['owed', 'nothing', true], ['failed', 'unsure', true], ['acknowledged', 'present', true], ['closed', 'nothing', false]] as const)('of a delivery that is %s its page says until when it has to be read: a time that runs', async (state, standing, says) => {
    const { url } = await start([aStory({ deliveries: [{ ...aDelivery({ via: ['hl7-soap'], state, standing, readBy: '2026-12-08T00:00:00.000Z' }), attempts: [] }] })])
    expect((await (await fetch(`${url}/documents/${uuid(1)}`)).text()).includes('Goes by post if not read by')).toBe(says)
  })

  test('says nothing of reading where there is no copy at PKB', async () => {
    const { api } = await start([aStory({ deliveries: [{ ...aDelivery({ standing: 'recalled', state: 'recalled' }), attempts: [] }, { ...aDelivery({ destination: 'print', state: 'printed' }), attempts: [] }] })])
    const { deliveries } = (await json(await api(`/api/documents/${uuid(1)}`))) as { deliveries: object[] }
    expect(deliveries.map((one) => 'read' in one)).toEqual([false, false])
  })

  test('gives the DocumentReference by itself', async () => {
    const { api } = await start([aStory()])
    const answer = await api(`/api/documents/${uuid(1)}/resource`)
    expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8')
    expect(await json(answer)).toMatchObject({ resourceType: 'DocumentReference' })
  })

  test.each([`/api/documents/${uuid(9)}`, '/api/documents/nobody', '/api/documents/%00', `/api/documents/${uuid(9)}/resource`, '/api/nowhere'])('answers 404 at %s', async (path) => {
    const { api } = await start([aStory()])
    const answer = await api(path)
    expect([answer.status, (await json(answer))['code']]).toEqual([404, 'NOT_FOUND'])
  })

  test('answers 405 with the methods that there are', async () => {
    const { api } = await start([aStory()])
    const answer = await api('/api/documents', { method: 'DELETE' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  })

  test('lists what waits for a person, without the patient', async () => {
    const { api } = await start([aStory({ deliveries: [{ ...aFailedDelivery(), attempts: [] }] })])
    const answer = await api('/api/failed')
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ deliveries: [{ id: uuid(101), state: 'failed', lastCode: '422', document: { sourceId: 'RIO-1000123' } }] })
    expect(text).not.toContain('9990000018')
  })

  test('retries a failed delivery with the reason, and wakes a worker', async () => {
    const { api, ledger, woken } = await start([aStory({ deliveries: [{ ...aFailedDelivery(), attempts: [] }] })])
    const answer = await api(`/api/deliveries/${uuid(101)}/retry`, post({ reason: 'the mapping was mended' }))
    expect(answer.status).toBe(202)
    expect(ledger.retried).toEqual([{ deliveryId: uuid(101), actor: 'a-program (api)', reason: 'the mapping was mended' }])
    expect(woken).toEqual([[uuid(1), 'pkb']])
  })

  test('retries without a body too, and says that no reason was given', async () => {
    const { api, ledger } = await start([aStory({ deliveries: [{ ...aFailedDelivery(), attempts: [] }] })])
    expect((await api(`/api/deliveries/${uuid(101)}/retry`, { method: 'POST' })).status).toBe(202)
    expect(ledger.retried[0]?.reason).toBe('not given')
  })

  test('does not retry what cannot be, and wakes nobody', async () => {
    const { api, ledger, woken } = await start([aStory({ deliveries: [{ ...aFailedDelivery({ state: 'blocked' }), attempts: [] }] })])
    const blocked = await api(`/api/deliveries/${uuid(101)}/retry`, post({ reason: 'please' }))
    expect([blocked.status, (await json(blocked))['code']]).toEqual([409, 'RETRY_NOT_POSSIBLE'])
    for (const id of [uuid(999), 'nobody']) expect((await api(`/api/deliveries/${id}/retry`, post({ reason: 'please' }))).status).toBe(404)
    for (const body of [{ reason: 5 }, { reason: 'x'.repeat(501) }, { because: 'x' }]) expect((await api(`/api/deliveries/${uuid(101)}/retry`, post(body))).status).toBe(400)
    expect([ledger.retried, woken]).toEqual([[], []])
  })

  test('tells nothing of what went wrong inside, and logs the pattern of the address only', async () => {
    const ledger = { ...aTellingLedger([]), story: () => Promise.reject(new Error('secret of Ada Example')), list: () => Promise.reject(new Failure('DATABASE_UNREACHABLE', 'Port 5432.')) }
    open = await startDashboard({ ledger })
    const story = await open.api(`/api/documents/${uuid(7)}`)
    expect(story.status).toBe(500)
    expect(await story.text()).not.toContain('secret')
    expect(open.lines.join('')).toContain('/api/documents/:id')
    expect(open.lines.join('')).not.toMatch(/secret|Ada/u)
    expect(open.lines.join('')).not.toContain(uuid(7))
    const list = await open.api('/api/documents')
    expect([list.status, (await json(list))['code']]).toEqual([503, 'DATABASE_UNREACHABLE'])
  })
})
