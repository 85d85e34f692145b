// When a document that waits is late: by the trust's limit where it has one, in working days or in working hours.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { dueBy, lateSince, limitOf, MOST_DAYS, MOST_HOURS, readSpan, spanInWords, type ReviewSpan } from '../../src/decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../../src/decide/review-reason.ts'
import { workingHours } from '../../src/decide/working-hours.ts'

const within = (span: ReviewSpan) => ({ owner: 'Anybody', within: span })
const due = (since: string, span: ReviewSpan): string => dueBy(since, within(span))

describe('a limit in working hours', () => {
  test.each([
    ['within a day', '2026-11-23T10:00:00.000Z', 4, '2026-11-23T14:00:00.000Z'],
    ['to the end of a day', '2026-11-23T09:00:00.000Z', 8, '2026-11-23T17:00:00.000Z'],
    ['over a night', '2026-11-23T16:00:00.000Z', 4, '2026-11-24T12:00:00.000Z'],
    ['from a night on', '2026-11-23T03:00:00.000Z', 1, '2026-11-23T10:00:00.000Z'],
    ['over a weekend', '2026-11-20T16:30:00.000Z', 1, '2026-11-23T09:30:00.000Z'],
    ['over Christmas, with the day that stands in for Boxing Day', '2026-12-24T16:00:00.000Z', 2, '2026-12-29T10:00:00.000Z'],
    ['in summer time', '2026-07-01T15:30:00.000Z', 1, '2026-07-02T08:30:00.000Z'],
    ['over the night in which the clocks change', '2026-10-23T15:00:00.000Z', 2, '2026-10-26T10:00:00.000Z'],
  ])('%s', (_, since, working_hours, expected) => expect(due(since, { working_hours })).toBe(expected))
})

test('a limit in working days is whole ones: the day on which it begins does not count', () => {
  expect(due('2026-11-20T10:00:00.000Z', { working_days: 1 })).toBe('2026-11-24T00:00:00.000Z')
})

const spans = fc.oneof(fc.integer({ min: 1, max: MOST_HOURS }).map((working_hours) => ({ working_hours })), fc.integer({ min: 1, max: MOST_DAYS }).map((working_days) => ({ working_days })))
const moments = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2028-01-01') }).map((at) => new Date(at).toISOString())

test('what a page calls late is what the queue calls late, at any moment', () => {
  fc.assert(fc.property(moments, spans, fc.integer({ min: -2, max: 2 }), (since, span, off) => {
    // Near the moment at which it comes to be late, where the two could part.
    const now = new Date(Date.parse(due(since, span)) + off).toISOString()
    expect([off, since <= lateSince(now, within(span))]).toEqual([off, off >= 0])
  }), { numRuns: 400 })
})

describe('a day on which nobody works counts for nothing', () => {
  // The Friday on which England had one more bank holiday.
  const limits = (within: string) => ({ code: { owner: 'Anybody', within }, not_on: ['2027-05-07'] })
  const late = (since: string, within: string): string => dueBy(since, limitOf(limits(within), 'code'))
  test.each([
    ['in working days', '2027-05-06T10:00:00.000Z', '1 working day', '2027-05-10T23:00:00.000Z'],
    ['in working hours', '2027-05-06T15:00:00.000Z', '2 working hours', '2027-05-10T09:00:00.000Z'],
    ['that begin on it', '2027-05-07T10:00:00.000Z', '1 working hour', '2027-05-10T09:00:00.000Z'],
  ])('%s', (_, since, written, expected) => expect(late(since, written)).toBe(expected))
  test('for a reason without a row too', () => expect(dueBy('2027-05-06T10:00:00.000Z', limitOf(limits('1 working day'), 'second-key'))).toBe('2027-05-10T23:00:00.000Z'))
  test('and what a page calls late is what the queue calls late', () => {
    const days = fc.uniqueArray(fc.integer({ min: Date.parse('2026-01-01') / 86_400_000, max: Date.parse('2028-01-01') / 86_400_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)), { maxLength: 60 })
    fc.assert(fc.property(moments, spans, days, fc.integer({ min: -2, max: 2 }), (since, span, not_on, off) => {
      const limit = { ...within(span), not_on }
      const now = new Date(Date.parse(dueBy(since, limit)) + off).toISOString()
      expect([off, since <= lateSince(now, limit)]).toEqual([off, off >= 0])
    }), { numRuns: 300 })
  })
})

test('so many hours have been worked when they are over, and a moment before not', () => {
  fc.assert(fc.property(moments, fc.integer({ min: 1, max: MOST_HOURS }), (since, hours) => {
    const at = due(since, { working_hours: hours })
    expect(workingHours(since, at)).toBeCloseTo(hours, 9)
    expect(workingHours(since, new Date(Date.parse(at) - 1).toISOString())).toBeLessThan(hours)
  }), { numRuns: 200 })
})

test('a limit is read as it is written', () => {
  fc.assert(fc.property(spans, (span) => expect(readSpan(spanInWords(span))).toEqual(span)))
  expect([readSpan('1 working days'), readSpan('3 working day')]).toEqual([{ working_days: 1 }, { working_days: 3 }])
  for (const text of ['', '3', '3 days', '0 working days', '61 working days', '41 working hours', '-1 working days', '1.5 working days', '3 working days or so', '3 Working days']) expect([text, readSpan(text)]).toEqual([text, undefined])
})

test('a reason without a row has the owner and the time of the engine', () => {
  for (const reason of Object.keys(REVIEW_REASONS) as readonly ReviewReason[])
    expect(limitOf({ other: { owner: 'Duty analyst', within: '2 working hours' } }, reason)).toEqual(reason === 'other' ? { owner: 'Duty analyst', within: { working_hours: 2 } } : { owner: REVIEW_REASONS[reason].owner, within: REVIEW_REASONS[reason].within })
})
