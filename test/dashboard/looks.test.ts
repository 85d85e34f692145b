// Who sees whose document it is stands in the log before the answer goes out, once for a while, and in FHIR as a read of a
// patient's data. Over a real ledger.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AuditEvent } from '@medplum/fhirtypes'
import type { DashboardParts } from '../../src/dashboard/parts.ts'
import { Failure } from '../../src/errors.ts'
import { formOf, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, BEN } from '../support/documents.ts'
import { problemsOf } from '../support/fhir.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
let trouble: Failure | undefined
const start = (parts: Partial<DashboardParts> = {}) => startDashboard({
  ledger: { ...place.ledger, looked: (...asked) => (trouble ? Promise.reject(trouble) : place.ledger.looked(...asked)) }, policy: () => place.policy, now: () => place.clock.at, ...parts,
})
beforeAll(async () => {
  place = await aLedger()
  open = await start()
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(() => { trouble = undefined })

let nth = 0
const letter = (metadata = {}) => place.upload({ documentId: `RIO-L${++nth}`, ...metadata })
const later = (minutes: number): void => { place.clock.at = new Date(place.clock.at.getTime() + minutes * 60_000) }
const page = async (path: string, init?: RequestInit) => {
  const answer = await fetch(open.url + path, init)
  return { status: answer.status, html: await answer.text() }
}
const looksAt = async (documentId: string) => {
  const { entries } = await place.ledger.trail({ documentId, kinds: [{ kind: 'looked' }], limit: 50 })
  return entries.map(({ actor, detail }) => [actor, detail['what'], detail['revision']])
}

describe('a look', () => {
  test('at the page of a document is written down with who, what and which revision', async () => {
    const { id } = await letter()
    expect((await page(`/documents/${id}`)).html).toContain('Ada Example')
    expect(await looksAt(id)).toEqual([['a-admin (pages)', 'story', 1]])
    expect(await place.ledger.verifyChain()).toBeUndefined()
  })

  test('stands in the story from then on', async () => {
    const { id } = await letter()
    await page(`/documents/${id}`)
    expect((await page(`/documents/${id}`)).html).toContain('Somebody saw whose it is')
  })

  test('again within ten minutes is not written down again; after them, of another kind, by somebody else and of another revision it is', async () => {
    const { id } = await letter()
    for (const minutes of [0, 4, 5]) {
      later(minutes)
      await page(`/documents/${id}`)
    }
    expect(await looksAt(id)).toHaveLength(1)
    later(2)
    await page(`/documents/${id}`)
    expect(await looksAt(id)).toHaveLength(2)
    await open.api(`/api/documents/${id}/resource`)
    expect((await looksAt(id))[0]).toEqual(['a-program (api)', 'resource', 1])
    const other = await start({ visitors: signedInAs('reviewer') })
    await fetch(`${other.url}/documents/${id}`)
    await other.close()
    expect((await looksAt(id))[0]).toEqual(['a-reviewer (pages)', 'story', 1])
    await place.upload({ documentId: `RIO-L${nth}`, name: 'CLIN Another title.pdf', uploadedAt: '2026-11-20T12:00:00Z' })
    await page(`/documents/${id}`)
    expect((await looksAt(id))[0]).toEqual(['a-admin (pages)', 'story', 2])
  })

  test('of somebody who may not see the patient is none', async () => {
    const { id } = await letter()
    for (const role of ['viewer', 'operator', 'analyst'] as const) {
      const masked = await start({ visitors: signedInAs(role) })
      const answer = await fetch(`${masked.url}/documents/${id}`)
      expect([answer.status, (await answer.text()).includes('Ada')]).toEqual([200, false])
      await masked.close()
    }
    expect(await looksAt(id)).toEqual([])
  })

  test('that cannot be written down shows nothing, by page, API and FHIR', async () => {
    const { id } = await letter()
    await page(`/documents/${id}`)
    const { entries: [{ seq } = { seq: 0 }] } = await place.ledger.trail({ documentId: id, kinds: [{ kind: 'looked' }], limit: 1 })
    later(11)
    trouble = new Failure('DATABASE_UNREACHABLE', 'It is away.')
    const form = formOf({ formToken: 'form-of-admin', nhsNumber: ADA.nhsNumber })
    const answers = [
      await page(`/documents/${id}`), await page('/search', form), await page(`/documents/${id}/hold`, formOf({ formToken: 'form-of-admin', reason: '' })),
      ...(await Promise.all([
        open.api(`/api/documents/${id}/resource`), open.api(`/fhir/DocumentReference/${id}`), open.api(`/fhir/DocumentReference/${id}/_history/1`), open.api('/fhir/DocumentReference'), open.api(`/fhir/AuditEvent?entity=DocumentReference/${id}`), open.api(`/fhir/AuditEvent/${seq}`),
        open.api('/api/documents/search', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ nhsNumber: ADA.nhsNumber }) }),
      ].map(async (asked) => { const answer = await asked; return { status: answer.status, html: await answer.text() } }))),
    ]
    for (const { status, html } of answers) expect([status, ['Ada', '9990000018', '999 000 0018', `RIO-L${nth}`].filter((text) => html.includes(text))]).toEqual([503, []])
  })

  test('at a document that there is not cannot be written down', async () => {
    await expect(place.ledger.looked([{ id: '00000000-0000-4000-8000-000000000009' }], { actor: 'jane (pages)', what: 'story' }, place.clock.at.toISOString())).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a search by a patient', () => {
  test('is a look at each document that it finds; any other search is none', async () => {
    const [one, two, other] = [await letter({ patient: BEN }), await letter({ patient: BEN }), await letter()]
    await page('/search', formOf({ formToken: 'form-of-admin', code: 'CLIN' }))
    expect(await looksAt(one.id)).toEqual([])
    const { html } = await page('/search', formOf({ formToken: 'form-of-admin', nhsNumber: BEN.nhsNumber }))
    expect(html).toContain(`/documents/${two.id}`)
    for (const { id } of [one, two]) expect(await looksAt(id)).toEqual([['a-admin (pages)', 'search', 1]])
    expect(await looksAt(other.id)).toEqual([])
  })

  test('by FHIR is a look at each as well', async () => {
    const { id } = await letter({ patient: { ...BEN, nhsNumber: '9990000034' } })
    await open.api('/fhir/DocumentReference/_search', { method: 'POST', body: new URLSearchParams({ patient: '9990000034' }) })
    expect(await looksAt(id)).toEqual([['a-program (api)', 'resource', 1]])
  })
})

describe('in FHIR a look', () => {
  test('is a patient read as BALP has it: who asked, whose it was by number, and the document', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    const found = (await (await open.api(`/fhir/AuditEvent?entity=DocumentReference/${id}&subtype=looked&type=rest`)).json()) as { entry: { resource: AuditEvent }[] }
    const [event] = found.entry.map(({ resource }) => resource)
    expect(problemsOf(event!)).toEqual([])
    expect(event).toMatchObject({ meta: { profile: ['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead'] }, type: { code: 'rest' }, action: 'R', outcome: '0' })
    expect(event!.subtype?.map(({ code }) => code)).toEqual(['read', 'looked'])
    expect(event!.agent.map(({ who, requestor, type }) => [type?.coding?.[0]?.code, who?.display, requestor])).toEqual([['110153', 'a-admin (pages)', true], ['110152', expect.anything(), false]])
    expect(event!.entity?.map(({ what, role }) => [role?.code, what?.reference ?? what?.identifier?.value])).toEqual([['1', BEN.nhsNumber], ['4', `DocumentReference/${id}`]])
  })

  test('names the patient of the revision that was seen, also after the document moved to another', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    await place.upload({ documentId: `RIO-L${nth}`, patient: ADA, uploadedAt: '2026-11-20T12:00:00Z' })
    const { entries } = await place.ledger.trail({ documentId: id, kinds: [{ kind: 'looked' }], limit: 5 })
    expect(entries.map(({ nhsNumber }) => nhsNumber)).toEqual([BEN.nhsNumber])
  })

  test('is told without the number to a program that may read the log and not see patients', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    const auditor = await start({ visitors: { of: () => Promise.resolve({ kind: 'program', id: 'auditor', name: 'auditor', rights: ['see', 'audit'], formToken: '' }) } })
    const text = await (await fetch(`${auditor.url}/fhir/AuditEvent?entity=DocumentReference/${id}`)).text()
    await auditor.close()
    expect(text).toContain('looked')
    expect(text).not.toContain(BEN.nhsNumber)
  })
})

