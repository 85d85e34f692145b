// Every kind of entry of the log as an AuditEvent, a Provenance, and what is said of failures: valid FHIR R4, and a
// disclosure as IHE BALP has it.
import { describe, expect, test } from '@jest/globals'
import type { AuditEvent } from '@medplum/fhirtypes'
import { ERRORS, problem, type ErrorCode } from '../../src/errors.ts'
import { auditEvent, type Entry } from '../../src/fhir/audit-event.ts'
import { capabilityStatement } from '../../src/fhir/capability-statement.ts'
import { operationOutcome } from '../../src/fhir/operation-outcome.ts'
import { provenance } from '../../src/fhir/provenance.ts'
import { searchset } from '../../src/fhir/searchset.ts'
import { AUDIT_KINDS } from '../../src/observe/events.ts'
import { ACTIONS, OUTCOMES } from '../../src/types.ts'
import { problemsOf } from '../support/fhir.ts'
import { uuid } from '../support/story.ts'

const POLICY = { trust: { name: 'Example NHS Foundation Trust', organisations: ['RWK'] } }
const anEntry = (overrides: Partial<Entry> = {}): Entry => ({ seq: 7, at: '2026-11-23T09:00:00.000Z', kind: 'held', actor: 'engine', detail: { reason: 'control-id-reused' }, documentId: uuid(1), ...overrides })
const sent = (overrides: Partial<Entry> = {}): AuditEvent =>
  auditEvent(anEntry({ kind: 'attempt-ended', action: 'create', destination: 'pkb', nhsNumber: '9990000018', detail: { delivery: uuid(101), outcome: 'accepted', code: '201' }, ...overrides }), POLICY)
const codesOf = (event: AuditEvent) => event.subtype?.map(({ code }) => code)

