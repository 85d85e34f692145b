import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Coding, DocumentReference } from '@medplum/fhirtypes'
import { FLOOR } from '../../src/decide/floor.ts'
import { outgoing } from '../../src/deliver/next.ts'
import { recallKey, secondKey, type Key, type Turned } from '../../src/deliver/second-key.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Facts, Plan } from '../../src/types.ts'
import { examplePolicy } from '../support/policy.ts'
import { uuid } from '../support/story.ts'
import { anOwed, aWork, planOf, without } from '../support/work.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const turned = (destination: 'pkb' | 'print' = 'pkb'): Turned => {
  const work = aWork({
    sample: destination === 'pkb' ? '01-share-registered.json' : '02-share-unregistered.json',
    deliveries: [anOwed({ destination, nhsNumber: destination === 'pkb' ? '9990000018' : '9990000026' })],
    nhsNumber: destination === 'pkb' ? '9990000018' : '9990000026',
    person: { account: destination === 'pkb' ? 'registered' : 'unregistered' },
  })
  const plan = planOf(work, policy)
  return { work, plan, resource: outgoing(work, plan), delivery: work.deliveries[0]!, action: 'create' }
}
const withFacts = (before: Turned, facts: Partial<Facts>): Turned => ({ ...before, plan: { ...before.plan, facts: { ...before.plan.facts, ...facts } } })
const withDecision = (before: Turned, decision: Partial<Plan['decision']>): Turned => ({ ...before, plan: { ...before.plan, decision: { ...before.plan.decision, ...decision } } })
const withResource = (before: Turned, change: (resource: DocumentReference) => Partial<DocumentReference>): Turned => ({ ...before, resource: { ...before.resource, ...change(before.resource) } })
const labelled = (before: Turned, where: 'resource' | 'document', change: (labels: Coding[]) => Coding[]): Turned =>
  withResource(before, (resource) => (where === 'resource'
    ? { meta: { ...resource.meta, security: change(resource.meta?.security ?? []) } }
    : { securityLabel: change((resource.securityLabel ?? []).flatMap(({ coding }) => coding ?? [])).map((coding) => ({ coding: [coding] })) }))

const nobody = (before: Turned): Turned => ({ ...before, work: without(before.work, 'nhsNumber'), plan: without(before.plan, 'nhsNumber'), delivery: without(before.delivery, 'nhsNumber') })

const refused = (key: Key): string => {
  if (key.ok) throw new Error('the key turned')
  expect(key.code).toBe('SECOND_KEY')
  return key.detail
}

