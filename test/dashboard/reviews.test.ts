// The review queue and the page of one document over a real ledger, real files and the policy's own rules: who may let what
// go, and what nobody can.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { spanInWords } from '../../src/decide/review-limits.ts'
import { rightsOf, type Role } from '../../src/dashboard/rights.ts'
import type { Visitor, Visitors } from '../../src/dashboard/visitor.ts'
import { REVIEW_REASONS } from '../../src/decide/review-reason.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { ContentRef } from '../../src/types.ts'
import { formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, aReceipt, BEN, type Metadata } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'

let place: TestLedger
let open: TestDashboard
let folder: string
let store: ContentStore

const person = (id: string, role: Role): Visitor => ({ kind: 'person', id, name: id, rights: rightsOf([role]), formToken: `form-of-${id}` })
const WHO: { [id: string]: Visitor } = {
  jane: person('jane', 'reviewer'), tom: person('tom', 'reviewer'), vera: person('vera', 'viewer'), olga: person('olga', 'operator'),
  robot: { kind: 'program', id: 'robot', name: 'robot', rights: rightsOf(['admin']), formToken: '' },
}
const visitors: Visitors = { of: ({ headers }) => Promise.resolve(WHO[String(headers['x-who'] ?? 'jane')]) }

beforeAll(async () => {
  place = await aLedger()
  folder = await mkdtemp(join(tmpdir(), 'openletter-reviews-'))
  store = await openContent(folder)
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, iso())
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, visitors, content: store })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

