// The catalogue of errors and its page are the same list, and every code is used.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { ERRORS, Failure, asFailure, problem, type ErrorCode } from '../src/errors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
const codes = Object.keys(ERRORS) as ErrorCode[]

describe('docs/errors.md', () => {
  const sections = new Map(page.split(/^### /mu).slice(1).map((section) => [section.split('\n')[0]!.replaceAll('`', '').trim(), section]))
  test('lists every code, and no other', () => expect([...sections.keys()].sort()).toEqual([...codes].sort()))
  test.each(codes)('%s is told with its class, meaning and advice', (code) => {
    expect(sections.get(code)).toContain(ERRORS[code].title)
    expect(sections.get(code)).toContain(ERRORS[code].hint)
    expect(sections.get(code)).toContain(`Class: ${ERRORS[code].class}`)
  })
})

test('every code is used somewhere', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && file !== 'errors.ts').map((file) => readFileSync(join(root, 'src', file), 'utf8')).join('\n')
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`, 'u').test(sources))).toEqual([])
})

test('a failure says code, title, what and where, and what to do', () => {
  const failure = new Failure('PORT_TAKEN', '127.0.0.1:2575 is in use.')
  expect(failure.message).toBe('PORT_TAKEN: The port is in use. 127.0.0.1:2575 is in use. Stop what uses it, or set another port (0 takes a free one).')
  expect(failure.class).toBe('settings')
})

test('what is not ours becomes INTERNAL without its text', () => {
  expect(asFailure(new TypeError('Ada Example 9990000018')).message).not.toContain('Ada')
  expect(asFailure(new Failure('NOT_FOUND', 'x')).code).toBe('NOT_FOUND')
})

test('a problem has the members of RFC 9457', () => {
  expect(problem('TOO_LARGE', 'The file has more than 100 MB.')).toEqual({
    type: 'urn:openletter:error:too-large', title: ERRORS.TOO_LARGE.title, status: 413, detail: 'The file has more than 100 MB.', code: 'TOO_LARGE', hint: ERRORS.TOO_LARGE.hint,
  })
})
