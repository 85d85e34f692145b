// The layout is a promise: who may import whom, how long a file gets, and that each file says what it is for.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { integer, readConfigureGlobal, sample } from './support/fast-check.ts'

const src = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => file.replaceAll('\\', '/')).sort()
const text = (file: string) => readFileSync(join(src, file), 'utf8')

const CORE_FOLDERS = ['parse', 'decide', 'fhir']
const CORE_FILES = ['plan.ts', 'csv.ts', 'types.ts', 'types-delivery.ts', 'errors.ts', 'policy/schema.ts', 'policy/schema-destinations.ts', 'policy/schema-tables.ts', 'policy/schema-words.ts', 'policy/policy.ts', 'observe/events.ts']
const EDGES = ['intake', 'deliver', 'ledger', 'policy', 'observe', 'dashboard']
const SHARED_EDGES = ['ledger', 'observe']
const TOP = ['main.ts', 'wire.ts', 'engine', 'settings.ts', 'commands']

const isCore = (file: string) => CORE_FILES.includes(file) || CORE_FOLDERS.some((folder) => file.startsWith(`${folder}/`))
const folderOf = (file: string) => file.split('/')[0]!

/** Every import and export … from, static or dynamic, with whether it is of types only. */
const importsOf = (file: string) =>
  [...text(file).matchAll(/(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gu)].map((match) => {
    const to = match[2] ?? match[3]!
    return { to: to.startsWith('.') ? relative(src, resolve(src, dirname(file), to)).replaceAll('\\', '/') : to, local: to.startsWith('.'), type: match[1] !== undefined }
  })

describe('the dependency rule', () => {
  test('there is a core to speak of', () => expect(files.filter(isCore).length).toBeGreaterThan(15))

  test.each(files.filter(isCore))('%s imports core and nothing else', (file) => {
    const allowed = ['@medplum/core', '@medplum/fhirtypes', ...(file.startsWith('policy/schema') ? ['zod'] : [])]
    const strangers = importsOf(file).filter(({ to, local }) => (local ? !isCore(to) : !allowed.includes(to)))
    expect(strangers).toEqual([])
  })

  test.each(files.filter(isCore))('%s uses no clock, randomness, process or Buffer', (file) => {
    const code = text(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, '').replace(/'(?:[^'\\\n]|\\.)*'/gu, "''")
    expect(code.match(/\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bprocess\.|\bBuffer\b|\bperformance\.|\bcrypto\b|\bfetch\(|\bsetTimeout\b/gu) ?? []).toEqual([])
  })

  test.each(files.filter((file) => EDGES.includes(folderOf(file)) && !isCore(file)))('%s imports no other edge but ledger and observe', (file) => {
    const strangers = importsOf(file).filter(({ to, local }) => {
      if (!local || isCore(to) || to === 'settings.ts') return false
      const folder = folderOf(to)
      return TOP.includes(folder) || folder === 'sandbox' || (folder !== folderOf(file) && !SHARED_EDGES.includes(folder))
    })
    expect(strangers).toEqual([])
  })

  test('the sandbox stands apart: only its command imports it, and it imports nothing of the engine', () => {
    const importers = files.filter((file) => !file.startsWith('sandbox/') && importsOf(file).some(({ to, local }) => local && to.startsWith('sandbox/')))
    expect(importers).toEqual(['commands/sandbox.ts'])
    const outgoing = files.filter((file) => file.startsWith('sandbox/')).flatMap((file) => importsOf(file).filter(({ to, local }) => local && !to.startsWith('sandbox/')).map(({ to }) => `${file} → ${to}`))
    expect(outgoing.filter((line) => !line.endsWith('→ errors.ts'))).toEqual([])
  })

  test('every file belongs to a folder that the rule knows', () => {
    expect(files.filter((file) => !isCore(file) && ![...EDGES, ...TOP, 'sandbox'].includes(folderOf(file)))).toEqual([])
  })

  test('no module is reached in a circle', () => {
    const graph = new Map(files.map((file) => [file, importsOf(file).filter(({ local, type }) => local && !type).map(({ to }) => to)]))
    const done = new Set<string>()
    const circle = (file: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
      if (done.has(file)) return undefined
      for (const to of graph.get(file) ?? []) { const found = circle(to, [...path, file]); if (found) return found }
      done.add(file)
      return undefined
    }
    for (const file of files) expect(circle(file, [])).toBeUndefined()
  })
})

describe('house rules', () => {
  test.each(files)('%s opens with what it is for, and is not long', (file) => {
    const lines = text(file).split('\n')
    expect(lines[0]!.startsWith('#!') ? lines[1] : lines[0]).toMatch(/^(\/\/ |\/\*\* ?)/u)
    expect(lines.length).toBeLessThanOrEqual(350)
  })
  test('names say what is inside', () => expect(files.filter((file) => /(util|helper|common|manager|service|misc)s?(\.ts|\/)/iu.test(file))).toEqual([]))
  test('random cases are the same in every run, unless somebody asks for others', () => {
    const tests = fileURLToPath(new URL('.', import.meta.url))
    const own = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && readFileSync(join(tests, file), 'utf8').includes(`from 'fast-${'check'}'`))
    expect(own.map((file) => file.replaceAll('\\', '/'))).toEqual(['support/fast-check.ts'])
    const draws = () => sample(integer(), 5)
    expect([draws(), readConfigureGlobal().seed]).toEqual([draws(), Number(process.env['PROPERTY_SEED'] ?? 20_261_124)])
  })
  test('no built-in module is imported without node:', () => {
    expect(files.flatMap((file) => importsOf(file).filter(({ to }) => builtinModules.includes(to)).map(({ to }) => `${file}: ${to}`))).toEqual([])
  })
})
