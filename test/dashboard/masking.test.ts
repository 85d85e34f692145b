// Every page and every address for programs, whatever there will be: a visitor who may not see patients finds nothing of
// one anywhere. Over a real ledger with documents in many states, all of one patient with an unmistakable name.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Address } from '../../src/dashboard/parts.ts'
import { isRight, RIGHTS_FOR_PROGRAMS, rightsOf, type Right, type Role } from '../../src/dashboard/rights.ts'
import type { Visitor, Visitors } from '../../src/dashboard/visitor.ts'
import { everyAddress } from '../support/contract.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aReceipt } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const NHS_NUMBER = '9990000085'
const patient = { nhsNumber: NHS_NUMBER, nhsNumberStatus: '01', clientId: 'C-SECRET', family: 'Zwickenpflug', given: 'Oriole', birthDate: '1966-08-08', address: { lines: ['7 Hidden Lane'], postcode: 'ZZ9 9ZZ' } }
const SECRETS = [
  NHS_NUMBER, '999 000 0085', '999-000-0085', 'Zwickenpflug', 'Oriole', 'Peculiar', 'Hidden Lane', 'ZZ9 9ZZ', 'ZZ9%209ZZ', 'C-SECRET', '1966-08-08', '8 August 1966', '8 Aug 1966', '08/08/1966', '19660808',
]
const secretsIn = (text: string) => {
  const lower = text.toLowerCase()
  return SECRETS.filter((secret) => lower.includes(secret.toLowerCase()))
}

let visitor: Visitor
const comes = (role: Role): void => { visitor = { kind: 'person', id: `a-${role}`, name: `A ${role}`, rights: rightsOf([role]), formToken: 'form' } }
const runs = (rights: readonly Right[]): void => { visitor = { kind: 'program', id: 'a-program', name: 'a program', rights, formToken: '' } }
/** Whoever asks, by whatever door, is the one that is tried. */
const visitors: Visitors = { of: () => Promise.resolve(visitor) }

let place: TestLedger
let open: TestDashboard
const iso = () => place.clock.at.toISOString()
const upload = (documentId: string, metadata: object = {}) => {
  const whole = { documentId, name: 'CLIN Peculiar title.pdf', patient, ...metadata }
  return place.upload(whole, { receipt: aReceipt(whole, { fileName: 'CLIN Oriole.pdf' }) })
}
/** What the names in an address may stand for. */
let ids: readonly string[]

beforeAll(async () => {
  place = await aLedger()
  const { ledger } = place
  await ledger.savePolicy({ hash: place.policy.hash, files: { 'a.yaml': '1' } }, iso())
  await ledger.savePerson(NHS_NUMBER, { registered: true, deceased: false, birthDate: patient.birthDate }, iso())
  const sent = await upload('RIO-M1')
  await work(place, sent.id, 'pkb')
  const refused = await upload('RIO-M2')
  await work(place, refused.id, 'pkb', { kind: 'refused', code: '422', detail: 'DocumentReference.type' })
  const unread = await upload('RIO-M3', { documentType: 'share with Oriole Zwickenpflug' })
  const unlisted = await upload('RIO-M4', { name: 'ZZZZ Peculiar.pdf' })
  await upload('RIO-M5', { team: 'ADULT2' })
  await upload('RIO-M6', { documentType: 'MH DO NOT share with patient' })
  const held = await upload('RIO-M7')
  await work(place, held.id, 'pkb')
  await ledger.hold(held.id, 'clerk', 'a mistake', iso())
  await upload('RIO-M8')
  await upload('RIO-M9', { patient: { ...patient, birthDate: '1966-08-09', nhsNumberStatus: '02' } })
  await ledger.reject({ feed: 'rio-mllp', at: iso(), code: 'MESSAGE_UNREADABLE', detail: 'no MSH', skeleton: 'PID|Zwickenpflug^Oriole' })
  const stop = await ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'clerk', 'a drill', iso())
  const stories = await Promise.all([sent, refused, unread, unlisted, held].map(({ id }) => ledger.story(id)))
  const { groups } = await ledger.failures(iso())
  ids = [...stories.flatMap((story) => [story!.id, ...story!.deliveries.map(({ id }) => id), ...story!.receipts.map(({ id }) => id)]), stop!.id, ...groups.map(({ key }) => key), '1', 'CLIN', 'pkb', 'RIO-M1']
  open = await startDashboard({ ledger, policy: () => place.policy, now: () => place.clock.at, visitors })
}, 60_000)
afterAll(async () => {
  await open?.close()
  await place?.close()
})

