// What PKB's answer about readings says and what it does not: whoever reads "read" out of anything else leaves a letter
// unposted.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Parameters } from '@medplum/fhirtypes'
import { openReadReceipts, readsOf } from '../../src/deliver/pkb/read-receipts.ts'
import { pkbSettings } from '../support/pkb.ts'

const [A, B] = ['5f0a6c1e-0000-4000-8000-00000000000a', '5f0a6c1e-0000-4000-8000-00000000000b']
const AT = '2026-11-24T09:00:00.000Z'
const answer = (...parts: readonly (readonly object[])[]) => ({ resourceType: 'Parameters', parameter: parts.map((part) => ({ name: 'readReceipt', part })) })
const number = (value = A) => ({ name: 'documentIdentifier', valueString: value })
const readAt = (value: string = AT) => ({ name: 'readDateTime', valueDateTime: value })

describe('what was read', () => {
  test('is told by the number of the document and a time', () => {
    expect(readsOf(answer([number(), readAt()]), [A, B])).toEqual([{ identifier: A, at: AT }])
  })
  test.each<readonly [string, readonly object[]]>([
    ['parts are called otherwise', [{ name: 'identifier', valueIdentifier: { value: A.toUpperCase() } }, { name: 'when', valueInstant: AT }]],
    ['the time has an offset', [number(), readAt('2026-11-24T10:00:00+01:00')]],
    ['there are other times too', [number(), { name: 'createdDateTime', valueDateTime: '2026-11-01T09:00:00Z' }, readAt()]],
    ['there is more that nobody asked for', [{ name: 'organisation', valueString: 'RWK' }, number(`urn:uuid:${A}`), readAt(), { name: 'reader', valueCode: 'patient' }]],
  ])('also where %s', (_what, parts) => expect(readsOf(answer(parts), [A])).toEqual([{ identifier: A, at: AT }]))
  test('of two entries about one document the later counts', () => {
    expect(readsOf(answer([number(), readAt()], [number(), readAt('2026-11-25T09:00:00Z')], [number(B), readAt()]), [A, B])).toEqual([{ identifier: A, at: '2026-11-25T09:00:00.000Z' }, { identifier: B, at: AT }])
  })
})

describe('what is not known to be read', () => {
  test.each<readonly [string, readonly object[]]>([
    ['has no time', [number()]],
    ['has a day only', [number(), { name: 'readDateTime', valueDateTime: '2026-11-24' }]],
    ['has a time without a zone', [number(), readAt('2026-11-24T09:00:00')]],
    ['has a time of something else', [number(), { name: 'createdDateTime', valueDateTime: AT }]],
    ['has two times, either of which might be meant', [number(), readAt(), { name: 'openedDateTime', valueDateTime: '2026-11-25T09:00:00Z' }]],
    ['names two of our documents', [number(), number(B), readAt()]],
    ['is of somebody else', [number('5f0a6c1e-0000-4000-8000-00000000000c'), readAt()]],
  ])('%s', (_what, parts) => expect(readsOf(answer(parts), [A, B])).toEqual([]))
  test('is what the answer does not speak of', () => expect(readsOf({ resourceType: 'Parameters' }, [A])).toEqual([]))
  test.each([[undefined], ['<html>'], [[]], [{ resourceType: 'OperationOutcome' }]])('an answer that is none says nothing of anything: %j', (body) => expect(readsOf(body, [A])).toBeUndefined())
})

describe('over HTTP', () => {
  const ids = Array.from({ length: 5_000 }, (_, n) => `5f0a6c1e-0000-4000-8000-${String(n).padStart(12, '0')}`)
  let server: Server
  let url: string
  let questions: number[]
  /** The status of the answer to such a question. */
  let refuses: (asked: readonly string[]) => number
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      response.setHeader('content-type', 'application/fhir+json')
      if (request.url!.endsWith('/oauth/token')) return response.end(JSON.stringify({ access_token: 't', token_type: 'Bearer', expires_in: 600 }))
      const asked = ((await json(request)) as Parameters).parameter!.map(({ valueString }) => valueString!)
      questions.push(asked.length)
      response.statusCode = refuses(asked)
      if (response.statusCode !== 200) return response.end(JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid' }] }))
      // As wide as an answer may be: 5,000 of them are more than a megabyte.
      return response.end(JSON.stringify(answer(...asked.map((one) => [number(one), readAt(), { name: 'reader', valueString: 'patient' }])), undefined, 2))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => { [questions, refuses] = [[], () => 200] })
  afterAll(() => { server.close() })
  const ask = async (asked: readonly string[]) => {
    const receipts = openReadReceipts(pkbSettings(url), { now: () => new Date() })
    try {
      const found = await receipts.ask(asked, AbortSignal.timeout(60_000))
      return found.answered ? found.reads.map(({ identifier }) => identifier) : found.outcome.code
    } finally {
      await receipts.close()
    }
  }

  test('an answer about 5,000 letters is read, and whoever asks about more asks twice', async () => {
    expect(await ask([...ids, A, ids[0]!])).toEqual([...ids, A])
    expect(questions).toEqual([5_000, 1])
    expect(await ask([])).toEqual([])
  })
  test.each([400, 413])('one letter for which PKB answers %i keeps no other from being known as read', async (status) => {
    refuses = (asked) => (asked.includes(ids[333]!) ? status : 200)
    expect(await ask(ids.slice(0, 1_000))).toEqual(ids.slice(0, 1_000).filter((one) => one !== ids[333]))
    expect(questions.length).toBeLessThan(25)
  })
  test('what was answered before PKB went away is kept; and where it refuses everything, nobody is asked about one by one', async () => {
    refuses = (asked) => (asked.length > 500 ? 413 : questions.length > 2 ? 503 : 200)
    expect(await ask(ids.slice(0, 1_000))).toEqual(ids.slice(0, 500))
    refuses = () => 400
    questions = []
    expect(await ask(ids)).toBe('400')
    expect(questions.length).toBeLessThan(40)
  })
})