describe('the second key', () => {
  test.each(['pkb', 'print'] as const)('turns for a letter that is right in every way: %s', (destination) => {
    expect(secondKey(turned(destination))).toEqual({ ok: true })
    expect(secondKey({ ...turned(destination), action: 'update' })).toEqual({ ok: true })
  })

  test('goes through the whole floor again, line by line, for both destinations', () => {
    let lines = 0
    for (const destination of ['pkb', 'print'] as const) {
      for (const line of FLOOR) {
        const binds = destination === 'pkb' ? line.forbids.includes('pkb') || line.forbids.includes('send') : line.forbids.includes('print')
        const facts = Object.fromEntries(Object.entries(line.when).map(([fact, values]) => [fact, values[0]]))
        const key = secondKey(withFacts(turned(destination), facts))
        if (binds) expect(refused(key)).toMatch(/^F\d+: /u)
        lines += 1
      }
    }
    expect(lines).toBe(FLOOR.length * 2)
  })

  test('a destination that it does not know gets nothing', () => {
    const before = turned()
    expect(refused(secondKey({ ...before, delivery: { ...before.delivery, destination: 'withhold' } }))).toMatch(/destination/u)
  })

  test('the decision must route it there', () => {
    for (const route of ['print', 'withhold', 'review', 'observe'] as const) expect(refused(secondKey(withDecision(turned(), { route })))).toMatch(/route/u)
    expect(refused(secondKey(withDecision(turned('print'), { leftToTeam: true })))).toMatch(/team/u)
    expect(refused(secondKey({ ...turned(), action: 'look' as unknown as 'create' }))).toMatch(/create/u)
  })

  test('the delivery must be of this document, for this patient', () => {
    const before = turned()
    expect(refused(secondKey({ ...before, delivery: { ...before.delivery, documentId: uuid(9) } }))).toMatch(/delivery/u)
    expect(refused(secondKey({ ...before, delivery: { ...before.delivery, identifier: uuid(9) } }))).toMatch(/delivery/u)
    expect(refused(secondKey({ ...before, delivery: { ...before.delivery, nhsNumber: '9990000026' } }))).toMatch(/patient/u)
    expect(refused(secondKey({ ...before, work: { ...before.work, nhsNumber: '9990000026' } }))).toMatch(/patient/u)
    expect(refused(secondKey({ ...before, plan: { ...before.plan, nhsNumber: '9990000026' } }))).toMatch(/patient/u)
    expect(refused(secondKey(withResource(before, () => ({ subject: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000026' } } }))))).toMatch(/subject/u)
    expect(refused(secondKey(withResource(before, () => ({ subject: { identifier: { system: 'urn:other', value: '9990000018' } } }))))).toMatch(/subject/u)
    expect(refused(secondKey({ ...before, resource: without(before.resource, 'subject') }))).toMatch(/subject/u)
  })

  test('without an NHS number nothing goes to the record; a person can have released it for the post', () => {
    expect(refused(secondKey(nobody(turned())))).toMatch(/NHS number/u)
    expect(secondKey(nobody(turned('print')))).toEqual({ ok: true })
  })

  test('a delivery opened before the number was known takes it on, as long as nothing has gone anywhere', () => {
    const before = turned('print')
    const unaddressed = without(before.delivery, 'nhsNumber')
    expect(secondKey({ ...before, delivery: unaddressed })).toEqual({ ok: true })
    for (const standing of ['present', 'unsure'] as const) expect(refused(secondKey({ ...before, delivery: { ...unaddressed, standing } }))).toMatch(/patient/u)
  })

  test('the identifier must be that of the delivery, once', () => {
    expect(refused(secondKey(withResource(turned(), () => ({ identifier: [] }))))).toMatch(/identifier/u)
    expect(refused(secondKey(withResource(turned(), () => ({ identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:uuid:${uuid(9)}` }] }))))).toMatch(/identifier/u)
    expect(refused(secondKey(withResource(turned(), ({ identifier = [] }) => ({ identifier: [...identifier, ...identifier] }))))).toMatch(/identifier/u)
  })

  test('the attachment must be the file of the receipt, and bring nothing of its own', () => {
    const attached = (change: object): Turned => withResource(turned(), ({ content }) => ({ content: [{ attachment: { ...content[0]!.attachment, ...change } }] }))
    expect(refused(secondKey(attached({ hash: '2jmj7l5rSw0yVb/vlWAYkK/YBwk=' })))).toMatch(/attachment/u)
    expect(refused(secondKey(attached({ size: 1 })))).toMatch(/attachment/u)
    expect(refused(secondKey(attached({ data: 'AAAA' })))).toMatch(/content of its own/u)
    expect(refused(secondKey(attached({ url: 'https://elsewhere.example' })))).toMatch(/content of its own/u)
    expect(refused(secondKey(withResource(turned(), ({ content }) => ({ content: [...content, ...content] }))))).toMatch(/attachment/u)
    expect(refused(secondKey(withResource(turned(), () => ({ content: [] }))))).toMatch(/attachment/u)
    const before = turned()
    const [file] = before.plan.document.contents
    const filed = (change: object): Turned => ({ ...before, plan: { ...before.plan, document: { ...before.plan.document, contents: [{ ...file!, ref: { ...file!.ref, ...change } }] } } })
    expect(refused(secondKey(filed({ sha256: 'f'.repeat(64) })))).toMatch(/receipt/u)
    expect(refused(secondKey(filed({ tooLarge: true })))).toMatch(/whole file/u)
    expect(refused(secondKey(filed({ broken: 'x' })))).toMatch(/whole file/u)
    expect(refused(secondKey({ ...before, plan: { ...before.plan, document: { ...before.plan.document, contents: [] } } }))).toMatch(/whole file/u)
    expect(refused(secondKey({ ...before, plan: { ...before.plan, document: { ...before.plan.document, contents: [file!, file!] } } }))).toMatch(/whole file/u)
  })

  test('the resource must be current', () => {
    for (const status of ['superseded', 'entered-in-error'] as const) expect(refused(secondKey(withResource(turned(), () => ({ status }))))).toMatch(/current/u)
  })

  test.each(['resource', 'document'] as const)('NOPAT in the labels of the %s stops it, however it is spelled', (where) => {
    for (const system of ['http://terminology.hl7.org/CodeSystem/v3-ActCode', 'http://hl7.org/fhir/v3/ActCode', undefined, 'urn:other']) {
      for (const code of ['NOPAT', 'nopat', ' NOPAT ']) {
        for (const destination of ['pkb', 'print'] as const) {
          expect(refused(secondKey(labelled(turned(destination), where, (labels) => [...labels, { ...(system ? { system } : {}), code }])))).toMatch(/must not see/u)
        }
      }
    }
  })

  test.each(['resource', 'document'] as const)('the labels of the %s must say mental health, and that it is shared', (where) => {
    const system = 'http://fhir.patientsknowbest.com/codesystem/privacy-label'
    const privacy = (change: (label: Coding) => Coding[]) => labelled(turned(), where, (labels) => labels.flatMap((label) => (label.system === system ? change(label) : [label])))
    expect(refused(secondKey(privacy(() => [])))).toMatch(/privacy/u)
    expect(refused(secondKey(privacy(() => [{ system, code: 'GENERAL_HEALTH' }])))).toMatch(/privacy/u)
    expect(refused(secondKey(privacy((label) => [label, { system, code: 'GENERAL_HEALTH' }])))).toMatch(/privacy/u)
    const sharing = 'urn:openletter:sharing'
    expect(refused(secondKey(labelled(turned(), where, (labels) => labels.filter((label) => label.system !== sharing))))).toMatch(/shared/u)
    expect(refused(secondKey(labelled(turned(), where, (labels) => [...labels, { system: sharing, code: 'undecided' }])))).toMatch(/not shared/u)
  })

  test('what it says holds nothing of the patient or the document', () => {
    const before = turned()
    const said = [
      secondKey({ ...before, delivery: { ...before.delivery, nhsNumber: '9990000026' } }), secondKey(withFacts(before, { instruction: 'withhold' })), secondKey(withResource(before, () => ({ content: [] }))),
    ].map(refused).join('\n')
    expect(said).not.toMatch(/\d{10}|Ada|Example/u)
  })
})

describe("a recall's own key", () => {
  const standing = anOwed({ standing: 'present', state: 'recalling', standingRevision: 1 })

  test('turns for what stands or may stand, whatever the floor and the stops say', () => {
    const work = aWork({ deliveries: [standing], stops: [{ scope: 'all', value: '' }] })
    expect(recallKey(work, standing)).toEqual({ ok: true })
    expect(recallKey(aWork({ deliveries: [{ ...standing, standing: 'unsure' }] }), { ...standing, standing: 'unsure' })).toEqual({ ok: true })
  })

  test('does not turn without a delivery, without anything standing, or without the patient it was sent to', () => {
    expect(refused(recallKey(aWork({ deliveries: [] }), standing))).toMatch(/no such delivery/u)
    expect(refused(recallKey(aWork({ deliveries: [{ ...standing, documentId: uuid(9) }] }), { ...standing, documentId: uuid(9) }))).toMatch(/no such delivery/u)
    for (const none of ['nothing', 'recalled'] as const) expect(refused(recallKey(aWork({ deliveries: [{ ...standing, standing: none }] }), { ...standing, standing: none }))).toMatch(/Nothing stands/u)
    const nobody = without(standing, 'nhsNumber')
    expect(refused(recallKey(aWork({ deliveries: [nobody] }), nobody))).toMatch(/which patient/u)
    expect(recallKey(aWork({ deliveries: [{ ...nobody, destination: 'print' }] }), { ...nobody, destination: 'print' })).toEqual({ ok: true })
  })
})