let nth = 0
const iso = () => place.clock.at.toISOString()
const kept = async (bytes: Buffer): Promise<ContentRef> => {
  const writer = store.writer(100_000_000)
  await writer.write(bytes)
  return writer.keep()
}
const letter = (): Promise<Buffer> => readFile(new URL('../../samples/letter.pdf', import.meta.url))
const upload = async (metadata: Metadata = {}, bytes?: Buffer, declaredType = 'application/pdf') => {
  const all = { documentId: `RIO-V${++nth}`, ...metadata }
  return { ...(await place.upload(all, { receipt: aReceipt(all, { contents: [await kept(bytes ?? (await letter()))], declaredType }) })), documentId: all.documentId }
}
const as = async (who: string, path: string, init: RequestInit = {}) => {
  const answer = await fetch(open.url + path, { redirect: 'manual', ...init, headers: { 'x-who': who, ...init.headers } })
  const html = await answer.text()
  return { status: answer.status, location: answer.headers.get('location'), headers: answer.headers, html }
}
const json = async (who: string, path: string, body?: object) => {
  const { status, html } = await as(who, path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return [status, JSON.parse(html) as Record<string, never>] as const
}
const hidden = (html: string, name: string): string => new RegExp(`name="${name}" value="([^"]*)"`, 'u').exec(html)?.[1] ?? ''
const sent = (who: string, id: string, html: string, fields: Record<string, string> = {}) => as(who, `/reviews/${id}/release`, formOf({
  formToken: `form-of-${who}`, revision: hidden(html, 'revision'), sha256: hidden(html, 'sha256'), offer: hidden(html, 'offer'), role: 'Consultant psychiatrist', reason: 'I have read it', ...fields,
}))
const lifted = (id: string, html: string) => as('jane', `/reviews/${id}/lift-hold`, formOf({ formToken: 'form-of-jane', revision: hidden(html, 'revision'), sha256: hidden(html, 'sha256'), reason: 'it is his sister' }))
const routeOf = async (id: string) => (await place.ledger.story(id))?.route
const EXTERNAL = { author: { name: 'Dr Else', organisation: 'XYZ' } }
const SECRETS = [ADA.nhsNumber, '999 000 0018', ADA.family, 'Clinic letter', '1 High Street']

describe('the queue', () => {
  test('shows reasons with owner, limit and age, and each leads to its documents', async () => {
    const code = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('vera', '/reviews')
    for (const text of ['Code not listed', 'Head of clinical records', '3 working days', code.documentId, `/reviews/${code.id}`, 'href="/reviews?reason=code"']) expect(html).toContain(text)
    for (const secret of SECRETS) expect(html).not.toContain(secret)
    place.clock.at = new Date('2026-11-28T09:00:00Z')
    expect((await as('vera', '/reviews?reason=code&late=yes')).html).toContain(code.documentId)
    expect((await json('vera', '/api/reviews?reason=code'))[1]).toMatchObject({ reasons: [{ reason: 'code', late: 1 }], documents: [{ id: code.id, late: true, since: '2026-11-23T10:00:00.000Z', dueBy: '2026-11-27T00:00:00.000Z', released: 0 }] })
    place.clock.at = new Date('2026-11-23T10:00:00Z')
    expect((await json('vera', `/api/reviews/${code.id}`))[1]).toMatchObject({ waiting: { reason: 'code', owner: 'Head of clinical records', within: '3 working days' } })
    for (const path of ['/reviews?reason=none', '/reviews?mood=1', '/reviews?late=no', '/reviews?cursor=x']) expect([path, (await as('vera', path)).status]).toEqual([path, 400])
  })
})

test('owner, time and what is late are those of the policy in force, on the pages and for programs', async () => {
  const { id, documentId } = await upload({ name: 'NEWX Letter.pdf' })
  await upload({ name: 'NEWX Letter.pdf' })
  const reviewLimits = { code: { reason: 'code', owner: 'Duty analyst', within: '2 working hours', approved_by: 'Director of Operations', approved_on: '2026-10-01' } } as const
  const at = new Date(Date.parse(iso()) + 3 * 3_600_000)
  const other = await startDashboard({ ledger: place.ledger, policy: () => ({ ...place.policy, reviewLimits }), now: () => at, visitors, content: store })
  try {
    const html = async (path: string) => (await fetch(other.url + path)).text()
    const answer = async (path: string) => JSON.parse(await html(path)) as unknown
    expect((await as('jane', '/reviews?reason=code&late=yes')).html).not.toContain(documentId)
    const queue = await html('/reviews?reason=code&late=yes')
    for (const text of ['2 working hours', 'Duty analyst', documentId]) expect(queue).toContain(text)
    for (const text of ['3 working days', 'Head of clinical records']) expect(queue).not.toContain(text)
    const due = { dueBy: '2026-11-23T12:00:00.000Z', late: true }
    expect(await answer('/api/reviews?reason=code&limit=200')).toMatchObject({ reasons: expect.arrayContaining([expect.objectContaining({ reason: 'code', owner: 'Duty analyst', within: '2 working hours' })]), documents: expect.arrayContaining([expect.objectContaining({ id, ...due })]) })
    expect(await answer(`/api/reviews/${id}`)).toMatchObject({ waiting: { owner: 'Duty analyst', within: '2 working hours', ...due } })
    const one = await html(`/reviews/${id}`)
    expect(await html(`/reviews/${id}?reason=code&late=yes`)).toMatch(/Code not listed\. [1-9]\d* documents wait\./u)
    for (const text of ['Duty analyst, within 2 working hours: until', '>Late<']) expect(one.replaceAll(/>\s+|\s+</gu, (edge) => edge.trim())).toContain(text)
  } finally {
    await other.close()
  }
})

describe('one after another', () => {
  const nextIn = (html: string) => /<nav class="ol-next"[^>]*><a href="([^"]+)"/u.exec(html)?.[1]?.replaceAll('&amp;', '&')
  const three = async () => {
    const team = `ADULT1`
    const ids: string[] = []
    // Longer ago than all others, so that no other test stands between them.
    for (const minute of [1, 2, 3]) {
      place.clock.at = new Date(Date.UTC(2026, 9, 1, 9, minute, ids.length))
      ids.push((await upload({ name: 'QNXT Letter.pdf', team })).id)
    }
    place.clock.at = new Date('2026-11-23T10:00:00Z')
    return ids as [string, string, string]
  }

  test('a reviewer goes through a part of the queue without the list between, and comes to its beginning again', async () => {
    const [first, second, third] = await three()
    const part = '?reason=code&team=adult1'
    const list = await as('jane', `/reviews${part}`)
    expect(list.html).toContain(`<a href="/reviews/${first}?reason=code&amp;team=adult1">Begin with the one that has waited longest</a>`)
    const page = await as('jane', `/reviews/${first}${part}`)
    expect([nextIn(page.html), page.html.includes(`href="/reviews?reason=code&amp;team=adult1"`)]).toEqual([`/reviews/${second}${part}`, true])

    // What he has read stays his part after a mistake, and after the decision.
    const posted = (id: string, html: string, role = 'Head of clinical records') => as('jane', `/reviews/${id}/release${part}`, formOf({
      formToken: 'form-of-jane', revision: hidden(html, 'revision'), sha256: hidden(html, 'sha256'), offer: hidden(html, 'offer'), role, reason: 'I have read it',
    }))
    const mistaken = await posted(first, page.html, '')
    expect([mistaken.status, nextIn(mistaken.html), mistaken.html.includes(`action="/reviews/${first}/release?reason=code&amp;team=adult1"`)]).toEqual([400, `/reviews/${second}${part}`, true])
    const done = await posted(first, page.html)
    expect([done.status, done.location?.startsWith(`/reviews/${first}${part}&message=released&after=2026-10-01T09`)]).toEqual([303, true])
    expect(nextIn((await as('jane', done.location!)).html)).toBe(`/reviews/${second}${part}`)

    // The one that is passed over is not offered again before the end.
    const skipped = await as('jane', `/reviews/${second}${part}`)
    expect(nextIn(skipped.html)).toBe(`/reviews/${third}${part}`)
    const last = (await place.ledger.reviews({ reason: 'code', team: 'ADULT1', limit: 200 }, iso(), {})).rows.at(-1)!
    const end = await as('jane', `/reviews/${last.id}${part}`)
    expect([nextIn(end.html), end.html.includes('First that waits')]).toEqual([`/reviews/${second}${part}`, true])
    const withheld = await as('jane', `/reviews/${second}/withhold${part}`, formOf({ formToken: 'form-of-jane', reason: 'it names a relative' }))
    expect(nextIn((await as('jane', withheld.location!)).html)).toBe(`/reviews/${third}${part}`)
  })

  test('says once in which role he decides', async () => {
    const [first, second] = await three()
    expect(hidden((await as('tom', `/reviews/${first}`)).html, 'role')).toBe('')
    await sent('tom', first, (await as('tom', `/reviews/${first}`)).html, { role: 'Consultant in Newham' })
    expect((await as('tom', `/reviews/${second}`)).html).toContain('value="Consultant in Newham"')
    expect((await as('jane', `/reviews/${second}`)).html).not.toContain('Consultant in Newham')
  })

  test.each(['?after=x', '?after=2026-99-01T09:00:00.000Z~nobody&reason=none', '?reason=a&reason=b&cursor=x', `?after=${'9'.repeat(4)}-13-01T00:00:00.000Z~${'a'.repeat(36)}`])('an address that somebody wrote by hand breaks nothing: %s', async (query) => {
    const { id } = await upload({})
    expect((await as('jane', `/reviews/${id}${query}`)).status).toBe(200)
  })
})

