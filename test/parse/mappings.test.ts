import { expect, test } from '@jest/globals'
import { hl7Mapping as schema, uploadMapping as uploadSchema } from '../../src/policy/schema.ts'
import { hl7Mapping, uploadMapping } from '../support/mappings.ts'

const problems = (result: { readonly success: boolean; readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] } | undefined }) => result.error?.issues.map((issue) => issue.path.join('.')) ?? []

test.each([['TXA'], ['TXA-'], ['TXA-0'], ['txa-12'], ['TXA-12.0'], ['TXA-12.1.1.1'], ['TXA.12']])('%s is no place', (place) =>
  expect(problems(schema.safeParse({ ...hl7Mapping, fields: { ...hl7Mapping.fields, document_id: [place] } }))).toEqual(['fields.document_id.0']))

test('a time zone has to be one', () => {
  expect(problems(schema.safeParse({ ...hl7Mapping, time_zone: 'Europe/Londn' }))).toEqual(['time_zone'])
  expect(problems(uploadSchema.safeParse({ ...uploadMapping, time_zone: '' }))).not.toEqual([])
})

test.each(['document_id', 'picklist', 'names', 'team', 'organisations', 'completion'] as const)('a mapping names %s', (field) => {
  const { [field]: _, ...fields } = hl7Mapping.fields
  expect(problems(schema.safeParse({ ...hl7Mapping, fields }))).toEqual([`fields.${field}`])
})
