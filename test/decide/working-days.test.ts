// Working days of England, against the lists that the government publishes, and what holds for any beginning and span.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { bankHolidays, beganBy, deadline, isWorkingDay } from '../../src/decide/working-days.ts'
import type { Span } from '../../src/types.ts'

const PUBLISHED: Readonly<Record<number, string>> = {
  2019: '01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26',
  2020: '01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28',
  2021: '01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28',
  2022: '01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27',
  2023: '01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26',
  2024: '01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26',
  2025: '01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26',
  2026: '01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28',
  2027: '01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28',
  2028: '01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26',
}

describe('bank holidays', () => {
  test.each(Object.entries(PUBLISHED))('of %s', (year, days) => expect(bankHolidays(Number(year))).toEqual(days.split(' ').map((day) => `${year}-${day}`)))
  test('a bank holiday, a weekend and a day that the trust adds are no working days', () => {
    expect(['2026-12-25', '2026-12-26', '2026-12-28', '2026-12-29'].map((day) => isWorkingDay(day))).toEqual([false, false, false, true])
    expect(isWorkingDay('2027-05-07')).toBe(true)
    expect(isWorkingDay('2027-05-07', ['2027-05-07'])).toBe(false)
  })
})

describe('when the time is up', () => {
  const rows: readonly (readonly [string, string, Span, string])[] = [
    ['hours are exact', '2026-11-23T10:00:00.000Z', { hours: 72 }, '2026-11-26T10:00:00.000Z'],
    ['hours may have a fraction', '2026-11-23T10:00:00.000Z', { hours: 1.5 }, '2026-11-23T11:30:00.000Z'],
    ['days have 24 hours, also where the clocks change', '2026-10-24T10:00:00.000Z', { days: 2 }, '2026-10-26T10:00:00.000Z'],
    ['a working day is a whole one', '2026-11-23T10:00:00.000Z', { working_days: 1 }, '2026-11-25T00:00:00.000Z'],
    ['a weekend does not count', '2026-11-27T16:59:00.000Z', { working_days: 1 }, '2026-12-01T00:00:00.000Z'],
    ['from a weekend', '2026-11-28T12:00:00.000Z', { working_days: 1 }, '2026-12-01T00:00:00.000Z'],
    ['over Christmas and New Year', '2026-12-24T09:00:00.000Z', { working_days: 4 }, '2027-01-05T00:00:00.000Z'],
    ['over Easter, into summer time', '2027-03-25T09:00:00.000Z', { working_days: 1 }, '2027-03-30T23:00:00.000Z'],
    ['out of summer time', '2026-10-23T09:00:00.000Z', { working_days: 1 }, '2026-10-27T00:00:00.000Z'],
    ['the day is that of London: late on Monday in UTC is Tuesday there', '2026-06-22T23:30:00.000Z', { working_days: 1 }, '2026-06-24T23:00:00.000Z'],
    ['a day that the trust adds', '2027-05-06T09:00:00.000Z', { working_days: 1, not_on: ['2027-05-07'] }, '2027-05-10T23:00:00.000Z'],
    ['several offices closed for long', '2026-11-23T10:00:00.000Z', { working_days: 1, not_on: ['2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27'] }, '2026-12-01T00:00:00.000Z'],
  ]
  test.each(rows)('%s', (_what, from, span, at) => expect(deadline(from, span)).toBe(at))

  const aMoment = fc.integer({ min: Date.UTC(2019, 0, 1), max: Date.UTC(2032, 0, 1) }).map((ms) => new Date(ms).toISOString())
  const aSpan: fc.Arbitrary<Span> = fc.oneof(
    fc.integer({ min: 1, max: 500 }).map((hours) => ({ hours })), fc.integer({ min: 1, max: 100 }).map((days) => ({ days })),
    fc.tuple(fc.integer({ min: 1, max: 40 }), fc.array(aMoment.map((at) => at.slice(0, 10)), { maxLength: 5 })).map(([working_days, not_on]) => ({ working_days, not_on })),
  )
  const london = (at: number) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date(at))
  const DAY = 86_400_000

  test('comes after the beginning, and never earlier for what begins later or waits longer', () => {
    fc.assert(fc.property(aMoment, aMoment, aSpan, (one, other, span) => {
      const [first, second] = [one, other].sort() as [string, string]
      expect(deadline(first, span) > first).toBe(true)
      expect(deadline(first, span) <= deadline(second, span)).toBe(true)
      const longer: Span = 'hours' in span ? { hours: span.hours + 1 } : 'days' in span ? { days: span.days + 1 } : { ...span, working_days: span.working_days + 1 }
      expect(deadline(first, span) < deadline(first, longer)).toBe(true)
    }), { numRuns: 500 })
  })
  test('of working days is the end of a working day in London, with just so many of them between', () => {
    fc.assert(fc.property(aMoment, fc.integer({ min: 1, max: 30 }), (from, count) => {
      const at = Date.parse(deadline(from, { working_days: count }))
      expect(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeStyle: 'medium' }).format(new Date(at))).toBe('00:00:00')
      expect(isWorkingDay(london(at - 1))).toBe(true)
      let whole = 0
      // Noon to noon: no change of the clocks moves it to another day.
      for (let noon = Date.parse(`${london(Date.parse(from))}T12:00:00Z`) + DAY; noon < at; noon += DAY) if (isWorkingDay(london(noon))) whole += 1
      expect(whole).toBe(count)
    }), { numRuns: 300 })
  })
  test('backwards is the same: what began by then has its time up by now, and nothing that began later has', () => {
    fc.assert(fc.property(aMoment, aSpan, (now, span) => {
      const began = beganBy(now, span)
      expect(deadline(began, span) <= now).toBe(true)
      expect(deadline(new Date(Date.parse(began) + 1).toISOString(), span) > now).toBe(true)
    }), { numRuns: 500 })
  })
})
