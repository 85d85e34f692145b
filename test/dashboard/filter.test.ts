import { describe, expect, test } from '@jest/globals'
import { QUERY_PARAMETERS, readFilter, wrongInWords } from '../../src/dashboard/documents/filter.ts'
import { ageOf, endTime, londonTime } from '../../src/dashboard/times.ts'
import { startOfLondonDay } from '../../src/decide/london.ts'

const wrongOf = (raw: Record<string, unknown>, from: 'query' | 'body' = 'query'): string => {
  const read = readFilter(raw, from)
  return read.ok ? '' : wrongInWords(read.wrong)
}
const filterOf = (raw: Record<string, unknown>, from: 'query' | 'body' = 'query') => {
  const read = readFilter(raw, from)
  return read.ok ? read.filter : undefined
}

describe('a filter', () => {
  test('takes lists with commas, repeated, or both', () => {
    expect(filterOf({ state: ['failed,blocked', 'review'], route: 'pkb' })).toEqual({ state: ['failed', 'blocked', 'review'], route: ['pkb'], limit: 50 })
  })

  test('takes every parameter that the ledger knows', () => {
    expect(QUERY_PARAMETERS).toEqual(['state', 'route', 'rule', 'sourceId', 'code', 'team', 'directorate', 'feed', 'stage', 'wouldRoute', 'marked', 'since', 'until', 'limit', 'cursor'])
    expect(filterOf({ rule: 'to-pkb', sourceId: 'RIO-1, part 2', code: 'clin', since: '2026-11-23T10:00:00+01:00', limit: '7', cursor: 'abc_-=' })).toEqual({
      rule: 'to-pkb', sourceId: 'RIO-1, part 2', code: 'CLIN', since: '2026-11-23T09:00:00.000Z', limit: 7, cursor: 'abc_-=',
    })
    expect(filterOf({ directorate: 'luton-beds', stage: 'observing,not-live', wouldRoute: 'pkb', marked: 'conflict', until: '2026-11-23T10:00:00Z' })).toEqual({
      directorate: 'luton-beds', stage: ['observing', 'not-live'], wouldRoute: ['pkb'], marked: 'conflict', until: '2026-11-23T10:00:00.000Z', limit: 50,
    })
  })

  test('goes to the end of the day that it names as its last', () => {
    expect(filterOf({ since: '2026-11-23', until: '2026-11-23' })).toEqual({ since: '2026-11-23T00:00:00.000Z', until: '2026-11-24T00:00:00.000Z', limit: 50 })
    expect(filterOf({ until: '2026-10-25' })).toMatchObject({ until: '2026-10-26T00:00:00.000Z' })
  })

  test('counts an empty form field as absent', () => {
    expect(filterOf({ state: '', rule: '', since: '' })).toEqual({ limit: 50 })
  })

  test('names the parameter and the values that it takes', () => {
    expect(wrongOf({ state: 'lost' })).toMatch(/^state: Use one or more of waiting, sent, .*failed\.$/u)
  })

  test.each([
    { route: 'email' }, { state: 'failed,lost' }, { since: 'yesterday' }, { since: '2026-02-30' }, { since: '2026-11-23T25:00:00Z' }, { since: '2026' }, { until: '2026-02-30' }, { stage: 'dead' }, { wouldRoute: 'observe' }, { marked: 'both' }, { limit: '0' },
    { limit: '201' }, { limit: '5e1' }, { code: 'CLINIC' }, { rule: 'Robert; drop' }, { sourceId: 'a\u0000b' }, { rule: ['a', 'b'] }, { state: { $ne: 'failed' } },
  ])('refuses %j', (raw) => {
    expect(wrongOf(raw)).toContain(`${Object.keys(raw)[0]}: `)
  })

  test('refuses an unknown parameter, without saying back what could be a value', () => {
    expect(wrongOf({ stat: 'failed' })).toContain('stat: There is no such parameter')
    expect(wrongOf({ '9990000018': '' })).not.toContain('999')
    expect(wrongOf({ constructor: 'x' })).toContain('constructor: There is no such parameter')
  })

  test.each(['nhsNumber', 'title'])('takes %s from a body and never from an address', (name) => {
    expect(wrongOf({ [name]: '9990000018' })).toContain('must not stand in an address')
    expect(filterOf({ [name]: '9990000018' }, 'body')).toMatchObject({ [name]: '9990000018' })
  })

  test('reads an NHS number as people write it, and never says it back', () => {
    expect(filterOf({ nhsNumber: '999 000 0018' }, 'body')).toMatchObject({ nhsNumber: '9990000018' })
    expect(wrongOf({ nhsNumber: '99900000' }, 'body')).toBe('nhsNumber: Use the ten digits of an NHS number.')
  })
})

describe('times', () => {
  test('a day begins at midnight in London, winter and summer', () => {
    expect(startOfLondonDay('2026-01-15')).toBe('2026-01-15T00:00:00.000Z')
    expect(startOfLondonDay('2026-07-15')).toBe('2026-07-14T23:00:00.000Z')
    expect(startOfLondonDay('2026-10-25')).toBe('2026-10-24T23:00:00.000Z')
    expect(startOfLondonDay('2026-03-29')).toBe('2026-03-29T00:00:00.000Z')
  })

  test('are shown in London time, and a date alone as a date', () => {
    expect(londonTime('2026-07-15T09:04:05Z')).toBe('15 Jul 2026, 10:04:05')
    expect(londonTime('2026-11-20')).toBe('20 November 2026')
    expect(londonTime('soon')).toBe('soon')
  })

  test('a limit at midnight is the end of the day before, in summer too', () => {
    expect(['2026-11-27T00:00:00.000Z', '2026-07-14T23:00:00.000Z', '2026-11-27T09:30:00.000Z'].map(endTime)).toEqual(['the end of 26 Nov 2026', 'the end of 14 Jul 2026', '27 Nov 2026, 09:30:00'])
  })

  test.each([['2026-11-23T11:59:30Z', 'less than a minute'], ['2026-11-23T11:59:00Z', '1 minute'], ['2026-11-23T10:00:00Z', '2 hours'], ['2026-11-20T10:00:00Z', '3 days'], ['2026-11-23T12:00:01Z', 'less than a minute']])(
    'something of %s is %s old at noon', (at, age) => expect(ageOf(at, new Date('2026-11-23T12:00:00Z'))).toBe(age),
  )
})
