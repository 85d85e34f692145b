// The description of the API beside the standard, beside what addresses really answer, and beside the pages.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { linkToJson } from '../../src/dashboard/as-json.ts'
import { openApi } from '../../src/dashboard/openapi.ts'
import { SECTIONS } from '../../src/dashboard/navigation.ts'
import type { Address } from '../../src/dashboard/parts.ts'
import { isForPrograms, isRight } from '../../src/dashboard/rights.ts'
import { ERRORS } from '../../src/errors.ts'
import { everyAddress } from '../support/contract.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { OPENAPI } from '../support/openapi-schema.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const ours = everyAddress().filter(({ path }) => path.startsWith('/api/'))
const name = ({ method, path }: Address) => `${method.toUpperCase()} ${path}`

type Operation = { readonly operationId: string; readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>; readonly parameters: readonly { readonly name: string; readonly in: string }[] }
const described = openApi(everyAddress()) as { readonly paths: Record<string, Record<string, Operation>>; readonly components: { readonly schemas: Record<string, object> } }
const operations = Object.entries(described.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

/** Every value in it under this name. */
const under = (key: string, part: unknown): readonly unknown[] =>
  typeof part !== 'object' || part === null ? [] : Object.entries(part).flatMap(([at, value]) => [...(at === key ? [value as unknown] : []), ...under(key, value)])

describe('the description at /api/openapi.json', () => {
  test('is OpenAPI 3.1', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    expect([ajv.validate(OPENAPI, described), ajv.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`) ?? []]).toEqual([true, []])
  })

  test('refers only to what is there, and names nothing that nothing refers to', () => {
    const refs = [...new Set(under('$ref', described))]
    expect(refs.length).toBeGreaterThan(10)
    expect(refs.map((ref) => String(ref).replace('#/components/schemas/', '')).toSorted()).toEqual(Object.keys(described.components.schemas).toSorted())
  })

  test('each of its schemas can be compiled, and takes what it should', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema({ $id: 'https://openletter.test/', components: described.components })
    const problem = ajv.compile({ $ref: 'https://openletter.test/#/components/schemas/Problem' })
    expect(problem({ type: 'urn:openletter:error:not-found', title: 'a', status: 404, detail: 'b', code: 'NOT_FOUND', hint: 'c' })).toBe(true)
    expect(problem({ title: 'a' })).toBe(false)
    for (const schema of Object.keys(described.components.schemas)) expect(typeof ajv.compile({ $ref: `https://openletter.test/#/components/schemas/${schema}` })).toBe('function')
  })

  test('has every address of the API with its right, and calls each by a name of its own', () => {
    expect(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).toSorted()).toEqual(ours.map((address) => name(address).replaceAll(/:(\w+)/gu, '{$1}')).toSorted())
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['getDocuments', 'postDocumentsSearch', 'getDocumentsById', 'getOpenapiJson']))
    for (const address of ours) expect([name(address), operations.find(({ path, method }) => method === address.method && path === address.path.replaceAll(/:(\w+)/gu, '{$1}'))?.operation]).toMatchObject([name(address), { 'x-openletter-right': address.right }])
  })

  test('each address says what it is for, and what it answers', () => {
    expect(ours.filter(({ told }) => !told || !/^[A-Z].*\.$/u.test(told.says)).map(name)).toEqual([])
    expect(ours.filter(({ told }) => told && !told.answer && (told.type === undefined || told.type.includes('json'))).map(name)).toEqual([])
  })

  test('each address declares the names in its path, and each problem that it may answer with its status', () => {
    for (const { path, operation } of operations) {
      expect([path, operation.parameters.filter((one) => one.in === 'path').map((one) => one.name)]).toEqual([path, [...path.matchAll(/\{(\w+)\}/gu)].map(([, one]) => one)])
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const codes = under('enum', content?.['application/problem+json'] ?? {}).flat() as (keyof typeof ERRORS)[]
        expect([path, status, codes.map((code) => ERRORS[code].status)]).toEqual([path, status, codes.map(() => Number(status))])
      }
      expect([path, Object.hasOwn(operation.responses, '401')]).toEqual([path, path !== '/api/openapi.json'])
    }
  })

  test('puts nothing that identifies a patient into an address', () => {
    const asked = operations.flatMap(({ operation }) => operation.parameters.map((one) => one.name))
    expect(asked.filter((one) => /nhs|patient|title|birth|postcode|surname/iu.test(one))).toEqual([])
  })
})