describe('one person', () => {
  test('sees what would happen, and releases a document with a code that is not listed', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const page = await as('jane', `/reviews/${id}`)
    for (const text of ['One person may release it', 'To the patient’s PKB record; without an account, by post', 'released', 'F10', 'One person can release it', 'Ada Example']) expect(page.html).toContain(text)
    expect(page.html).not.toContain('Who gave consent')
    const done = await sent('jane', id, page.html)
    expect([done.status, done.location?.startsWith(`/reviews/${id}?message=released&after=`), await routeOf(id)]).toEqual([303, true, 'pkb'])
    expect(await place.ledger.review(id)).toMatchObject({ releases: [{ actor: 'jane', role: 'Consultant psychiatrist', reason: 'I have read it' }] })
    expect((await as('jane', `/reviews/${id}`)).html).toContain('It does not wait for a person')
    // From another tab, or by a second press.
    expect((await sent('jane', id, page.html)).html).toContain('Your release was kept: nothing more is needed of you.')
  })

  test('releases to print alone what is not identified for certain', async () => {
    const { id } = await upload({ patient: { ...ADA, nhsNumberStatus: '02' } })
    const page = await as('jane', `/reviews/${id}`)
    expect(page.html).toContain('To print, and by post to the patient')
    expect(page.html).not.toContain('without an account, by post')
    expect((await sent('jane', id, page.html)).status).toBe(303)
    expect(await routeOf(id)).toBe('print')
  })

  test('has to say role and reason, and names no patient', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('jane', `/reviews/${id}`)
    for (const [fields, link] of [[{ role: '' }, 'role'], [{ reason: '' }, 'reason'], [{ role: 'about 999 000 0018' }, 'role'], [{ reason: 'for 9990000018' }, 'reason']] as const) {
      const wrong = await sent('jane', id, html, fields)
      expect([wrong.status, wrong.html.includes(`href="#${link}"`)]).toEqual([400, true])
    }
    expect(await routeOf(id)).toBe('review')
  })

  test('withholds with a reason, and lifts the hold again', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    expect((await as('jane', `/reviews/${id}/withhold`, formOf({ formToken: 'form-of-jane', reason: '' }))).html).toContain('href="#reason-withhold"')
    expect((await as('jane', `/reviews/${id}/withhold`, formOf({ formToken: 'form-of-jane', reason: 'it names a relative' }))).location).toContain(`/reviews/${id}?message=withheld&after=`)
    expect(await routeOf(id)).toBe('withhold')
    const held = (await as('jane', `/reviews/${id}`)).html
    for (const text of ['it names a relative', 'Lift the hold', 'There is nothing to release']) expect(held).toContain(text)
    expect((await as('jane', `/reviews/${id}/withhold`, formOf({ formToken: 'form-of-jane', reason: 'once more' }))).status).toBe(409)
    expect((await lifted(id, (await as('jane', `/reviews/${id}`)).html)).status).toBe(303)
    expect(await routeOf(id)).toBe('review')
  })
})

