// The question about accounts: what goes into it, what is read out of the answer, and what one bad identifier does not do.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Parameters } from '@medplum/fhirtypes'
import { answerFor, inHalves, openAccounts } from '../../src/deliver/pkb/accounts.ts'
import type { Outcome } from '../../src/types.ts'
import { nhsNumbers } from '../support/nhs-numbers.ts'
import { pkbSettings } from '../support/pkb.ts'
import { aSandbox } from '../support/sandbox.ts'

const patience = (): AbortSignal => AbortSignal.timeout(60_000)
const now = (): Date => new Date()
const ACCEPTED: Outcome = { kind: 'accepted', code: '200', detail: '' }
const answer = (code: string, kind: Outcome['kind'] = 'refused'): Outcome => ({ kind, code, detail: '' })
const entry = (value: string, ...rest: object[]) => ({ name: 'patientStatus', part: [{ name: 'patientIdentifier', valueIdentifier: { value } }, ...rest] })
const yes = [{ name: 'registered', valueBoolean: true }, { name: 'deceased', valueBoolean: false }]
const born = (valueDate: string) => ({ name: 'dateOfBirth', valueDate })
const says = (valueString: string) => ({ name: 'diagnostics', valueString })
const body = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })
const A = '9990000018'

describe('an answer', () => {
  test('is read only as far as it speaks of exactly this person', () => {
    expect(answerFor(body(entry(A, ...yes, born('1970-01-01'))), [A])).toEqual({ silent: [], people: [{ nhsNumber: A, registered: true, deceased: false, birthDate: '1970-01-01' }] })
    expect(answerFor(body(entry(A, says('Not found'))), [A])).toEqual({ silent: [], people: [{ nhsNumber: A, registered: false, deceased: false }] })
    expect(answerFor(body(entry(A, ...yes, says('No access'))), [A])).toEqual({ silent: [], people: [{ nhsNumber: A, registered: true, deceased: false }] })
    const unreadable = { people: [], silent: [{ nhsNumber: A, code: 'ANSWER_UNREADABLE' }] }
    expect(answerFor(body(entry(A, yes[0]!)), [A])).toEqual(unreadable)
    expect(answerFor(body(entry(A, { name: 'registered', valueString: 'true' }, yes[1]!)), [A])).toEqual(unreadable)
    expect(answerFor(body(entry(A, says('No access'))), [A])).toEqual(unreadable)
    expect(answerFor(body(entry('9990000026', ...yes)), [A])).toEqual({ people: [], silent: [{ nhsNumber: A, code: 'NOT_IN_ANSWER' }] })
    for (const none of [undefined, null, 'x', [], {}]) expect(answerFor(none, [A])).toBeUndefined()
    for (const odd of [body(null as never, 'x' as never, entry(A, null as never)), { resourceType: 'Parameters' }]) expect(answerFor(odd, [A])!.people).toEqual([])
  })

  test('that says two things of one person says nothing; said twice is said once', () => {
    expect(answerFor(body(entry(A, ...yes), entry(A, ...yes)), [A])!.people).toHaveLength(1)
    expect(answerFor(body(entry(A, ...yes), entry(A, says('Not found'))), [A])).toEqual({ people: [], silent: [{ nhsNumber: A, code: 'ANSWERS_DISAGREE' }] })
    expect(answerFor(body(entry(A, ...yes, born('1970-01-01')), entry(A, ...yes, born('1970-01-02'))), [A])!.people).toEqual([])
  })
})

