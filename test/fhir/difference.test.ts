// What two DocumentReferences say differently, and what of it a visitor may see who may not see patients.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { differences } from '../../src/fhir/difference.ts'

const R = { system: 'urn:v3-Confidentiality', code: 'R' }
const V = { system: 'urn:v3-Confidentiality', code: 'V' }
const MH = { system: 'urn:v3-ActCode', code: 'MH' }
const NOPAT = { system: 'urn:v3-ActCode', code: 'NOPAT' }

describe('the difference of two resources', () => {
  test('is none where they say the same, in whatever order', () =>
    expect(differences({ status: 'current', meta: { security: [R, MH] } }, { meta: { security: [MH, R] }, status: 'current' })).toEqual([]))

  test('tells what was changed, added and removed, each at its place', () =>
    expect(differences({ status: 'current', description: 'Old', type: { text: 'Letter' } }, { status: 'superseded', type: { text: 'Letter', coding: [{ code: '1' }] } })).toEqual([
      { kind: 'changed', path: 'status', before: 'current', after: 'superseded' },
      { kind: 'removed', path: 'description', before: 'Old' },
      { kind: 'added', path: 'type.coding[0].code', after: '1' },
    ]))

  test('knows one more label from all labels moved by one', () =>
    expect(differences({ meta: { security: [R, MH] } }, { meta: { security: [NOPAT, R, MH] } })).toEqual([
      { kind: 'added', path: 'meta.security[0].system', after: 'urn:v3-ActCode' }, { kind: 'added', path: 'meta.security[0].code', after: 'NOPAT' },
    ]))

  test('knows a label that says something else now', () =>
    expect(differences({ securityLabel: [{ coding: [R] }, { coding: [MH] }] }, { securityLabel: [{ coding: [V] }, { coding: [MH] }] })).toEqual([{ kind: 'changed', path: 'securityLabel[0].coding[0].code', before: 'R', after: 'V' }]))

  test('shows a value that may name the patient only where that is asked for', () => {
    const before = { status: 'current', description: 'Letter about Ada', subject: { identifier: { value: '9990000018' } }, content: [{ attachment: { title: 'Ada.pdf', contentType: 'text/plain' } }] }
    const after = { status: 'superseded', description: 'Letter on Ada', subject: { identifier: { value: '9990000026' } }, content: [{ attachment: { title: 'Ada Example.pdf', contentType: 'application/pdf' } }] }
    const masked = differences(before, after, 'nameless')
    expect(masked.filter(({ hidden }) => hidden).map(({ path }) => path)).toEqual(['description', 'subject.identifier.value', 'content[0].attachment.title'])
    expect(JSON.stringify(masked)).not.toMatch(/Ada|999/u)
    expect(masked.filter(({ hidden }) => !hidden)).toEqual([
      { kind: 'changed', path: 'status', before: 'current', after: 'superseded' }, { kind: 'changed', path: 'content[0].attachment.contentType', before: 'text/plain', after: 'application/pdf' },
    ])
  })

  test('is empty only for equals, and backwards it is as long', () => {
    const tree = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
      leaf: fc.oneof(fc.string({ maxLength: 3 }), fc.boolean(), fc.integer({ min: 0, max: 3 })),
      tree: fc.oneof({ maxDepth: 3 }, tie('leaf'), fc.array(tie('tree'), { minLength: 1, maxLength: 3 }), fc.dictionary(fc.constantFrom('code', 'system', 'text', 'a'), tie('tree'), { minKeys: 1 })),
    })).tree
    const object = fc.dictionary(fc.constantFrom('status', 'meta', 'type'), tree)
    fc.assert(fc.property(object, object, (one, other) => {
      expect(differences(one, one)).toEqual([])
      const [there, back] = [differences(one, other), differences(other, one)]
      expect(there.length === 0).toBe(back.length === 0)
    }))
  })
})
