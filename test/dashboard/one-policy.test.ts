// What a policy changed, over a real ledger that keeps several: when it was in force, who approved it, what differs from the
// one before it in the words of `openletter diff`, and what it loosened before anything else.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { aPolicyStatus, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedgerOfPolicies, type KeptPolicies } from '../support/kept-policies.ts'

const CODES = 'mappings/document-codes.csv'
const MDM = 'mappings/rio-hl7-mdm.yaml'
const LISTED = 'letters with CLIN: withhold (blocked-code-marked-share) → pkb (to-pkb)'
const BLOCKED = 'letters with CLIN: pkb (to-pkb) → withhold (blocked-code-marked-share); copies that stand at PKB are taken back'
const MONDAY = '2026-11-02T08:00:00.000Z'
const TUESDAY = '2026-11-03T08:00:00.000Z'
const FRIDAY = '2026-11-06T08:00:00.000Z'

let kept: KeptPolicies
let open: TestDashboard
let now: string
beforeEach(async () => {
  kept = await aLedgerOfPolicies()
  open = await startDashboard({ ledger: kept.place.ledger, policies: kept.policies, policyStatus: () => aPolicyStatus({ hash: now }) })
})
afterEach(async () => { await open.close(); await kept.close() })

const block = () => kept.folder.change(CODES, /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked')
const list = () => kept.folder.change(CODES, /^CLIN,(.*),blocked/mu, 'CLIN,$1,listed')
const page = async (path: string): Promise<string> => (await (await fetch(open.url + path)).text()).replaceAll(/<[^>]*>/gu, ' ').replaceAll(/\s+/gu, ' ')
const json = async (path: string) => (await open.api(path)).json() as Promise<Record<string, never>>

/** Blocked on Monday, listed on Tuesday: more goes out. */
const loosened = async (): Promise<readonly [strict: string, loose: string]> => {
  block()
  const strict = await kept.inForce(MONDAY)
  list()
  now = await kept.inForce(TUESDAY)
  return [strict, now]
}

describe('a policy that loosens', () => {
  test('says so first, for whom, and then all that differs', async () => {
    const [strict, loose] = await loosened()
    const text = await page(`/policy/${loose}`)
    expect(text).toContain(`What it changed against policy ${strict.slice(0, 12)}`)
    expect(text).toContain(`Loosens More reaches a patient than under policy ${strict.slice(0, 12)} : ${LISTED} All that differs`)
    expect(text).toContain('CLIN sharing: blocked → listed (approved by Head of Clinical Records, 2026-10-01, as before)')
    expect(text).toContain('In force now.')
    expect(await json(`/api/policy/${loose}`)).toMatchObject({
      hash: loose, readable: true, problems: [], times: [{ from: TUESDAY, after: strict }],
      approvals: expect.arrayContaining([{ file: CODES, by: 'Head of Clinical Records', on: '2026-10-01', rows: expect.any(Number) }]),
      against: { hash: strict, readable: true, changes: { differs: true, loosens: [{ text: LISTED, depth: 0 }], unsaid: [], tests: [] } },
    })
  })
  test('says so at the page of the policy in force as well, which leads to it', async () => {
    const [strict, loose] = await loosened()
    expect(await page('/policy')).toContain(`Loosens More reaches a patient than under policy ${strict.slice(0, 12)} : ${LISTED}`)
    expect(await (await fetch(`${open.url}/policy`)).text()).toContain(`<a href="/policy/${strict}"><code>${strict.slice(0, 12)}</code></a>`)
    expect(await json('/api/policy')).toMatchObject({ changed: { against: strict, loosens: true, unsaid: [] }, history: [{ hash: loose }, { hash: strict }] })
  })
})

test('the first policy has none before it, and one that tightens loosens nothing', async () => {
  const [strict, loose] = await loosened()
  expect(await page(`/policy/${strict}`)).toContain('It was the first policy of this ledger: there is none before it.')
  const text = await page(`/policy/${strict}?against=${loose.slice(0, 8)}`)
  expect(text).toContain(`The comparison with policy ${loose.slice(0, 12)} shows nothing that was loosened.`)
  expect(text).toContain(BLOCKED)
  expect(text).toContain('Not in force now.')
})

test('one that came back is told with each time, and against what came before the last', async () => {
  const [strict, loose] = await loosened()
  block()
  now = await kept.inForce(FRIDAY)
  expect(now).toBe(strict)
  expect(await json(`/api/policy/${strict}`)).toMatchObject({ times: [{ from: FRIDAY, after: loose }, { from: MONDAY, until: TUESDAY }], against: { hash: loose, changes: { loosens: [] } } })
  expect(await page(`/policy/${strict}`)).toContain('From 6 Nov 2026, 08:00:00 To Now')
})

test('a mapping that changed together with the tests of a channel may let out more, and both are named', async () => {
  const strict = await kept.inForce(MONDAY)
  kept.folder.change(MDM, 'CON-22', 'CON-23')
  kept.folder.change('channels/rio-mllp.yaml', 'expect: { route: print', 'expect: { route: pkb')
  now = await kept.inForce(TUESDAY)
  for (const path of ['/policy', `/policy/${now}`]) {
    const text = await page(path)
    expect(text).toContain(`May loosen Something changed that only messages can show. The files do not tell whether it lets out more than policy ${strict.slice(0, 12)} : ${MDM} Tests changed in the same step`)
    expect(text).toMatch(/channels\/rio-mllp\.yaml: tests: (\d+) → \1 \(0 added, 0 removed, 1 changed\)/u)
    expect(text).not.toContain('shows nothing that was loosened')
  }
  expect(await json('/api/policy')).toMatchObject({ changed: { loosens: false, unsaid: [MDM] } })
})

describe('what an older version of the program wrote', () => {
  test('is read in the form of today', async () => {
    const before = (text: string): string => text.replace(/^hl7_soap:\n(?: {2}.*\n)+/mu, '').replace(/^(?:print_after|registered_later|settle_secs): .*\n/gmu, '')
    block()
    const strict = await kept.inForce(MONDAY, (files) => ({ ...files, 'channels/pkb.yaml': before(files['channels/pkb.yaml']!) }))
    list()
    now = await kept.inForce(TUESDAY)
    expect(await json(`/api/policy/${now}`)).toMatchObject({ against: { hash: strict, readable: true, changes: { loosens: [{ text: LISTED }] } } })
  })
  test('and cannot be read says so, with why, and nothing is claimed of what it changed', async () => {
    const strict = await kept.inForce(MONDAY, (files) => ({ ...files, 'channels/pkb.yaml': `${files['channels/pkb.yaml']}from_another_time: true\n` }))
    block()
    now = await kept.inForce(TUESDAY)
    expect(await page(`/policy/${strict}`)).toMatch(/It cannot be read The ledger keeps the files of this policy, .* policy [0-9a-f]{12}:channels\/pkb\.yaml:\d+:\d+ from_another_time:/u)
    const text = await page(`/policy/${now}`)
    expect(text).toContain(`Policy ${strict.slice(0, 12)} cannot be read any more by this version of the program, so the two cannot be compared.`)
    expect([text.includes('shows nothing'), (await page('/policy')).includes('shows nothing')]).toEqual([false, false])
    expect((await json(`/api/policy/${now}`))['against']).toEqual({ hash: strict, readable: false, problems: [expect.objectContaining({ path: 'from_another_time' })] })
    expect(await json('/api/policy')).not.toHaveProperty('changed')
  })
})

describe('a hash', () => {
  test('that the ledger does not keep is not found, and it says so', async () => {
    await loosened()
    const answer = await fetch(`${open.url}/policy/${'0'.repeat(64)}`)
    expect([answer.status, (await answer.text()).includes('No policy whose hash begins with 000000000000 was ever in force in this ledger.')]).toEqual([404, true])
    for (const path of [`/api/policy/${'0'.repeat(64)}`, '/api/policy/nonsense', `/api/policy/${now}?against=${'f'.repeat(64)}`, `/api/policy/${now.slice(0, 7)}`])
      expect([path, (await json(path))['code']]).toEqual([path, 'POLICY_NOT_FOUND'])
    expect((await json(`/api/policy/${now}?against=a&against=b`))['code']).toBe('QUERY_INVALID')
  })
  test('is known by how it begins, in any case', async () => {
    await loosened()
    expect(await json(`/api/policy/${now.slice(0, 8).toUpperCase()}`)).toMatchObject({ hash: now })
  })
  test('of a policy takes nothing for HTML', async () => {
    await loosened()
    const answer = await fetch(`${open.url}/policy/${now}?against=%3Cscript%3E`)
    expect([answer.status, (await answer.text()).includes('<script>')]).toEqual([404, false])
  })
})
