import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { codesOf } from '../../src/decide/code.ts'
import { holds, STOP_SCOPES, stopInWords, unknownStop } from '../../src/decide/stopped.ts'
import { stopped } from '../../src/deliver/next.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Plan } from '../../src/types.ts'
import { examplePolicy } from '../support/policy.ts'
import { aWork, planOf } from '../support/work.ts'

let policy: Policy
let plan: Plan
beforeAll(async () => {
  policy = await examplePolicy()
  plan = planOf(aWork(), policy)
})

const aPlan = (team: string | undefined, names: readonly string[]): Plan => {
  const { team: _team, ...document } = plan.document
  return { ...plan, document: { ...document, ...(team === undefined ? {} : { team: { text: team, at: 'team' } }), names: names.map((text) => ({ text, at: 'name' })) } }
}

describe('what the pages say that a stop holds', () => {
  test('is what the worker holds', () => {
    const value = fc.constantFrom('ADULT1', ' adult1 ', 'newham', 'NEWHAM', 'CLIN', 'clin', 'CAMHS1', 'children', 'constructor', 'elsewhere', '')
    const team = fc.option(fc.constantFrom('ADULT1', ' ADULT1', 'adult1', 'CAMHS1', 'constructor', 'NOWHERE', ''), { nil: undefined })
    const names = fc.array(fc.constantFrom('CLIN Clinic letter.pdf', 'clin.pdf', 'APPT.pdf', 'Letter.pdf'), { maxLength: 3 })
    let held = 0
    fc.assert(fc.property(fc.constantFrom(...STOP_SCOPES), value, team, names, (scope, text, of, written) => {
      const one = aPlan(of, written)
      const says = holds({ scope, value: text }, { codes: codesOf(one.document.names), ...(of === undefined ? {} : { team: of }) }, policy.services)
      held += says ? 1 : 0
      expect(says).toBe(stopped({ scope, value: text }, one, policy))
    }), { numRuns: 2000 })
    expect(held).toBeGreaterThan(200)
  })

  test('is every document where all are stopped, and one without a team where it cannot be judged', () => {
    expect(holds({ scope: 'all', value: '' }, { codes: [] }, policy.services)).toBe(true)
    for (const scope of ['service', 'directorate'] as const) expect([holds({ scope, value: 'ADULT1' }, { codes: [] }, policy.services), holds({ scope, value: 'ADULT1' }, { codes: [], team: 'CAMHS1' }, policy.services)]).toEqual([true, false])
    expect(holds({ scope: 'code', value: 'clin' }, { codes: ['CLIN'] }, policy.services)).toBe(true)
  })
})

test('a stop that names what the policy does not know comes with a warning that says what it knows', () => {
  expect(unknownStop({ scope: 'all', value: '' }, policy)).toBeUndefined()
  for (const stop of [{ scope: 'service', value: ' adult1' }, { scope: 'directorate', value: 'Newham' }, { scope: 'code', value: 'clin' }] as const) expect(unknownStop(stop, policy)).toBeUndefined()
  expect(unknownStop({ scope: 'service', value: 'ADLUT1' }, policy)).toMatch(/^The policy knows no service ADLUT1, so this stop may hold nothing\. Known are: ADULT1, /u)
  // A service is no directorate, and a name of an object's own is neither.
  for (const value of ['ADULT1', 'constructor']) expect(unknownStop({ scope: 'directorate', value }, policy)).toContain('Known are: newham')
})

test('a stop is put into words', () => expect([stopInWords({ scope: 'all', value: '' }), stopInWords({ scope: 'code', value: 'CLIN' })]).toEqual(['all deliveries to patients', 'deliveries of the code CLIN']))
