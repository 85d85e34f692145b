// How often a failure is told that goes on.
import { expect, test } from '@jest/globals'
import { rarely } from '../../src/observe/rarely.ts'

test('a failure is told when it begins, when it is another, and once a minute, whatever the clock does', () => {
  let at = Date.parse('2026-11-23T10:00:00Z')
  const isNews = rarely(() => new Date(at))
  const told = (code: string, secs: number): boolean => {
    at += secs * 1000
    return isNews(code)
  }
  expect([told('A', 0), told('A', 1), told('A', 58), told('A', 1), told('A', 59)]).toEqual([true, false, false, true, false])
  expect([told('B', 0), told('B', 1), told('A', 1)]).toEqual([true, false, true])
  expect(told('A', -6 * 3_600)).toBe(true)
})
