// The tutorial does what it says: every command in it is run in its order, in a folder of its own, beside a running
// engine; every edit is made as it is shown; every line of output that it shows is there.
import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anEngineHome, ROOT, type EngineHome, type RunningEngine } from '../support/child-engine.ts'
import { makeFolder } from '../support/folder.ts'

const PAGE = 'docs/tutorial-add-a-code.md'
const page = readFileSync(join(ROOT, PAGE), 'utf8')

type Step =
  | { readonly kind: 'run'; readonly line: number; readonly commands: string; readonly shows: readonly string[] }
  | { readonly kind: 'edit'; readonly line: number; readonly file: string; readonly text: string; readonly instead: boolean }

/** In order: commands with the output that follows them, and text for the end of a file, or for a whole line of it. */
const steps = (): readonly Step[] => {
  const blocks = [...page.matchAll(/(?:^|\n)([^\n]*)\n\n```(sh|text|csv|yaml)\n([\s\S]*?)(?=\n```)/gu)]
  return blocks.flatMap((block, at): readonly Step[] => {
    const [, before = '', language, text = ''] = block
    const line = page.slice(0, block.index).split('\n').length + 1
    if (language === 'sh') {
      const next = blocks[at + 1]
      return [{ kind: 'run', line, commands: text, shows: next?.[2] === 'text' ? next[3]!.split('\n') : [] }]
    }
    const [, instead, file] = /(end of|instead of[^`]*in) `([^`]+)`:?$/u.exec(before) ?? []
    return language === 'text' || file === undefined ? [] : [{ kind: 'edit', line, file, text, instead: instead !== 'end of' }]
  })
}

const folder = makeFolder()
let home: EngineHome
let engine: RunningEngine

beforeAll(async () => {
  for (const name of ['channels', 'mappings', 'samples']) cpSync(join(ROOT, name), join(folder.path, name), { recursive: true })
  mkdirSync(join(folder.path, 'bin'))
  const npx = join(folder.path, 'bin', 'npx')
  writeFileSync(npx, `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(ROOT, 'bin/openletter.mjs')}" "$@"\n`)
  chmodSync(npx, 0o755)
  home = anEngineHome({ cwd: folder.path })
  engine = await home.start()
}, 90_000)
afterAll(async () => {
  await home.remove()
  folder.remove()
})

const run = (commands: string): Promise<{ readonly code: number; readonly out: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`, DATA_DIR: home.dataDir, MLLP_PORT: String(engine.mllpPort), LOG_LEVEL: 'error' }
    execFile('sh', ['-e', '-c', commands], { cwd: folder.path, env }, (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out: `${out}${err}` }))
  })

const lines = (text: string): string => text.split('\n').map((line) => line.trimEnd()).join('\n')
/** Each shown line stands in the output, in this order; `…` stands for anything. */
const missing = (out: string, shows: readonly string[]): string | undefined => {
  let from = 0
  for (const shown of shows.filter((line) => line.trim() !== '' && line.trim() !== '…')) {
    const pattern = new RegExp(shown.trim().split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&').replace(/\s+/gu, '\\s+')).join('.*'), 'u')
    const found = pattern.exec(lines(out).slice(from))
    if (!found) return shown
    from += found.index + found[0].length
  }
  return undefined
}

/** Where the page says "a moment later", the engine or the record needs that moment: those commands only look. */
const ONLY_LOOKS = /^npx openletter (?:diff in-force|explain \S+)$/u
const WITHIN_MS = 30_000
const untilShown = async ({ commands, shows }: Extract<Step, { kind: 'run' }>): ReturnType<typeof run> => {
  for (const end = performance.now() + WITHIN_MS; ;) {
    const seen = await run(commands)
    if (missing(seen.out, shows) === undefined || !ONLY_LOOKS.test(commands) || performance.now() > end) return seen
  }
}

test('there is something to do', () => {
  expect(steps().filter(({ kind }) => kind === 'run').length).toBeGreaterThan(8)
  expect(steps().filter(({ kind }) => kind === 'edit').length).toBeGreaterThan(3)
})

test('every step of the tutorial goes as it says', async () => {
  for (const step of steps()) {
    const where = `${PAGE}:${step.line}`
    if (step.kind === 'edit') {
      const file = join(folder.path, step.file)
      expect([where, existsSync(file)]).toEqual([where, true])
      if (step.instead) {
        const before = readFileSync(file, 'utf8')
        const key = step.text.split(',')[0]!.toLowerCase()
        const after = before.split('\n').map((line) => (line.toLowerCase().startsWith(key) ? step.text : line)).join('\n')
        expect([where, after === before]).toEqual([where, false])
        writeFileSync(file, after)
      } else appendFileSync(file, `${step.text}\n`)
      continue
    }
    const fails = step.shows.some((line) => /^\d+ problems? in \d+ files/u.test(line))
    const seen = await untilShown(step)
    expect([where, seen.code, missing(seen.out, step.shows), seen.out]).toEqual([where, fails ? 1 : 0, undefined, seen.out])
  }
}, 120_000)