describe('two people', () => {
  test('release a letter that the trust did not produce, each with who gave consent', async () => {
    const { id } = await upload(EXTERNAL)
    const first = await as('jane', `/reviews/${id}`)
    for (const text of ['Two people have to release it', 'Release as the first of two', 'Who gave consent', 'F3', 'Two people can release it']) expect(first.html).toContain(text)
    expect((await sent('jane', id, first.html)).html).toContain('href="#consent"')
    expect((await sent('jane', id, first.html, { consent: 'Dr Else, by letter' })).status).toBe(303)
    expect(await routeOf(id)).toBe('review')

    // The first may not be the second, however it is tried.
    const again = await as('jane', `/reviews/${id}`)
    expect(again.html).toContain('You have released it. Another person has to be the second.')
    expect(again.html).not.toContain(`action="/reviews/${id}/release"`)
    expect((await sent('jane', id, first.html, { consent: 'Dr Else, by letter' })).status).toBe(409)
    expect(await routeOf(id)).toBe('review')
    // Whoever is refused finds the way back, by the path of the page alone.
    const refused = await as('jane', `/reviews/${id}/withhold`, { ...formOf({ formToken: 'form-of-tom', reason: 'no' }), headers: { referer: `${open.url}/reviews/${id}?reason=9990000018` } })
    expect([refused.status, refused.html.includes(`<a href="/reviews/${id}">Go back to where you were`), refused.html.includes('9990000018')]).toEqual([403, true, false])
    expect((await as('jane', `/reviews/${id}/withhold`, { ...formOf({ formToken: 'form-of-tom', reason: 'no' }), headers: { referer: 'https://evil.example/x' } })).html).toContain('href="/documents">Go to the list')

    const second = await as('tom', `/reviews/${id}`)
    for (const text of ['jane was the first. One more person has to release it.', 'Dr Else, by letter', 'I have read it']) expect(second.html).toContain(text)
    expect((await as('tom', '/reviews?reason=external')).html).toContain('Released by 1 person')
    expect((await sent('tom', id, second.html, { consent: 'Dr Else, on the phone' })).status).toBe(303)
    expect(await routeOf(id)).toBe('pkb')
    expect((await place.ledger.review(id))?.releases.map(({ actor, consent }) => [actor, consent])).toEqual([['jane', 'Dr Else, by letter'], ['tom', 'Dr Else, on the phone']])
  })

  test('release one revision: what has changed while the page was open is shown anew', async () => {
    const { id, documentId } = await upload(EXTERNAL)
    const page = await as('jane', `/reviews/${id}`)
    await upload({ ...EXTERNAL, documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' }, aPdf({ mark: 'another letter' }))
    const refused = await sent('jane', id, page.html, { consent: 'Dr Else' })
    expect([refused.status, refused.html.includes('The document has changed since you looked at it')]).toEqual([409, true])
    expect(hidden(refused.html, 'revision')).toBe('2')
    expect(hidden(refused.html, 'sha256')).not.toBe(hidden(page.html, 'sha256'))
    expect((await place.ledger.review(id))?.releases).toEqual([])
    // The same revision with other content is not what was read either.
    expect((await sent('jane', id, refused.html, { consent: 'Dr Else', sha256: hidden(page.html, 'sha256') })).status).toBe(409)
    expect((await sent('jane', id, refused.html, { consent: 'Dr Else' })).status).toBe(303)
  })

  test('of whom the second has not seen the first is asked to look again', async () => {
    const { id } = await upload(EXTERNAL)
    const [jane, tom] = [await as('jane', `/reviews/${id}`), await as('tom', `/reviews/${id}`)]
    expect((await sent('jane', id, jane.html, { consent: 'Dr Else' })).status).toBe(303)
    const late = await sent('tom', id, tom.html, { consent: 'Dr Else' })
    expect([late.status, late.html.includes('jane was the first'), await routeOf(id)]).toEqual([409, true, 'review'])
    expect((await sent('tom', id, late.html, { consent: 'Dr Else' })).status).toBe(303)
    expect(await routeOf(id)).toBe('pkb')
  })

  test('a release is void once another revision comes', async () => {
    const { id, documentId } = await upload(EXTERNAL)
    await sent('jane', id, (await as('jane', `/reviews/${id}`)).html, { consent: 'Dr Else' })
    await upload({ ...EXTERNAL, documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' })
    await sent('tom', id, (await as('tom', `/reviews/${id}`)).html, { consent: 'Dr Else' })
    expect([await routeOf(id), (await place.ledger.review(id))?.releases.length]).toEqual(['review', 1])
  })
})

describe('a form that is out of date', () => {
  test('releases nothing where PKB has given another date of birth meanwhile', async () => {
    const patient = { ...ADA, nhsNumber: '9990000042', clientId: 'C4' }
    const { id } = await upload({ name: 'NEWX Letter.pdf', patient })
    const { html } = await as('jane', `/reviews/${id}`)
    await place.ledger.savePerson(patient.nhsNumber, { registered: true, deceased: false, birthDate: '1999-09-09' }, iso())
    const refused = await sent('jane', id, html)
    expect([refused.status, refused.html.includes('To print, and by post to the patient'), refused.html.includes('identity: mismatch'), await routeOf(id)]).toEqual([409, true, true, 'review'])
    expect((await place.ledger.review(id))?.releases).toEqual([])
  })

  test('lifts no hold of what has changed meanwhile', async () => {
    const { id, documentId } = await upload({})
    await place.ledger.hold(id, 'tom', 'to be asked', iso())
    const { html } = await as('jane', `/reviews/${id}`)
    await upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' }, aPdf({ mark: 'another letter' }))
    const refused = await lifted(id, html)
    expect([refused.status, refused.html.includes('The document has changed since you looked at it'), await routeOf(id)]).toEqual([409, true, 'withhold'])
    expect([(await lifted(id, refused.html)).status, await routeOf(id)]).toEqual([303, 'pkb'])
  })

  test('releases nothing under another policy, which asks for two people and for consent', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('jane', `/reviews/${id}`)
    const policy = { ...place.policy, hash: 'c'.repeat(64), trust: { ...place.policy.trust, organisations: ['XYZ'] } }
    const other = await startDashboard({ ledger: place.ledger, policy: () => policy, now: () => place.clock.at, visitors, content: store })
    const given = { formToken: 'form-of-jane', revision: hidden(html, 'revision'), sha256: hidden(html, 'sha256'), offer: hidden(html, 'offer'), role: 'Consultant', reason: 'I have read it' }
    const refused = await (await fetch(`${other.url}/reviews/${id}/release`, formOf(given))).text()
    const asked = await (await fetch(`${other.url}/reviews/${id}/release`, formOf({ ...given, offer: hidden(refused, 'offer') }))).text()
    await other.close()
    for (const text of ['The document has changed since you looked at it', 'Who gave consent']) expect(refused).toContain(text)
    expect(asked).toContain('href="#consent"')
    expect((await place.ledger.review(id))?.releases).toEqual([])
  })
})

describe('what the last check refused', () => {
  test('says what it found, and where to decide it again', async () => {
    const { id } = await upload({ patient: { ...ADA, nhsNumber: '9990000050', clientId: 'C5' } })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    await lock.begin(({ deliveries }) => ({ step: { do: 'block', deliveryId: deliveries[0]!.id, code: 'SECOND_KEY', detail: 'The file is not there.' } }) as never, iso())
    await lock.release()
    for (const text of ['The file is not there.', `href="/documents/${id}/difference"`]) expect((await as('vera', `/reviews/${id}`)).html).toContain(text)
    expect((await as('vera', '/reviews?reason=second-key')).html).toContain(REVIEW_REASONS['second-key'].means)
  })
})

describe('two accounts of one person', () => {
  const account = (userName: string) => ({ actor: 'test', reason: 'for a test', at: iso(), userName })
  const local = async (userName: string) => { const { actor, reason, at } = account(userName); await place.ledger.inviteStaff({ userName, name: 'Jo Two', roles: ['reviewer'] }, { sha256: userName.padEnd(64, '0'), until: iso() }, { actor, reason, at }) }
  const provided = async (userName: string) => { await place.ledger.provideStaff({ issuer: 'https://login.example', subject: userName, userName, name: 'Jo Two', roles: ['reviewer'], at: iso() }) }
  const seenBy = (id: string, door: string) => { WHO[id] = { ...person(id, 'reviewer'), door } }

  test('are not two people: one by password, one at the identity provider, and it waits for a third', async () => {
    await local('jo.local')
    await provided('jo.nhs')
    await provided('mia.nhs')
    for (const [id, door] of [['jo.local', 'local'], ['jo.nhs', 'https://login.example'], ['mia.nhs', 'https://login.example']] as const) seenBy(id, door)
    const { id } = await upload(EXTERNAL)
    const release = async (who: string) => sent(who, id, (await as(who, `/reviews/${id}`)).html, { consent: 'Dr Else, by letter' })

    expect([(await release('jo.local')).status, await routeOf(id)]).toEqual([303, 'review'])
    const second = (await as('jo.nhs', `/reviews/${id}`)).html
    for (const text of ['You sign in another way than jo.local', 'you do not count as two', 'After one more release']) expect(second).toContain(text)
    expect([(await release('jo.nhs')).status, await routeOf(id)]).toEqual([303, 'review'])
    expect((await release('jo.nhs')).status).toBe(409)
    expect((await place.ledger.reviews({ reason: 'external', limit: 200 }, iso(), {})).rows.find((row) => row.id === id)).toMatchObject({ released: 1 })
    expect(await place.ledger.known(id)).toMatchObject({ prior: { released: 1 } })
    expect(await place.ledger.knownAt(id, iso(), 24)).toMatchObject({ prior: { released: 1 } })

    const third = (await as('mia.nhs', `/reviews/${id}`)).html
    expect(third).toContain('jo.local and jo.nhs have released it, by different ways to sign in. One more person has to release it.')
    expect(third).not.toContain('You sign in another way')
    expect([(await release('mia.nhs')).status, await routeOf(id)]).toEqual([303, 'pkb'])
    expect(await place.ledger.knownAt(id, iso(), 24)).toMatchObject({ prior: { released: 2 } })
    expect((await json('jane', `/api/reviews/${id}`))[1]['releases']).toHaveLength(3)
  })

  test('of one provider are two people', async () => {
    await provided('kim.nhs')
    await provided('lee.nhs')
    for (const who of ['kim.nhs', 'lee.nhs']) seenBy(who, 'https://login.example')
    const { id } = await upload(EXTERNAL)
    for (const who of ['kim.nhs', 'lee.nhs']) await sent(who, id, (await as(who, `/reviews/${id}`)).html, { consent: 'Dr Else' })
    expect(await routeOf(id)).toBe('pkb')
  })
})

describe('who may', () => {
  test('a program never releases, whatever its rights are', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('jane', `/reviews/${id}`)
    const [, review] = await json('robot', `/api/reviews/${id}`)
    const body = { revision: review['revision'], sha256: review['sha256'], offer: review['offer'], role: 'robot', reason: 'I can', formToken: '' }
    expect(await json('robot', `/api/documents/${id}/release`, body)).toMatchObject([403, { code: 'PERSON_NEEDED' }])
    expect((await sent('robot', id, html, { formToken: '' })).status).toBe(403)
    expect(await routeOf(id)).toBe('review')
    // A person in a session may, with the token of his forms.
    expect(await json('jane', `/api/documents/${id}/release`, { ...body, role: 'Consultant' })).toMatchObject([403, { code: 'FORM_NOT_OURS' }])
    expect(await json('jane', `/api/documents/${id}/release`, { ...body, role: 'Consultant', revision: 9, formToken: 'form-of-jane' })).toMatchObject([409, { code: 'DOCUMENT_CHANGED' }])
    expect(await json('jane', `/api/documents/${id}/release`, { ...body, role: 'Consultant', formToken: 'form-of-jane' })).toEqual([202, { id }])
    expect(await routeOf(id)).toBe('pkb')
  })

  test('an operator withholds and does not release; a viewer does neither', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const html = { olga: (await as('olga', `/reviews/${id}`)).html, vera: (await as('vera', `/reviews/${id}`)).html }
    for (const who of ['olga', 'vera'] as const) {
      expect(html[who]).toContain('Your roles do not release documents')
      expect((await sent(who, id, (await as('jane', `/reviews/${id}`)).html)).status).toBe(403)
    }
    expect(html.vera).toContain('Your roles do not withhold documents')
    expect((await as('vera', `/reviews/${id}/withhold`, formOf({ formToken: 'form-of-vera', reason: 'no' }))).status).toBe(403)
    expect((await as('olga', `/reviews/${id}/lift-hold`, formOf({ formToken: 'form-of-olga', reason: 'no' }))).status).toBe(403)
    expect((await as('olga', `/reviews/${id}/withhold`, formOf({ formToken: 'form-of-olga', reason: 'to be asked' }))).status).toBe(303)
  })

  test('a form of somebody else is refused', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    expect((await sent('jane', id, (await as('jane', `/reviews/${id}`)).html, { formToken: 'form-of-tom' })).status).toBe(403)
    expect(formTokenIn((await as('jane', `/reviews/${id}`)).html)).toBe('form-of-jane')
  })
})