describe('an AuditEvent', () => {
  test.each(AUDIT_KINDS)('of the kind %s is valid, and says so', (kind) => {
    for (const action of [undefined, ...ACTIONS]) {
      const event = auditEvent(anEntry({ kind, ...(action ? { action } : {}) }), POLICY)
      expect([kind, action, problemsOf(event)]).toEqual([kind, action, []])
      expect(codesOf(event)).toContain(kind)
    }
  })
  test('that has no agent is not valid: the check above can fail', () => {
    const { agent: _, ...without } = sent()
    expect(problemsOf(without as AuditEvent)).not.toEqual([])
  })

  test.each(['create', 'update'] as const)('of the end of a %s is a disclosure at source as BALP has it', (action) => {
    const event = sent({ action })
    expect(event.meta?.profile).toEqual(['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source'])
    expect(event).toMatchObject({ type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110106' }, action: 'R', outcome: '0' })
    expect(codesOf(event)).toEqual(['disclose', 'attempt-ended', action])
    const agent = (code: string) => event.agent.filter(({ type }) => type?.coding?.[0]?.code === code)
    for (const code of ['110153', '110152']) expect(agent(code)).toEqual([expect.objectContaining({ who: expect.anything(), network: { address: expect.any(String), type: '5' } })])
    expect(agent('110153')[0]?.who).toEqual(event.source.observer)
    expect(agent('159541003')[0]?.who?.identifier?.value).toBe('RWK')
    const people = event.entity?.filter(({ type }) => type?.code === '1')
    expect(people).toEqual([expect.objectContaining({ what: { type: 'Patient', identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } }, role: expect.objectContaining({ code: '1' }) })])
    expect(event.entity).toContainEqual(expect.objectContaining({ what: { reference: `DocumentReference/${uuid(1)}` } }))
  })

  test.each(OUTCOMES)('of an exchange that ended %s succeeded only where it was accepted, and is valid', (outcome) => {
    const event = sent({ detail: { outcome } })
    expect(problemsOf(event)).toEqual([])
    expect(event.outcome === '0').toBe(outcome === 'accepted')
    expect(event.outcome === '4').toBe(outcome === 'unsure')
  })
  test('of an exchange that was only started claims no outcome, and does not pass for a disclosure that ended', () => {
    const event = sent({ kind: 'attempt-started', detail: {} })
    expect([event.type.code, event.outcome, event.meta, codesOf(event)]).toEqual(['110106', undefined, undefined, ['attempt-started', 'create']])
  })
  test('whose patient the ledger does not know does not claim the profile that wants one', () => {
    const { nhsNumber: _, ...without } = anEntry({ kind: 'attempt-ended', action: 'create', destination: 'print', detail: { outcome: 'accepted' } })
    expect(auditEvent(without, POLICY).meta).toBeUndefined()
  })

  test('of a recall is a deletion, not a disclosure', () => {
    const event = sent({ action: 'recall' })
    expect([event.type.code, event.action, event.meta]).toEqual(['110110', 'D', undefined])
    expect(event.entity?.[0]?.what?.identifier?.value).toBe('9990000018')
  })
  test('of what a person did names the person as they asked to be called, and the reason', () => {
    const event = auditEvent(anEntry({ actor: 'Duty manager (pages)', detail: { reason: 'sent to the wrong team' } }), POLICY)
    expect(event.agent).toEqual([{ who: { display: 'Duty manager (pages)' }, requestor: true }, expect.objectContaining({ requestor: false })])
    expect(event.entity?.[0]?.detail).toEqual([{ type: 'reason', valueString: 'sent to the wrong team' }])
  })
  test.each(['run', 'alert-taken', 'policy-asked', 'channel-paused', 'channel-stopped', 'channel-started', 'print-acknowledged'] as const)('of %s by a person is a person’s, and by a system is a system’s', (kind) => {
    const asked = (actor: string) => auditEvent(anEntry({ kind, actor, detail: { channel: 'pkb', reason: 'PKB asked for it' } }), POLICY).agent.find(({ requestor }) => requestor)?.who
    for (const actor of ['olu.adeyemi (pages)', 'reporting (api)', 'Olu, by reporting (api)', 'root (command)']) expect(asked(actor)).toEqual({ display: actor })
    expect(asked('print')).toMatchObject({ type: 'Device', identifier: { value: 'print' } })
  })
  test('of a stop and of a policy names them', () => {
    const { documentId: _, ...entry } = anEntry()
    expect(auditEvent({ ...entry, kind: 'stop', actor: 'anna (command)', detail: { stop: uuid(9), scope: 'code', value: 'CLIN', reason: 'wrong template' } }, POLICY).entity?.[0]).toMatchObject({ what: { identifier: { system: 'urn:openletter:stop', value: uuid(9) } } })
    expect(auditEvent({ ...entry, kind: 'policy-loaded', detail: { policy: 'ab12' } }, POLICY)).toMatchObject({ type: { code: '110100' }, entity: [{ what: { identifier: { system: 'urn:openletter:policy', value: 'ab12' } } }] })
  })
})

const made = { documentId: uuid(1), revision: 2, source: 'rio', feed: 'rio-http', receiptId: uuid(401), receivedAt: '2026-11-23T09:00:00.000Z', sourceTime: '2026-11-23T08:59:00.000Z', policy: 'a'.repeat(64) }

test('a Provenance says whose message it was, who put it together, and under which policy', () => {
  const one = provenance(made, POLICY)
  expect(problemsOf(one)).toEqual([])
  expect(one).toMatchObject({ target: [{ reference: `DocumentReference/${uuid(1)}/_history/2` }], policy: [`urn:openletter:policy:${'a'.repeat(64)}`], occurredDateTime: made.sourceTime })
  expect(one.agent.map(({ type, who }) => [type?.coding?.[0]?.code, who?.display])).toEqual([['assembler', 'Openletter'], ['informant', 'RiO']])
  expect(one.entity).toMatchObject([{ role: 'source', what: { identifier: { value: uuid(401) } } }])
  expect(problemsOf({ ...one, target: [] })).not.toEqual([])
})

test('what can be asked is a valid CapabilityStatement', () => expect(problemsOf(capabilityStatement())).toEqual([]))

test.each(Object.keys(ERRORS) as ErrorCode[])('%s is told as a valid OperationOutcome with its code', (code) => {
  const outcome = operationOutcome(problem(code, ''))
  expect(problemsOf(outcome)).toEqual([])
  expect(outcome.issue[0]?.details?.coding?.[0]?.code).toBe(code)
})

test.each([[[]], [[sent(), provenance(made, POLICY)]]])('a page of a search is a valid Bundle', (resources) => {
  expect(problemsOf(searchset('https://letters.example.nhs.uk/fhir', 'AuditEvent', resources, { self: 'AuditEvent', next: 'AuditEvent?_cursor=6' }))).toEqual([])
})