describe('the log in FHIR that names a patient', () => {
  const events = (query: string) => open.api(`/fhir/AuditEvent${query}`).then((answer) => answer.text())
  const looksOf = async (documentId: string) => (await looksAt(documentId)).filter(([, what]) => what === 'log')

  test('is a look at each document behind it, at the revision that it is about, once', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    await place.upload({ documentId: `RIO-L${nth}`, patient: ADA, uploadedAt: '2026-11-20T12:00:00Z' })
    for (const query of [`?entity=DocumentReference/${id}`, `?entity=DocumentReference/${id}`]) expect(await events(query)).toContain(BEN.nhsNumber)
    expect(await looksOf(id)).toEqual([['a-program (api)', 'log', 1]])
  })

  test('is one too when one entry is read, and none when no entry names anybody', async () => {
    const [seen, plain] = [await letter({ patient: BEN }), await letter({ patient: BEN })]
    await page(`/documents/${seen.id}`)
    const { entries: [entry] } = await place.ledger.trail({ documentId: seen.id, kinds: [{ kind: 'looked' }], limit: 1 })
    expect(await events(`/${entry!.seq}`)).toContain(BEN.nhsNumber)
    expect(await events(`?entity=DocumentReference/${plain.id}`)).not.toContain(BEN.nhsNumber)
    expect([await looksOf(seen.id), await looksOf(plain.id)]).toEqual([[['a-program (api)', 'log', 1]], []])
  })

  test('names nobody for having been read, so that whoever follows it is not written down for ever', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    later(1)
    const since = place.clock.at.toISOString()
    await events(`?entity=DocumentReference/${id}`)
    later(11)
    expect(await events(`?entity=DocumentReference/${id}&date=ge${since}`)).not.toContain(BEN.nhsNumber)
    expect(await looksOf(id)).toHaveLength(1)
  })

  test('is no look to a program that is not told whose it is', async () => {
    const { id } = await letter({ patient: BEN })
    await page(`/documents/${id}`)
    const auditor = await start({ visitors: { of: () => Promise.resolve({ kind: 'program', id: 'auditor', name: 'auditor', rights: ['audit'], formToken: '' }) } })
    const { status } = await fetch(`${auditor.url}/fhir/AuditEvent?entity=DocumentReference/${id}`)
    await auditor.close()
    expect([status, await looksOf(id)]).toEqual([200, []])
  })
})