describe('what the floor does not let go', () => {
  test.each<[string, Metadata, string]>([
    ['no instruction', { documentType: undefined }, 'F1'],
    ['an unknown stage', { status: undefined }, 'F7'],
    ['an unknown team', { team: 'NOWHERE' }, 'F5'],
    ['a place of custody', { patient: { ...ADA, address: { lines: ['Wing B'], postcode: 'N7 0TT' } } }, 'F13'],
    ['no instruction and a code that is not listed', { documentType: 'Perhaps', name: 'NEWX.pdf' }, 'F1'],
  ])('has no form, and the release is refused: %s', async (_, metadata, line) => {
    const { id } = await upload(metadata)
    const { html } = await as('jane', `/reviews/${id}`)
    expect(html).toContain('No release lifts what holds it.')
    expect(html).toContain(`<strong>${line}</strong>`)
    expect(html).not.toContain(`action="/reviews/${id}/release"`)
    const [, review] = await json('jane', `/api/reviews/${id}`)
    expect(review).toMatchObject({ release: { can: false } })
    const refused = await sent('jane', id, `name="revision" value="${String(review['revision'])}" name="sha256" value="${String(review['sha256'])}"`)
    expect([refused.status, refused.html.includes('NOT_RELEASABLE')]).toEqual([409, true])
    expect((await place.ledger.review(id))?.releases).toEqual([])
  })

  test('cannot be released by any combination: property over uploads', async () => {
    const some = fc.record({
      documentType: fc.constantFrom('MH share with patient', 'MH DO NOT share with patient', 'Perhaps', undefined), name: fc.constantFrom('CLIN A.pdf', 'NEWX A.pdf', 'A letter.pdf', 'HMHR A.pdf', 'PSYR A.pdf', 'EXTL A.pdf'),
      status: fc.constantFrom('final', 'draft', undefined), team: fc.constantFrom('ADULT1', 'ADULT2', 'CAMHS1', 'NOWHERE'), author: fc.constantFrom({ name: 'x', organisation: 'RWK' }, { name: 'x', organisation: 'XYZ' }, { name: 'x' }),
      confidentiality: fc.constantFrom(undefined, 'V'),
      patient: fc.constantFrom<object>(ADA, BEN, { ...ADA, nhsNumberStatus: '02' }, { ...ADA, nhsNumber: undefined }, { ...ADA, deceased: true }, { ...ADA, restricted: true, nhsNumberStatus: '02' }, { ...ADA, address: undefined, nhsNumberStatus: '02' }),
    })
    await fc.assert(fc.asyncProperty(some, async (metadata) => {
      const { id } = await upload(metadata)
      const [, review] = await json('jane', `/api/reviews/${id}`)
      const said = review['release'] as unknown as { readonly can: boolean; readonly people?: number; readonly becomes?: { readonly route: string } }
      const page = (await as('vera', `/reviews/${id}`)).html
      for (const who of ['jane', 'tom']) await json(who, `/api/documents/${id}/release`, { revision: review['revision'], sha256: review['sha256'], offer: (await json(who, `/api/reviews/${id}`))[1]['offer'], role: 'Consultant', reason: 'I try it', consent: 'Dr Else', formToken: `form-of-${who}` })
      const after = await place.ledger.story(id)
      const given = (await place.ledger.review(id))!.releases.length
      if (!said.can) {
        expect([given, page.includes('Your roles do not release documents')]).toEqual([0, false])
        if (after!.facts.instruction !== 'share' || after!.facts.code === 'blocked' || after!.facts.person === 'deceased') expect(['withhold', 'review', 'observe']).toContain(after!.route)
      } else expect([given, after!.route]).toEqual([said.people, said.becomes!.route])
    }), { numRuns: 60 })
  }, 120_000)
})

