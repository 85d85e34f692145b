// What the pages say can be done, can be done: commands, settings, links and policy snippets.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { channel, rule } from '../src/policy/schema.ts'
import { SETTINGS } from '../src/settings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', 'CHANGELOG.md', 'samples/README.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)]
const text = (page: string) => readFileSync(join(root, page), 'utf8')
const blocks = (page: string, language: string) => [...text(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gmu'))].map((match) => match[1]!)
const scripts = Object.keys((JSON.parse(text('package.json')) as { scripts: Record<string, string> }).scripts)
const commands = [...text('src/main.ts').matchAll(/^ {2}(\w+): \{ form:/gmu)].map((match) => match[1]!)

describe.each(pages)('%s', (page) => {
  const written = [...blocks(page, 'sh').join('\n').split('\n'), ...[...text(page).matchAll(/`((?:npx openletter|npm) [^`]+)`/gu)].map((match) => match[1]!)]

  test('names only commands that there are', () => {
    const wrong = written.flatMap((line) => {
      const openletter = [...line.matchAll(/npx openletter (\w+)/gu)].map((match) => match[1]!).filter((name) => !commands.includes(name))
      const npm = [...line.matchAll(/npm (?:run )?([a-z]+)/gu)].map((match) => match[1]!).filter((name) => !['ci', 'run', ...scripts].includes(name))
      return [...openletter, ...npm]
    })
    expect(wrong).toEqual([])
  })

  test('names only samples that there are', () => {
    const files = [...text(page).matchAll(/\bsamples\/[\w.-]+\.(?:hl7|json|pdf)\b/gu)].map((match) => match[0])
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  test('links lead somewhere', () => {
    const links = [...text(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/gu)].map((match) => match[1]!)
    expect(links.filter((link) => !existsSync(resolve(root, dirname(page), link)))).toEqual([])
  })

  test('source files that it names are there', () => {
    const files = [...text(page).matchAll(/`((?:src|test|channels|mappings|docs|bench)\/[\w./-]*)`/gu)].map((match) => match[1]!)
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  test('its YAML is what the engine takes', () => {
    for (const block of blocks(page, 'yaml')) {
      const value = parse(block) as { rules?: unknown[]; type?: string }
      for (const one of value.rules ?? []) expect(rule.safeParse(one).error?.issues ?? []).toEqual([])
      if (value.type) expect(channel.safeParse(value).error?.issues ?? []).toEqual([])
    }
  })

  test('its JSON can be read', () => { for (const block of blocks(page, 'json')) expect(() => JSON.parse(block) as unknown).not.toThrow() })
})

test('docs/operations.md lists every setting, and no other', () => {
  const listed = [...text('docs/operations.md').matchAll(/^\| `([A-Z0-9_]+)` \|/gmu)].map((match) => match[1]!)
  expect(listed).toEqual(Object.keys(SETTINGS))
})

test('nothing that is committed names a path of some machine or a package registry', () => {
  const wrong = [...pages, 'package.json', 'package-lock.json', 'Dockerfile', 'docker-compose.yml', '.ci/run'].filter((file) => /\/home\/|"resolved": "http|registry\.npm/u.test(text(file)))
  expect(wrong).toEqual([])
})
