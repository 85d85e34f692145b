// The policy page and its API: what is in force and who stands behind it, and what was wrong with the one that was not
// taken, so that it is seen wherever somebody looks.
import { afterEach, describe, expect, test } from '@jest/globals'
import type { PolicyStatus } from '../../src/dashboard/parts.ts'
import { policyAlerts } from '../../src/dashboard/channels/policy.ts'
import { examplePolicy } from '../support/policy.ts'
import { aPolicyStatus, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const aProblem = (overrides: Partial<NonNullable<PolicyStatus['refused']>['problems'][number]> = {}) =>
  ({ file: 'mappings/sharing-rules.yaml', line: 61, col: 3, path: 'rules.3.route', message: 'write one of pkb, print, withhold, review', ...overrides })
const refused = { at: '2026-11-23T09:00:00.000Z', problems: [aProblem(), aProblem({ file: 'channels/<script>.yaml', line: 2, path: '' })] }
const aReview = (overrides: Partial<PolicyStatus['reviews'][number]> = {}): PolicyStatus['reviews'][number] => ({ ...aPolicyStatus().reviews[0]!, ...overrides })

let open: TestDashboard | undefined
afterEach(async () => { await open?.close(); open = undefined })
const start = async (status: Partial<PolicyStatus> = {}): Promise<{ page(path: string): Promise<string>; api: TestDashboard['api'] }> => {
  open = await startDashboard({ ledger: aTellingLedger([aStory()]), policyStatus: () => aPolicyStatus(status) })
  const { url, api } = open
  return { page: async (path) => (await fetch(url + path)).text(), api }
}

describe('what stands on every page', () => {
  test('is nothing while nothing is wrong', async () => {
    const { page } = await start()
    expect(policyAlerts(aPolicyStatus())).toEqual([])
    expect(await page('/documents')).not.toContain('ol-alerts')
  })
  test('is when a policy was refused, with how many problems, and where to read them', async () => {
    const { page } = await start({ refused })
    for (const path of ['/documents', '/search', '/failed', '/policy', `/documents/${uuid(1)}`, '/nowhere']) {
      const html = await page(path)
      expect([path, html.includes('A changed policy was refused on 23 Nov 2026, 09:00:00 because of 2 problems. The policy before it stays in force.')]).toEqual([path, true])
      expect(html).toContain('<a href="/policy#refused">See what is wrong</a>')
    }
  })
  test('is that tests expect to go out what is kept in, and where they stand', async () => {
    const { page } = await start({ keptIn: [aProblem({ file: 'channels/rio-mllp.yaml', line: 30, message: 'expected pkb, actual observe' })] })
    expect(await page('/documents')).toContain('The policy in force keeps in what its own tests expect to go out (1 expectation).')
    const html = (await page('/policy')).replaceAll(/\s+/gu, ' ')
    expect(html).toContain('id="kept-in"')
    expect(html).toMatch(/channels\/rio-mllp\.yaml:30:\d+<\/code>/u)
    expect(html).toContain('expected pkb, actual observe')
  })
  test('is whose review is overdue', () => {
    const reviews = [aReview({ overdue: true }), aReview({ name: 'Luton', status: 'observing' }), aReview({ name: 'City', overdue: true })]
    expect(policyAlerts(aPolicyStatus({ reviews })).map(({ text }) => text)).toEqual(['The review of 2 sign-offs is overdue: Newham, City.'])
  })
})

describe('the policy page', () => {
  test('shows what is in force, since when, how much was proved, who approved what, and what was in force before', async () => {
    const html = (await (await start()).page('/policy')).replaceAll(/\s+/gu, ' ')
    for (const text of ['b'.repeat(64), '22 Nov 2026, 08:00:00', '1,234,567 combinations of facts', 'channels/pkb.yaml', 'Chief Clinical Information Officer', '1 October 2026', '5 rows', 'Directorate Management Team', '16 December 2027', 'a'.repeat(12), '1 Nov 2026, 08:00:00']) expect(html).toContain(text)
    expect(html).not.toContain('Refused on')
    expect(html).not.toMatch(/<script|style=/u)
  })
  test('lists each problem of a policy that was refused with its place, and takes none of it for HTML', async () => {
    const html = await (await start({ refused })).page('/policy')
    expect(html).toContain('<code>mappings/sharing-rules.yaml:61:3</code>')
    expect(html).toContain('rules.3.route:')
    expect(html).toContain('channels/&lt;script&gt;.yaml:2:3')
    expect(html).toContain('id="refused"')
  })
  test('marks a review that is overdue, and one that soon will be', async () => {
    const html = await (await start({ reviews: [aReview({ overdue: true }), aReview({ name: 'City', dueSoon: true })] })).page('/policy')
    expect([html.includes('Overdue'), html.includes('Due soon'), html.includes('stops nothing')]).toEqual([true, true, true])
  })
})

describe('GET /api/policy', () => {
  test('says the same for programs', async () => {
    const { api } = await start({ refused })
    const { approvals, ...status } = aPolicyStatus({ refused })
    expect(await (await api('/api/policy')).json()).toEqual({
      ...status, approvals: approvals(), history: [{ hash: 'b'.repeat(64), since: '2026-11-22T08:00:00.000Z' }, { hash: 'a'.repeat(64), since: '2026-11-01T08:00:00.000Z' }],
    })
  })
  test('takes the token', async () => {
    await start()
    expect((await fetch(`${open!.url}/api/policy`)).status).toBe(401)
  })
})

test('every file of the example policy has somebody who approved it', async () => {
  const { approvalsOf } = await import('../../src/policy/approvals.ts')
  const { readFolders, keptFiles } = await import('../../src/policy/files.ts')
  const files = keptFiles(await readFolders({}))
  const approvals = approvalsOf(await examplePolicy(), files)
  expect(new Set(approvals.map(({ file }) => file))).toEqual(new Set(Object.keys(files)))
  expect(approvals.filter(({ by, on }) => by.trim() === '' || !/^\d{4}-\d{2}-\d{2}$/u.test(on))).toEqual([])
})