describe('the document in the page', () => {
  test('is a picture of each page with its text, and each look is written down', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('jane', `/reviews/${id}`)
    for (const text of ['Page 1 of 1', 'This letter is synthetic. The people in it do not exist.', `src="/documents/${id}/pages/1?revision=1&amp;zoom=100"`, 'Its text stands below the picture', 'Show at </span>150%']) expect(html).toContain(text)
    const picture = await fetch(`${open.url}/documents/${id}/pages/1?revision=1&zoom=100`, { headers: { 'x-who': 'jane' } })
    expect([picture.status, picture.headers.get('content-type'), picture.headers.get('cache-control')]).toEqual([200, 'image/png', 'no-store'])
    expect(Buffer.from(await picture.arrayBuffer()).subarray(1, 4).toString()).toBe('PNG')
    expect((await place.ledger.story(id))?.events.filter(({ kind }) => kind === 'looked').map(({ actor, detail }) => [actor, detail['what']])).toEqual([['jane (pages)', 'story'], ['jane (pages)', 'content']])
    expect((await as('jane', `/documents/${id}/pages/1?revision=2`)).status).toBe(409)
    expect((await as('jane', `/documents/${id}/pages/2?revision=1`)).status).toBe(404)
  })

  test.each(['content', 'pages/1', 'picture'])('is a look by whichever address it is read: %s', async (path) => {
    const { id } = path === 'picture' ? await upload({}, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'image/png') : await upload({})
    expect((await as('tom', `/documents/${id}/${path}`)).status).toBe(200)
    expect((await place.ledger.story(id))?.events.filter(({ kind }) => kind === 'looked').map(({ actor, detail }) => [actor, detail['what']])).toEqual([['tom (pages)', 'content']])
  })

  test('is hidden from whoever may not see patients, and so is whose it is', async () => {
    const { id } = await upload({ name: 'NEWX Letter.pdf' })
    const { html } = await as('vera', `/reviews/${id}`)
    expect(html).toContain('Hidden: your roles do not show documents of patients.')
    for (const secret of [...SECRETS.filter((one) => one !== ADA.family), 'Ada Example', 'synthetic']) expect(html).not.toContain(secret)
    for (const path of ['content', 'pages/1', 'picture']) expect((await as('vera', `/documents/${id}/${path}`)).status).toBe(403)
    expect((await place.ledger.story(id))?.events.some(({ kind }) => kind === 'looked')).toBe(false)
  })

  test('is given as a file that no browser opens by itself, with no name of anybody', async () => {
    const { id } = await upload({ name: 'NEWX Ada Example.pdf' })
    const { status, headers } = await as('jane', `/documents/${id}/content`)
    expect(status).toBe(200)
    expect(Object.fromEntries(['content-type', 'content-disposition', 'x-content-type-options', 'content-security-policy', 'cache-control'].map((name) => [name, headers.get(name)]))).toEqual({
      'content-type': 'application/pdf', 'content-disposition': `attachment; filename="document-${id.slice(0, 8)}-1.pdf"`, 'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'", 'cache-control': 'no-store',
    })
  })

  test.each<[string, Buffer, string, string]>([
    ['a broken PDF', Buffer.from('%PDF-1.7\nnothing in it\n%%EOF\n'), 'application/pdf', 'The PDF is broken'],
    ['an encrypted PDF', Buffer.from('%PDF-1.7\n/Encrypt 1 0 R\n%%EOF\n'), 'application/pdf', 'protected by a password'],
    ['rich text', Buffer.from('{\\rtf1 hello}'), 'application/rtf', 'neither a PDF nor a picture'],
    ['a page of the web', Buffer.from('<html><script>alert(1)</script>'), 'text/html', 'neither a PDF nor a picture'],
  ])('says so where it cannot be shown: %s', async (_, bytes, type, says) => {
    const { id } = await upload({}, bytes, type)
    const { status, html } = await as('jane', `/reviews/${id}`)
    expect([status, html.includes(says), html.includes('Download the file'), html.includes('alert(1)')]).toEqual([200, true, true, false])
    expect((await as('jane', `/documents/${id}/content`)).headers.get('content-type')).toContain(type)
  })

  test('is shown as it is where it is a picture', async () => {
    const { id } = await upload({}, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'image/png')
    expect((await as('jane', `/reviews/${id}`)).html).toContain(`src="/documents/${id}/picture?revision=1"`)
    expect((await as('jane', `/documents/${id}/picture?revision=1`)).headers.get('content-type')).toBe('image/png')
  })

  test('that is gone from the store is told, and the page helps none the less', async () => {
    const metadata = { documentId: 'RIO-GONE', name: 'NEWX.pdf' }
    const { id } = await place.upload(metadata, { receipt: aReceipt(metadata, { contents: [{ ...(await kept(await letter())), sha256: 'e'.repeat(64) }] }) })
    const { status, html } = await as('jane', `/reviews/${id}`)
    expect([status, html.includes('The stored file is not where it was put')]).toEqual([200, true])
  })
})

