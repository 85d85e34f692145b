// What PKB's answer about readings says and what it does not: whoever reads "read" out of anything else leaves a letter
// unposted.
import { describe, expect, test } from '@jest/globals'
import { readsOf } from '../../src/deliver/pkb/read-receipts.ts'

const [A, B] = ['5f0a6c1e-0000-4000-8000-00000000000a', '5f0a6c1e-0000-4000-8000-00000000000b']
const AT = '2026-11-24T09:00:00.000Z'
const answer = (...parts: readonly (readonly object[])[]) => ({ resourceType: 'Parameters', parameter: parts.map((part) => ({ name: 'readReceipt', part })) })
const number = (value = A) => ({ name: 'documentIdentifier', valueString: value })
const readAt = (value: string = AT) => ({ name: 'readDateTime', valueDateTime: value })

describe('what was read', () => {
  test('is told by the number of the document and a time', () => {
    expect(readsOf(answer([number(), readAt()]), [A, B])).toEqual([{ identifier: A, at: AT }])
  })
  test.each<readonly [string, readonly object[]]>([
    ['parts are called otherwise', [{ name: 'identifier', valueIdentifier: { value: A.toUpperCase() } }, { name: 'when', valueInstant: AT }]],
    ['the time has an offset', [number(), readAt('2026-11-24T10:00:00+01:00')]],
    ['there are other times too', [number(), { name: 'createdDateTime', valueDateTime: '2026-11-01T09:00:00Z' }, readAt()]],
    ['there is more that nobody asked for', [{ name: 'organisation', valueString: 'RWK' }, number(`urn:uuid:${A}`), readAt(), { name: 'reader', valueCode: 'patient' }]],
  ])('also where %s', (_what, parts) => expect(readsOf(answer(parts), [A])).toEqual([{ identifier: A, at: AT }]))
  test('of two entries about one document the later counts', () => {
    expect(readsOf(answer([number(), readAt()], [number(), readAt('2026-11-25T09:00:00Z')], [number(B), readAt()]), [A, B])).toEqual([{ identifier: A, at: '2026-11-25T09:00:00.000Z' }, { identifier: B, at: AT }])
  })
})

describe('what is not known to be read', () => {
  test.each<readonly [string, readonly object[]]>([
    ['has no time', [number()]],
    ['has a day only', [number(), { name: 'readDateTime', valueDateTime: '2026-11-24' }]],
    ['has a time without a zone', [number(), readAt('2026-11-24T09:00:00')]],
    ['has a time of something else', [number(), { name: 'createdDateTime', valueDateTime: AT }]],
    ['has two times, either of which might be meant', [number(), readAt(), { name: 'openedDateTime', valueDateTime: '2026-11-25T09:00:00Z' }]],
    ['names two of our documents', [number(), number(B), readAt()]],
    ['is of somebody else', [number('5f0a6c1e-0000-4000-8000-00000000000c'), readAt()]],
  ])('%s', (_what, parts) => expect(readsOf(answer(parts), [A, B])).toEqual([]))
  test('is what the answer does not speak of', () => expect(readsOf({ resourceType: 'Parameters' }, [A])).toEqual([]))
  test.each([[undefined], ['<html>'], [[]], [{ resourceType: 'OperationOutcome' }]])('an answer that is none says nothing of anything: %j', (body) => expect(readsOf(body, [A])).toBeUndefined())
})