describe('a question that is refused as a whole', () => {
  const everybody = nhsNumbers(5_000)
  const asking = (bad: readonly string[], code = '400') => {
    let questions = 0
    return { asked: () => questions, ask: async (some: readonly string[]) => {
      questions += 1
      return some.some((one) => bad.includes(one)) ? { outcome: answer(code) } : { outcome: ACCEPTED, body: body(...some.map((one) => entry(one, ...yes))) }
    } }
  }

  test.each(['400', '413', '422'])('by %s is asked in halves, until the guilty one is alone and all others are answered', async (code) => {
    for (const guilty of [0, 2_718, 4_999]) {
      const { ask, asked } = asking([everybody[guilty]!], code)
      const found = await inHalves(everybody, ask)
      if (!('people' in found)) throw new Error('not answered')
      expect(found.silent).toEqual([{ nhsNumber: everybody[guilty], code }])
      expect(found.people).toHaveLength(4_999)
      expect(asked()).toBeLessThan(30)
    }
  })

  test('whoever is in it is not asked about one by one: it is not the people, and the question failed', async () => {
    const { ask, asked } = asking(everybody)
    expect(await inHalves(everybody, ask)).toEqual({ outcome: answer('400') })
    expect(asked()).toBeLessThan(40)
  })

  test('more guilty ones than can be found in one go leave the rest for the next', async () => {
    const guilty = everybody.filter((_, n) => n % 500 === 250)
    const { ask } = asking(guilty)
    const found = await inHalves(everybody, ask)
    if (!('people' in found)) throw new Error('not answered')
    expect(found.people.length).toBeGreaterThan(0)
    expect(found.silent.every(({ nhsNumber }) => guilty.includes(nhsNumber))).toBe(true)
    expect(found.people.some(({ nhsNumber }) => guilty.includes(nhsNumber))).toBe(false)
  })

  test.each(['401', '403', '404', '429', '503', 'TIMEOUT'])('%s is about the whole question, and nobody is blamed', async (code) => {
    let questions = 0
    expect(await inHalves(everybody, async () => { questions += 1; return { outcome: answer(code, 'unavailable') } })).toEqual({ outcome: answer(code, 'unavailable') })
    expect(questions).toBe(1)
  })

  test('keeps what was answered before PKB went away', async () => {
    let questions = 0
    const found = await inHalves(everybody, async (some) => {
      questions += 1
      return questions === 1 ? { outcome: answer('400') } : questions === 2 ? { outcome: ACCEPTED, body: body(...some.map((one) => entry(one, ...yes))) } : { outcome: answer('503', 'unavailable') }
    })
    expect('people' in found && [found.people.length, found.silent.length]).toEqual([2_500, 0])
  })
})

describe('over HTTP', () => {
  let server: Server
  let url: string
  const questions: string[][] = []
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const asked = request.url!.endsWith('/oauth/token') ? undefined : ((await json(request)) as Parameters)
      response.setHeader('content-type', 'application/fhir+json')
      if (!asked) return response.end(JSON.stringify({ access_token: 't', token_type: 'Bearer', expires_in: 600 }))
      const numbers = asked.parameter!.map(({ valueIdentifier }) => valueIdentifier!.value!)
      questions.push(numbers)
      // As wide as an answer may be: 5,000 people are more than a megabyte.
      return response.end(JSON.stringify(body(...numbers.map((one) => entry(one, ...yes, born('1970-01-01')))), undefined, 2))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => { server.close() })

  test('no text goes out that is not an NHS number, and the answer about 5,000 people is read', async () => {
    const accounts = openAccounts(pkbSettings(url), { now })
    const good = nhsNumbers(5_000)
    const bad = ['', '9990000019', '999 000 0018', 'Example', '99900000180', '٩٩٩٠٠٠٠٠١٨']
    const found = await accounts.status([...good, ...bad, good[0]!], patience())
    if (!found.answered) throw new Error(found.outcome.code)
    expect(found.people.map(({ nhsNumber }) => nhsNumber)).toEqual(good)
    expect(found.silent).toEqual(bad.map((nhsNumber) => ({ nhsNumber, code: 'NOT_A_NUMBER' })))
    expect(questions).toEqual([good])
    expect(await accounts.status(bad, patience())).toMatchObject({ answered: true, people: [] })
    expect(questions).toHaveLength(1)
    await accounts.close()
  })

  test('the sandbox answers about 12,000 people in three questions', async () => {
    const sandbox = await aSandbox()
    const accounts = openAccounts(pkbSettings(sandbox.url), { now: () => sandbox.clock.now })
    const found = await accounts.status([...nhsNumbers(11_999), A], patience())
    expect(found).toMatchObject({ answered: true, silent: [] })
    expect(found.answered && [found.people.length, found.people.filter(({ registered }) => registered).map(({ nhsNumber }) => nhsNumber)]).toEqual([12_000, [A]])
    const { requests } = (await (await fetch(`${sandbox.url}/control`)).json()) as { requests: { byPath: Record<string, number> } }
    expect(Object.entries(requests.byPath).filter(([path]) => path.includes('status-query')).map(([, times]) => times)).toEqual([3])
    await accounts.close()
    await sandbox.close()
  })
})