describe('codes that are not listed', () => {
  test('are a worklist with examples, as CSV too', async () => {
    const { id, documentId } = await upload({ name: 'QQQQ Ada.pdf' })
    const { html } = await as('vera', '/codes')
    for (const text of ['QQQQ', `href="/reviews/${id}"`, documentId, 'ADULT1: 1', 'Nov 2026: 1', 'Without a code']) expect(html).toContain(text)
    expect(html).not.toContain('Ada')
    const csv = await as('vera', '/codes.csv')
    expect(csv.html).toContain('"QQQQ","ADULT1","2026-11","1","1","2026-11-20T18:00:00.000Z"')
    expect((await json('vera', '/api/codes'))[1]['codes']).toContainEqual(expect.objectContaining({ code: 'QQQQ', documents: 1, share: 1, examples: [{ id, sourceId: documentId }] }))
    expect((await as('vera', '/codes?since=yesterday')).status).toBe(400)
    expect((await json('vera', `/api/reviews/${randomUUID()}`))[0]).toBe(404)
  })
})

test('docs/reviewing.md lists each reason with what to do, its owner and its time', async () => {
  const page = await readFile(new URL('../../docs/reviewing.md', import.meta.url), 'utf8')
  for (const { text, act, owner, within } of Object.values(REVIEW_REASONS)) expect(page).toContain(`| ${text} | ${act} | ${owner} | ${spanInWords(within)} |`)
})
