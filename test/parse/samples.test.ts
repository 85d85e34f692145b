import { readdirSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Planned } from '../../src/plan.ts'
import { examplePolicy } from '../support/policy.ts'
import { sampleReceipt } from '../support/receipts.ts'
import { planSamples, sampleTable } from '../support/sample-stories.ts'

const table = sampleTable()

test('every sample is in the table of samples/README.md, once', () => {
  const files = readdirSync(new URL('../../samples/', import.meta.url)).filter((file) => file !== 'README.md' && file !== 'letter.pdf')
  expect(table.map((row) => row.file).sort()).toEqual(files.sort())
})

describe('a sample goes where samples/README.md says', () => {
  let plans: ReadonlyMap<string, Planned>
  beforeAll(async () => { plans = planSamples(await examplePolicy(), table.map((row) => row.file)) })

  test.each(table)('$file: $route by $rule', ({ file, route, rule }) => {
    const planned = plans.get(file)!
    if (planned.ok) expect({ route: planned.plan.decision.route, rule: planned.plan.decision.rule }).toEqual({ route, rule })
    else expect({ route: 'refused', rule: planned.refusal.code }).toEqual({ route, rule })
  })

  test('nothing in a sample is left unread', () => {
    for (const planned of plans.values()) if (planned.ok) expect(planned.plan.document.unread).toEqual([])
  })

  test('the samples reach every route, and each instruction, identity and post that a message can bring', () => {
    const facts = [...plans.values()].flatMap((planned) => (planned.ok ? [planned.plan.facts] : []))
    const values = (fact: keyof (typeof facts)[number]) => [...new Set(facts.map((one) => one[fact]))].sort()
    expect([...new Set([...plans.values()].map((planned) => (planned.ok ? planned.plan.decision.route : 'refused')))].sort()).toEqual(['observe', 'pkb', 'print', 'refused', 'review', 'withhold'])
    expect(values('instruction')).toEqual(['missing', 'share', 'unrecognised', 'withhold'])
    expect(values('signals')).toEqual(['none', 'restrictive'])
    expect(values('code')).toEqual(['blocked', 'blocked-pkb', 'listed', 'missing', 'unlisted'])
    expect(values('producer')).toEqual(['external', 'trust', 'unknown'])
    expect(values('service')).toEqual(['in-scope', 'out-of-scope', 'unknown'])
    expect(values('directorate')).toEqual(['live', 'not-live', 'observing', 'unknown'])
    expect(values('identity')).toEqual(['invalid', 'mismatch', 'missing', 'unverified', 'verified'])
    expect(values('lifecycle')).toEqual(['cancelled', 'draft', 'final', 'unknown'])
    expect(values('content')).toEqual(['encrypted', 'mislabelled', 'missing', 'other-format', 'readable'])
    expect(values('post')).toEqual(['custodial', 'format-need', 'missing', 'restricted', 'usable'])
  })
})

test('windows-1252 letters arrive as they were written', async () => {
  expect(sampleReceipt('28-windows-1252.hl7').skeleton).toContain('CLIN Clinic letter – café group')
})