/** Each way to fill in the names of an address. */
const filledIn = (path: string): readonly string[] => {
  const name = /:\w+/u.exec(path)?.[0]
  return name === undefined ? [path] : ids.flatMap((id) => filledIn(path.replace(name, encodeURIComponent(id))))
}

type Answer = { readonly status: number; readonly text: string }

/** An answer that goes on and on is read until it has said something. */
const ask = async (method: string, path: string, body?: RequestInit): Promise<Answer> => {
  const giveUp = new AbortController()
  const answer = await fetch(open.url + path, { method: method.toUpperCase(), redirect: 'manual', signal: giveUp.signal, ...body })
  const head = `${answer.status} ${JSON.stringify([...answer.headers])}`
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) return { status: answer.status, text: `${head}\n${Buffer.from(await answer.arrayBuffer()).toString('latin1')}\n` }
  const { value } = (await answer.body?.getReader().read()) ?? {}
  giveUp.abort()
  return { status: answer.status, text: `${head}\n${Buffer.from(value ?? new Uint8Array()).toString()}` }
}

const FIELDS = { formToken: 'form', reason: 'a drill of the masking', document: 'RIO-M1', sourceId: 'RIO-M1', state: 'acknowledged', scope: 'code', value: 'APPT' }
/** As a form and as JSON: with little in it, and with nothing. */
const bodies = (path: string): readonly RequestInit[] =>
  path.startsWith('/api/')
    ? [{}, { reason: FIELDS.reason }, { sourceId: 'RIO-M1' }].map((fields) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }))
    : [FIELDS, { formToken: 'form' }, { formToken: 'form', sourceId: 'RIO-M1' }, ...(path.startsWith('/fhir/') ? [{ _count: '50' }] : [])].map((fields) => ({ body: new URLSearchParams(fields) }))

/** What answers there were, and where something of the patient stood. */
const walk = async (addresses: readonly Address[]) => {
  const seen: { readonly path: string; readonly status: number; readonly secrets: readonly string[] }[] = []
  for (const { method, path } of addresses)
    for (const filled of filledIn(path))
      for (const body of method === 'get' ? [undefined] : bodies(path)) {
        const { status, text } = await ask(method, filled, body)
        seen.push({ path: `${method} ${path}`, status, secrets: secretsIn(text) })
      }
  return seen
}

const every = everyAddress()

describe.each(['viewer', 'operator', 'analyst'] as const)('to a %s', (tried) => {
  test('no address that is opened shows anything of a patient', async () => {
    comes(tried)
    const seen = await walk(every.filter(({ method }) => method === 'get'))
    expect(seen.filter(({ secrets }) => secrets.length > 0)).toEqual([])
    // Each list and each story was there to be looked at.
    const opened = new Set(seen.filter(({ status }) => status === 200).map(({ path }) => path))
    for (const path of ['get /documents', 'get /documents/:id', 'get /api/documents/:id', 'get /failed', 'get /failed/:group', 'get /recalls', 'get /stops', 'get /api/failures']) expect([path, opened.has(path)]).toEqual([path, true])
    expect(seen.filter(({ status }) => status >= 500)).toEqual([])
  }, 120_000)

  test('the story says that the patient is hidden, and tells everything else', async () => {
    comes(tried)
    const { text } = await ask('get', `/documents/${ids[0]!}`)
    for (const part of ['RIO-M1', 'Hidden: your roles do not show who the patient is.', 'CLIN', 'ADULT1', 'NHS number traced and verified', 'Rule']) expect(text).toContain(part)
    expect(text).not.toContain('DocumentReference (FHIR R4)')
  })

  test('a search by what names a patient is refused, by page and by API, and repeats nothing', async () => {
    comes(tried)
    expect((await ask('get', '/search')).text).not.toContain('name="nhsNumber"')
    for (const fields of [{ nhsNumber: NHS_NUMBER }, { title: 'Peculiar' }]) {
      for (const answer of [
        await ask('post', '/search', { body: new URLSearchParams({ formToken: 'form', ...fields }) }),
        await ask('post', '/search', { body: new URLSearchParams({ formToken: 'form', state: 'nowhere', ...fields } as Record<string, string>) }),
        await ask('post', '/api/documents/search', { headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }),
      ]) {
        expect([403, 400]).toContain(answer.status)
        expect([secretsIn(answer.text), answer.text.includes('RIO-M')]).toEqual([[], false])
      }
    }
  })
})