describe('over a real ledger with a document of each kind', () => {
  let place: TestLedger
  let open: TestDashboard
  const iso = () => place.clock.at.toISOString()
  const NAMED: Record<string, string> = {}

  beforeAll(async () => {
    place = await aLedger()
    open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
    await place.ledger.savePolicy({ hash: place.policy.hash, files: { 'a.yaml': '1' } }, iso())
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, iso())
    await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false, birthDate: BEN.birthDate }, iso())
    const sent = await place.upload({ documentId: 'RIO-1' })
    await work(place, sent.id, 'pkb', { trace: { correlation: uuid(9), requestSha256: 'ab'.repeat(32), requestBytes: 5, status: 201, answer: 'AA' } })
    const refused = await place.upload({ documentId: 'RIO-2' })
    await work(place, refused.id, 'pkb', { kind: 'refused', code: '422', detail: 'DocumentReference.type' })
    const posted = await place.upload({ documentId: 'RIO-3', patient: BEN })
    await work(place, posted.id, 'print')
    const printed = await place.upload({ documentId: 'RIO-4', patient: BEN })
    await work(place, printed.id, 'print')
    await place.ledger.acknowledgePrint({ deliveryId: (await place.ledger.story(printed.id))!.deliveries[0]!.id, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    await place.upload({ documentId: 'RIO-5', documentType: 'MH DO NOT share with patient' })
    await place.upload({ documentId: 'RIO-6', documentType: 'Something else' })
    await place.upload({ documentId: 'RIO-7', team: 'ADULT2' })
    await place.upload({ documentId: 'RIO-8', name: 'ZZZZ Unlisted.pdf' })
    await place.upload({ documentId: 'RIO-9', team: undefined, name: 'no code at all' })
    const back = await place.upload({ documentId: 'RIO-10' })
    await work(place, back.id, 'pkb')
    await place.ledger.hold(back.id, 'clerk', 'a mistake', iso())
    await work(place, back.id, 'pkb')
    const away = await place.upload({ documentId: 'RIO-11' })
    await work(place, away.id, 'pkb', { kind: 'unavailable', code: '503' })
    const going = await place.upload({ documentId: 'RIO-12' })
    await work(place, going.id, 'pkb')
    await place.ledger.hold(going.id, 'clerk', 'another', iso())
    await place.upload({ documentId: 'RIO-13' })
    await place.ledger.reject({ feed: 'rio-mllp', at: iso(), code: 'MESSAGE_UNREADABLE', detail: 'no MSH', skeleton: 'x' })
    const stop = await place.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'clerk', 'wrong template', iso())
    const lifted = await place.ledger.pullStop({ scope: 'all', value: '' }, 'clerk', 'wrong template', iso())
    await place.ledger.liftStop(lifted!.id, 'clerk', 'mended', iso())
    const { groups } = await place.ledger.failures(iso())
    Object.assign(NAMED, { '/api/documents/:id': sent.id, '/api/stops/:id': stop!.id, '/api/failures/:group': groups[0]!.key })
  }, 60_000)
  afterAll(async () => { await open?.close(); await place?.close() })

  /** Of what the path names: what the test made, or the first that the collection has. */
  const placeOf = async (path: string): Promise<string> => {
    const [found = '', collection = ''] = /^(\/api\/[^:]+)\/:\w+/u.exec(path) ?? []
    if (found === '') return path
    const listed = Object.hasOwn(NAMED, found) ? NAMED[found]! : await firstOf(collection)
    return path.replace(found, `${collection}/${encodeURIComponent(listed)}`).replaceAll(/:\w+/gu, '1')
  }
  const firstOf = async (collection: string): Promise<string> => {
    const answer = ours.some((one) => one.method === 'get' && one.path === collection) ? await open.api(collection) : undefined
    const body = answer?.ok && answer.headers.get('content-type')?.includes('json') ? ((await answer.json()) as object) : {}
    const [first] = Object.values(body).find((value): value is readonly { readonly id?: string; readonly name?: string }[] => Array.isArray(value) && value.length > 0) ?? []
    return first?.id ?? first?.name ?? uuid(1)
  }

  test('there is each kind of state to be told', async () => {
    const { documents } = (await (await open.api('/api/documents?limit=200')).json()) as { documents: { state: string }[] }
    expect([...new Set(documents.map(({ state }) => state))].toSorted()).toEqual(['acknowledged', 'failed', 'observed', 'printed', 'printing', 'recalled', 'recalling', 'review', 'waiting', 'withheld'])
  })

  test.each(ours.filter(({ method }) => method === 'get').map((address) => [address.path, address] as const))('GET %s answers as it is told', async (path, { told, right }) => {
    const answer = await open.api(await placeOf(path))
    await answer.body?.cancel()
    // Of what takes a person the answers are compared where one asks: people.test.ts, tokens.test.ts.
    if (isRight(right) && !isForPrograms(right)) return expect([path, answer.status]).toEqual([path, 403])
    // What has to be asked with something is refused without it.
    if (told?.query && !told.query.safeParse({}).success) return expect([path, answer.status]).toEqual([path, 400])
    if (Object.keys(NAMED).some((known) => path.startsWith(known)) || !path.includes(':')) expect([path, answer.status]).toEqual([path, told?.status ?? 200])
    else expect([200, 404]).toContain(answer.status)
    if (answer.ok) expect(answer.headers.get('content-type')).toMatch(new RegExp(`^${(told?.type ?? 'application/json').replace('+', String.raw`\+`)}`, 'u'))
  })

  test('the story of each document is as it is told', async () => {
    const { documents } = (await (await open.api('/api/documents?limit=200')).json()) as { documents: { id: string }[] }
    for (const { id } of documents) expect((await open.api(`/api/documents/${id}`)).status).toBe(200)
    expect(documents.length).toBe(13)
    for (const kind of ['open', 'late', 'unconfirmed']) expect((await open.api(`/api/recalls?kind=${kind}`)).status).toBe(200)
    const { groups } = (await (await open.api('/api/failures')).json()) as { groups: { key: string }[] }
    expect(groups.length).toBeGreaterThan(1)
    for (const { key } of groups) expect((await open.api(`/api/failures/${key}`)).status).toBe(200)
  })

  test.each(ours.filter(({ method }) => method === 'post').map((address) => [address.path, address] as const))('POST %s refuses what it does not take, with a problem that it names', async (path, { told }) => {
    const where = await placeOf(path)
    for (const body of ['{', '[]', '{"noSuchMember":1}', '{"reason":7}'])
      expect([path, body, (await open.api(where, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status]).toEqual([path, body, expect.any(Number)])
    if (!told?.body) return
    const strange = await open.api(where, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"noSuchMember":1}' })
    expect([path, strange.status >= 400 && strange.status < 500]).toEqual([path, true])
  })

  test('an address that nobody has declared is found by the comparison', async () => {
    await expect(open.api('/api/documents?state=failed')).resolves.toMatchObject({ status: 200 })
    const page = await startDashboard({ ledger: { ...place.ledger, list: () => Promise.resolve({ documents: [{ id: 'no uuid' } as never] }) } })
    try {
      await expect(page.api('/api/documents')).rejects.toThrow('GET /api/documents answered an answer of another shape')
    } finally {
      await page.close()
    }
  })
})

