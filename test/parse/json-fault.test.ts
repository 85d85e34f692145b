import { expect, test } from '@jest/globals'
import { assert, constantFrom, json, nat, property } from '../support/fast-check.ts'
import { jsonFault, whereBroken } from '../../src/parse/json-fault.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test.each([
  ['a comma too many', '{"a": 1,}', 1, 9],
  ['a comma that is missing, on a line further down', '{\n  "a": 1\n  "b": 2\n}', 3, 3],
  ['lines that end as Windows ends them', '{\r\n  "a": 1,\r\n  b: 2\r\n}', 3, 3],
  ['a name without quotes', '{a: 1}', 1, 2],
  ['single quotes', "{'a': 1}", 1, 2],
  ['a text that is cut off', '{"a": "b', 1, 9],
  ['an object that is cut off', '{"a": 1', 1, 8],
  ['a line break within a text', '{"a": "b\nc"}', 1, 9],
  ['an escape that there is not', '{"a": "C:\\docs"}', 1, 10],
  ['a bracket of the other kind', '{"a": [1}', 1, 9],
  ['a list that begins with a comma', '[,1]', 1, 2],
  ['a number with a nought in front', '{"a": 01}', 1, 8],
  ['a word of another language', '{"a": None}', 1, 7],
  ['something behind the end', '{} {}', 1, 4],
  ['nothing at all', '', 1, 1],
])('%s is told by line and column', (_what, text, line, column) => {
  expect(isJson(text)).toBe(false)
  expect(jsonFault(text)).toEqual({ line, column })
})

test('what is JSON has no fault, and what is not has one', () => {
  assert(property(json(), (text) => { expect(jsonFault(text)).toBeUndefined() }))
  assert(property(json(), nat(), constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '0', '-', 'e', '\n', ' '), (text, seed, sign) => {
    const at = seed % (text.length + 1)
    const changed = text.slice(0, at) + sign + text.slice(at + 1)
    expect([changed, jsonFault(changed) === undefined]).toEqual([changed, isJson(changed)])
  }), { numRuns: 2000 })
})

test('a text of a quarter of a megabyte is looked at once, and none of it is repeated', () => {
  const text = `{"name": "Ada Example ${'x'.repeat(250_000)}" "more": 1}`
  expect(whereBroken(text)).toBe(`: line 1, column ${text.indexOf('"more"') + 1}`)
  expect(whereBroken(text)).not.toContain('Ada')
})
