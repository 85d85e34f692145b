// A sign-off that nobody has looked at for too long is told, and stops nothing.
import { describe, expect, test } from '@jest/globals'
import { openReviews } from '../../src/engine/reviews.ts'
import type { EventFields } from '../../src/observe/events.ts'
import { londonDay } from '../../src/decide/london.ts'
import { overdueInWords, reviewsOf } from '../../src/policy/reviews.ts'
import type { Directorate } from '../../src/policy/schema.ts'
import { examplePolicy } from '../support/policy.ts'
import { until } from '../support/until.ts'

const aDirectorate = (overrides: Partial<Directorate> = {}): Directorate => ({
  directorate: 'newham', name: 'Newham', status: 'live', go_live: '2025-01-06', signed_off_by: 'Directorate Management Team', signed_off_on: '2024-12-16',
  review_by: '2026-12-16', post: 'engine', approved_by: 'Chief Operating Officer', approved_on: '2024-12-18', ...overrides,
})
const of = (overrides: Partial<Directorate>, today: string) => reviewsOf({ directorates: { newham: aDirectorate(overrides) } }, today)[0]!

describe('the review of a live directorate', () => {
  test.each([
    ['2026-11-15', false, false],
    ['2026-11-16', false, true],
    ['2026-12-16', false, true],
    ['2026-12-17', true, false],
    ['2031-01-01', true, false],
  ])('by 16 December 2026 is, on %s, overdue: %s, due soon: %s', (today, overdue, dueSoon) => {
    expect(of({}, today)).toMatchObject({ overdue, dueSoon, reviewBy: '2026-12-16' })
  })
  test('without a date is never overdue', () => expect(of({ review_by: '' }, '2031-01-01')).not.toHaveProperty('reviewBy'))
  test('says who signed off and when', () => expect(of({}, '2026-11-15')).toMatchObject({ signedOffBy: 'Directorate Management Team', signedOffOn: '2024-12-16', goLive: '2025-01-06' }))
  test('is told in a sentence', () => expect(overdueInWords(of({}, '2027-01-01'))).toBe('The sign-off of Newham was to be reviewed by 2026-12-16, and has not been.'))
})

test.each(['observing', 'not-live'] as const)('a directorate that is %s has nothing to be overdue: nothing of it leaves', (status) => {
  expect(of({ status }, '2031-01-01')).toMatchObject({ overdue: false, dueSoon: false })
})

test('a day begins at midnight in London, also in summer', () => {
  expect([londonDay(new Date('2026-12-16T23:59:59Z')), londonDay(new Date('2026-07-01T23:30:00Z'))]).toEqual(['2026-12-16', '2026-07-02'])
})

test('an overdue review is told at the start and on every day after, and in between not', async () => {
  const policy = await examplePolicy()
  const clock = { at: new Date('2028-01-01T12:00:00Z') }
  const said: unknown[] = []
  const reviews = openReviews({ policy: () => policy, say: (event, fields) => said.push([event, (fields as EventFields<'review_overdue'>).directorate]), now: () => clock.at, everyMs: 5 })
  try {
    const all = [['review_overdue', 'newham'], ['review_overdue', 'children'], ['review_overdue', 'learning-disability']]
    reviews.tell()
    expect(said).toEqual(all)
    clock.at = new Date('2028-01-01T23:00:00Z')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(said).toEqual(all)
    clock.at = new Date('2028-01-02T00:00:01Z')
    await until('it is told again', () => said.length > all.length)
    expect(said).toEqual([...all, ...all])
  } finally {
    await reviews.close()
  }
})
