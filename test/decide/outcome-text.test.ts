// The files that tell a team what became of its documents: their names and their cells.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { fileNameOf, outcomeCsv, outcomeMail, type Told } from '../../src/decide/outcome-text.ts'

const AT = '2026-11-23T10:00:00.000Z'
const aLine = (overrides: Partial<Told> = {}): Told => ({ sourceId: 'D-1', outcome: 'sent', because: 'It was uploaded to be shared.', firstReceivedAt: AT, ...overrides })

describe('the name of a file', () => {
  test.each([['ADULT1', 'ADULT1.csv'], ['', '_none.csv'], ['A/B', 'A%2FB.csv'], ['..', '%2E%2E.csv'], ['=1+1', '%3D1%2B1.csv'], ['ÄRZTE', '%C3%84RZTE.csv'], ['_none', expect.stringMatching(/^%5Fnone~[0-9a-f]{8}\.csv$/u)], ['CON', expect.stringMatching(/^CON~[0-9a-f]{8}\.csv$/u)]])('of %j is %j', (team, name) => { expect(fileNameOf(team)).toEqual(name) })
  test('is short enough for every system, and another for each team, also where capitals count for nothing', () => {
    const team = fc.oneof(fc.string({ maxLength: 300, unit: 'grapheme' }), fc.constantFrom('adult1', 'Adult1', 'ADULT1', 'aDULT1', '_none', 'nul', 'NUL', '%2F', '/'), fc.string({ minLength: 90, maxLength: 200, unit: fc.constantFrom('Ä', 'A') }))
    fc.assert(fc.property(team, team, (one, other) => {
      const [first, second] = [fileNameOf(one), fileNameOf(other)]
      expect(first).toMatch(/^[A-Za-z0-9_%~-]{1,120}\.csv$/u)
      expect(first.toLowerCase() === second.toLowerCase()).toBe(one === other)
    }), { numRuns: 2000 })
  })
})

test('each line says when it was worked out, in London', () => {
  const [head, line] = outcomeCsv([aLine()], '2026-07-01T04:00:00.000Z').split('\r\n')
  expect([head?.endsWith(',"as_of"'), line?.endsWith(',"01/07/2026 05:00"')]).toEqual([true, true])
  expect(outcomeMail({ day: '2026-06-30', team: 'ADULT1', madeAt: '2026-07-01T04:00:00.000Z' }, [aLine()]).text).toContain('As it stood on 01/07/2026 05:00.')
})
