// Policies that were in force once, as the ledger keeps them: what they decided can be explained, whatever has changed
// in the settings or in the form of the files since.
import { describe, expect, test } from '@jest/globals'
import { plan } from '../../src/plan.ts'
import { fromKept, type KeptFiles } from '../../src/policy/files.ts'
import { loadFiles } from '../../src/policy/load.ts'
import { printProblem } from '../../src/policy/problem.ts'
import type { Environment } from '../../src/settings.ts'
import { asFiles, exampleTexts } from '../support/broken-policy.ts'
import { testEnvironment } from '../support/policy.ts'
import { sampleReceipt } from '../support/receipts.ts'

const PKB = 'channels/pkb.yaml'
const kept = (files: KeptFiles, env: Environment = testEnvironment) => loadFiles(fromKept(files, 'kept: '), env)
/** pkb.yaml as it was when there was one way to PKB. */
const before = (text: string): string =>
  text.replace(/^hl7_soap:\n(?: {2}.*\n)+/mu, '').replace(/^(?:print_after|registered_later|settle_secs): .*\n/gmu, '').replace('account_fresh_hours: 24', 'account_fresh_hours: 30')
const older: KeptFiles = { ...exampleTexts, [PKB]: before(exampleTexts[PKB]!) }

describe('a policy from before HL7', () => {
  test('still decides as it did, and knows what it knew', () => {
    expect(older[PKB]).not.toMatch(/^(?:hl7_soap|print_after|registered_later|settle_secs)/mu)
    const { policy, problems } = kept(older)
    expect(problems.map(printProblem)).toEqual([])
    expect(policy!.destinations.pkb).toMatchObject({ transport: 'fhir', account_fresh_hours: 30 })
    const receipt = sampleReceipt('01-share-registered.json')
    const planned = plan(receipt, policy!, { account: 'registered', deceased: false }, { firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: true })
    expect(planned).toMatchObject({ ok: true, plan: { decision: { route: 'pkb', rule: 'to-pkb' } } })
    expect(planned.ok && Object.keys(planned.plan.decision)).not.toContain('staysByPost')
  })

  test('is refused on disk, where whoever wrote it says what is missing', () => {
    const { policy, problems } = loadFiles(asFiles(older), testEnvironment)
    expect(policy).toBeUndefined()
    expect(problems.map(printProblem).join('\n')).toMatch(/hl7_soap: this is missing[\s\S]*print_after: this is missing[\s\S]*registered_later: this is missing/u)
  })

  test('with half of what is new is of no time, and is not guessed at', () => {
    expect(kept({ ...exampleTexts, [PKB]: exampleTexts[PKB]!.replace(/^print_after: .*\n/mu, '') }).problems.map(printProblem)).toEqual([expect.stringContaining('print_after: this is missing')])
    expect(kept({ ...older, [PKB]: `${older[PKB]}from_another_time: true\n` }).policy).toBeUndefined()
  })
})

test('a policy that was in force with the sandbox loads after the trust has gone over to PKB, and only as a kept one', () => {
  const env = { ...testEnvironment, PKB_FHIR_URL: 'https://pkb.example/fhir', PKB_TOKEN_URL: 'https://pkb.example/token' }
  expect(loadFiles(asFiles(exampleTexts), env).problems.map(printProblem).join('\n')).toMatch(/confirmed_by_pkb/u)
  expect(kept(exampleTexts, env).problems.map(printProblem)).toEqual([])
})

describe('a policy that was in force before something was refused in it', () => {
  const [rules, services, codes] = ['mappings/sharing-rules.yaml', 'mappings/services.csv', 'mappings/document-codes.csv']
  const receipt = sampleReceipt('01-share-registered.json')
  const decided = (files: KeptFiles) => {
    const { policy, problems } = kept(files)
    expect(problems.map(printProblem)).toEqual([])
    const planned = plan(receipt, policy!, { account: 'registered', deceased: false }, { firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: true })
    return planned.ok ? planned.plan.decision : undefined
  }
  const changed = (file: string, find: string | RegExp, put: string): KeptFiles => {
    const files = { ...exampleTexts, [file]: exampleTexts[file]!.replace(find, put) }
    expect(loadFiles(asFiles(files), testEnvironment).problems).not.toEqual([])
    return files
  }
  test.each([
    ['a look-alike letter in a table', services, 'Newham adult', 'Newh\u0430m adult'],
    ['a look-alike letter in a rule', rules, 'The patient has died.', 'The p\u0430tient has died.'],
    ['a character that nobody sees', rules, 'The patient has died.', 'The patient\u200B has died.'],
    ['what git leaves of two versions', codes, ',Clinic letter,', ',"Clinic\n=======\nletter",'],
    ['a SNOMED CT id that was mistyped', codes, '823691000000103', '823691000000104'],
    ['an approver who is nobody', rules, /approved_by: .*/u, 'approved_by: TBC'],
    ['a share text without its counterpart', rules, 'share: ["MH share with patient"]', 'share: ["MH share with patient", "CAMHS share with patient"]'],
    ['a final that HL7 does not know', 'mappings/rio-hl7-mdm.yaml', 'final: ["AU", "LA"]', 'final: ["AU", "LA", "XX"]'],
  ])('decides as it did: %s', (_, file, find, put) => expect(decided(changed(file, find, put))).toMatchObject({ route: 'pkb', rule: 'to-pkb' }))

  test('though the floor of today would refuse its rules, and what they let out is still kept in by it', () => {
    const { route, rule } = decided(changed(rules, '\nrules:\n', '\nrules:\n  - { name: first, when: { kind: [external, clinical] }, route: pkb, because: It is the first. }\n'))!
    expect([route, rule]).toEqual(['pkb', 'first'])
    const { policy } = kept(changed(rules, '\nrules:\n', '\nrules:\n  - { name: first, when: {}, route: pkb, because: It is the first. }\n'))
    const planned = plan(sampleReceipt('03-do-not-share.json'), policy!, { account: 'registered', deceased: false }, { firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: true })
    expect(planned).toMatchObject({ ok: true, plan: { decision: { route: 'review', rule: 'floor' } } })
  })
})

test('a kept policy whose rules have a problem is still refused', () => {
  const rules = 'mappings/sharing-rules.yaml'
  expect(kept({ ...older, [rules]: exampleTexts[rules]!.replace('route: withhold', 'route: nowhere') }).policy).toBeUndefined()
})