describe.each(['reviewer', 'governance', 'admin'] as const)('to a %s', (tried) => {
  test('the story shows who the patient is: the walk above would have found it', async () => {
    comes(tried)
    const seen = await walk(every.filter(({ method, path }) => method === 'get' && path.includes('documents/:id')))
    expect(seen.filter(({ path, status }) => path === 'get /documents/:id' && status === 200).length).toBeGreaterThan(3)
    const { text } = await ask('get', `/documents/${ids[0]!}`)
    for (const part of ['Oriole Zwickenpflug', '999 000 0085', '8 August 1966', 'CLIN Peculiar title', 'CLIN Oriole.pdf', '7 Hidden Lane, ZZ9 9ZZ', 'C-SECRET']) expect(text).toContain(part)
  })
})

/** Any rights of a token but the one: each alone, and all of them together. */
const BLIND = RIGHTS_FOR_PROGRAMS.filter((right) => right !== 'patients')
/** The guard sends them away from the others, which the matrix of roles shows. */
const opensTo = (rights: readonly Right[], { right }: Address): boolean => !isRight(right) || rights.includes(right)
const TOKENS = [...BLIND.map((right) => [right]), BLIND]

describe.each(TOKENS.map((rights) => ({ rights })))('to a program with $rights', ({ rights }) => {
  test('no address that is read shows anything of a patient', async () => {
    runs(rights)
    const seen = await walk(every.filter((one) => one.method === 'get' && opensTo(rights, one)))
    expect(seen.filter(({ secrets }) => secrets.length > 0)).toEqual([])
    expect(seen.filter(({ status }) => status >= 500)).toEqual([])
    const opened = new Set(seen.filter(({ status }) => status === 200).map(({ path }) => path))
    for (const path of ['get /fhir/AuditEvent', 'get /fhir/AuditEvent/:id', 'get /api/audit']) expect([path, opened.has(path)]).toEqual([path, rights.includes('audit')])
  }, 120_000)
})

test('to a program with all rights the log in FHIR shows the patient: the walk above would have found it', async () => {
  runs(RIGHTS_FOR_PROGRAMS)
  expect(secretsIn((await ask('get', '/fhir/AuditEvent?_count=200')).text)).toContain(NHS_NUMBER)
})

// Last of all: what is sent may change what there is to see.
describe.each(['viewer', 'operator', 'analyst'] as const)('to a %s', (tried) => {
  test('no answer to what is sent shows anything of a patient', async () => {
    comes(tried)
    const seen = await walk(every.filter(({ method }) => method === 'post'))
    expect(seen.filter(({ secrets }) => secrets.length > 0)).toEqual([])
    const answered = new Set(seen.filter(({ status }) => status < 400).map(({ path }) => path))
    for (const path of ['post /search', 'post /api/documents/search']) expect([path, answered.has(path)]).toEqual([path, true])
    expect(seen.filter(({ status }) => status >= 500)).toEqual([])
  }, 120_000)
})

describe.each(TOKENS.map((rights) => ({ rights })))('to a program with $rights', ({ rights }) => {
  test('no answer to what is sent shows anything of a patient', async () => {
    runs(rights)
    const seen = await walk(every.filter((one) => one.method === 'post' && opensTo(rights, one)))
    expect(seen.filter(({ secrets }) => secrets.length > 0)).toEqual([])
    expect(seen.filter(({ status }) => status >= 500)).toEqual([])
  }, 120_000)
})
