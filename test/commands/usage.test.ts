// What every command says when it is asked how to call it, and what `check` says at its end.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { check } from '../../src/commands/check.ts'
import { linesFor, widthOf } from '../../src/commands/terminal-lines.ts'
import { run } from '../../src/main.ts'
import { aPolicyFolder } from '../support/policy-folder.ts'

let printed: string[]
let wrong: string[]
beforeEach(() => {
  printed = []
  wrong = []
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => {
  jest.restoreAllMocks()
  process.exitCode = undefined
})

const COMMANDS = [...readFileSync('src/main.ts', 'utf8').matchAll(/^ {2}(\w+): \{ form:/gmu)].map((found) => found[1]!)

test.each(COMMANDS)('%s --help prints how to call it, does nothing, and is no error', async (name) => {
  for (const help of ['--help', '-h']) {
    await run([name, 'next', help])
    expect([process.exitCode ?? 0, wrong]).toEqual([0, []])
    expect(printed).toEqual([expect.stringContaining(`Usage: npx openletter ${name}`)])
    printed = []
  }
})

test('there are commands', () => expect(COMMANDS).toEqual(expect.arrayContaining(['check', 'test', 'serve', 'replay'])))

test('check ends with what is still to be asked, and does not where there is something to mend', async () => {
  const folder = aPolicyFolder()
  try {
    expect(await check([folder.path], {})).toBe(0)
    expect(printed.at(-1)).toBe(`now run npx openletter test ${folder.path}: an engine asks for it too`)
    folder.change('channels/rio-mllp.yaml', 'status: live', 'status: lively')
    expect(await check([folder.path], {})).toBe(1)
    expect(printed.at(-1)).toMatch(/^1 problem in \d+ files$/u)
  } finally {
    folder.remove()
  }
})

test('lines are broken between words for a terminal of 100 columns or fewer, and for nothing else', () => {
  expect([widthOf({}), widthOf({ isTTY: false, columns: 80 }), widthOf({ isTTY: true }), widthOf({ isTTY: true, columns: 72 }), widthOf({ isTTY: true, columns: 240 })]).toEqual([undefined, undefined, 100, 72, 100])
  const long = `    ${'letters marked share, '.repeat(12)}review → print`
  const broken = linesFor(['', 'Rules', long], 60)
  expect(broken.slice(0, 2)).toEqual(['', 'Rules'])
  expect(broken.every((line) => line.length <= 60)).toBe(true)
  expect(broken.slice(2).map((line) => line.trim()).join(' ')).toBe(long.trim())
  expect(broken.slice(3).every((line) => line.startsWith('        '))).toBe(true)
  expect(linesFor([long], undefined)).toEqual([long])
  expect(linesFor(['x'.repeat(90)], 60)).toEqual(['x'.repeat(90)])
})
