import { expect, test } from '@jest/globals'
import { hl7DateOrInstant, hl7Day, hl7Instant, isoDateOrInstant, isoDay, isoInstant } from '../../src/parse/time.ts'

const LONDON = 'Europe/London'

test.each([
  ['20261120110210', '2026-11-20T11:02:10.000Z'], ['202611201102', '2026-11-20T11:02:00.000Z'], ['20261120', '2026-11-20T00:00:00.000Z'], ['202611', '2026-11-01T00:00:00.000Z'], ['2026', '2026-01-01T00:00:00.000Z'],
  ['20260720110210', '2026-07-20T10:02:10.000Z'], ['20261120110210.1234', '2026-11-20T11:02:10.123Z'], ['20261120110210.5', '2026-11-20T11:02:10.500Z'],
  ['20261120110210+0000', '2026-11-20T11:02:10.000Z'], ['20260720110210+0100', '2026-07-20T10:02:10.000Z'], ['20261120003000+0100', '2026-11-19T23:30:00.000Z'], ['20261120110210-0530', '2026-11-20T16:32:10.000Z'], [' 20261120110210 ', '2026-11-20T11:02:10.000Z'],
  ['20240229', '2024-02-29T00:00:00.000Z'],
])('HL7 %s is %s', (text, instant) => expect(hl7Instant(text, LONDON)).toBe(instant))

test.each([
  ['2026112011'], ['2026112011021'], ['20261120110210.'], ['20261320'], ['20260230'], ['20250229'], ['202611202400'], ['202611201160'], ['20261120110260'], ['20261120110210+2500'], ['00001120'], ['tomorrow'], [''], ['20261120110210Z'], ['２０２６１１２０'],
])('HL7 %j is no time', (text) => expect(hl7Instant(text, LONDON)).toBeUndefined())

test('the hour that comes twice in October is read as the earlier one, and the one that never comes in March is no time', () => {
  expect(hl7Instant('202610250059', LONDON)).toBe('2026-10-24T23:59:00.000Z')
  expect(hl7Instant('202610250130', LONDON)).toBe('2026-10-25T00:30:00.000Z')
  expect(hl7Instant('202610250200', LONDON)).toBe('2026-10-25T02:00:00.000Z')
  expect(hl7Instant('202603290059', LONDON)).toBe('2026-03-29T00:59:00.000Z')
  expect(hl7Instant('202603290130', LONDON)).toBeUndefined()
  expect(hl7Instant('202603290200', LONDON)).toBe('2026-03-29T01:00:00.000Z')
  expect(hl7Instant('202610250130+0000', LONDON)).toBe('2026-10-25T01:30:00.000Z')
})

test.each([
  ['2026-11-20T11:02:10Z', '2026-11-20T11:02:10.000Z'], ['2026-11-20t11:02:10.5z', '2026-11-20T11:02:10.500Z'], ['2026-11-20T12:02:10+01:00', '2026-11-20T11:02:10.000Z'], ['2026-11-20T11:02', '2026-11-20T11:02:00.000Z'],
  ['2026-07-20 11:02:10', '2026-07-20T10:02:10.000Z'], ['2026-07-20', '2026-07-19T23:00:00.000Z'],
])('ISO %s is %s', (text, instant) => expect(isoInstant(text, LONDON)).toBe(instant))

test.each([['2026-02-30'], ['2026-11-20T25:00:00Z'], ['20/11/2026'], ['2026-11'], ['2026-11-20T11'], [''], ['9999-12-31T23:30:00-05:00']])('ISO %j is no time', (text) => expect(isoInstant(text, LONDON)).toBeUndefined())

test('days are read as written', () => {
  expect([hl7Day('19700101'), hl7Day('197001012359+0100'), hl7Day('1970'), hl7Day('19700230')]).toEqual(['1970-01-01', '1970-01-01', undefined, undefined])
  expect([isoDay('1970-01-01'), isoDay('1970-01-01T23:59:00Z'), isoDay('1970-1-1'), isoDay('1970-02-30')]).toEqual(['1970-01-01', '1970-01-01', undefined, undefined])
})

test('a date stays a date where no time was given', () => {
  expect([hl7DateOrInstant('20261120', LONDON), hl7DateOrInstant('202611201030', LONDON), hl7DateOrInstant('202611', LONDON)]).toEqual(['2026-11-20', '2026-11-20T10:30:00.000Z', undefined])
  expect([isoDateOrInstant('2026-11-20', LONDON), isoDateOrInstant('2026-11-20T10:30:00Z', LONDON)]).toEqual(['2026-11-20', '2026-11-20T10:30:00.000Z'])
})

test('other zones are known', () => {
  expect(hl7Instant('20260720110210', 'Australia/Lord_Howe')).toBe('2026-07-20T00:32:10.000Z')
  expect(hl7Instant('20260720110210', 'UTC')).toBe('2026-07-20T11:02:10.000Z')
})