// ---------------------------------------------------------------- pages

describe('each page that shows data names the same data as JSON', () => {
  /** Why there is none: nothing is shown, or what is shown was asked for in a body. */
  const NONE: Readonly<Record<string, string>> = {
    '/search': 'a form; what it finds comes by POST /api/documents/search',
    '/try': 'a form; what it says comes by POST /api/try',
    '/live': 'a stream that tells pages to look again',
    '/documents/:id/content': 'a file', '/documents/:id/picture': 'a file', '/documents/:id/pages/:page': 'a picture of a page',
  }
  const isNoPage = ({ method, path, right }: Address): boolean => method !== 'get' || /^\/(api|fhir|health|metrics|assets)\b/u.test(path) || right === 'open' || path.endsWith('.csv') || path.endsWith('/print')
  const pages = everyAddress().filter((address) => !isNoPage(address))

  test('and nothing else is left out', () => {
    expect(pages.filter(({ path, same }) => same === undefined && !Object.hasOwn(NONE, path)).map(({ path }) => path)).toEqual([])
  })

  test('by an address that there is, with the same names in its path', () => {
    for (const { path, same } of pages) {
      if (same === undefined) continue
      expect([path, ours.some((one) => one.method === 'get' && one.path === same)]).toEqual([path, true])
      const names = (text: string) => [...text.matchAll(/:(\w+)/gu)].map(([, one]) => one)
      expect([path, names(path)]).toEqual([path, expect.arrayContaining(names(same))])
    }
  })

  test('in its foot, with what the address takes of the question, and only for who may ask', async () => {
    const story = aStory()
    const shown = await startDashboard({ ledger: aTellingLedger([story]) })
    const foot = async (path: string) => /href="([^"]*)"[^>]*>\s*This page as JSON/u.exec(await (await fetch(shown.url + path)).text())?.[1]?.replaceAll('&amp;', '&')
    try {
      expect(await foot('/documents?state=acknowledged&limit=10&message=held')).toBe('/api/documents?state=acknowledged&limit=10')
      expect(await foot(`/documents/${story.id}`)).toBe(`/api/documents/${story.id}`)
      expect(await foot('/search')).toBeUndefined()
    } finally {
      await shown.close()
    }
    const twin: Address = { method: 'get', path: '/api/x', right: 'audit', handle: [] }
    const told = (right: 'see' | 'audit') => {
      const res = { locals: { visitor: { rights: [right] }, frame: {} as { asJson?: string } } }
      for (const link of linkToJson({ method: 'get', path: '/x', right: 'see', same: '/api/x', handle: [] }, [twin])) void link({ params: {}, query: {} } as never, res as never, () => {})
      return res.locals.frame.asJson
    }
    expect([told('see'), told('audit')]).toEqual([undefined, '/api/x'])
  })

  test('the pages of the navigation are among them', () => {
    const there = new Set(everyAddress().filter(({ method }) => method === 'get').map(({ path }) => path))
    expect(SECTIONS.flatMap((section) => section.pages).map(({ href }) => href).filter((href) => !there.has(href))).toEqual([])
  })
})
