// Reads one YAML file into plain data, and knows the line and column of everything in it. It refuses what YAML
// would let pass in silence: duplicate keys, anchors, tags, and settings in the middle of a text.
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml'
import type { z } from 'zod'
import { isSetting, readSetting, SETTINGS, type Environment } from '../settings.ts'
import type { PolicyProblem } from './problem.ts'

export type YamlFile = {
  readonly file: string
  readonly value: unknown
  readonly problems: readonly PolicyProblem[]
  /** Line and column of a place, or of the nearest thing that is there. */
  at(path: readonly PropertyKey[]): { readonly line: number; readonly col: number }
}

export const readYaml = (file: string, text: string, env: Environment): YamlFile => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', uniqueKeys: true, prettyErrors: false })
  const where = (offset: number) => { const { line, col } = lines.linePos(offset); return { line: Math.max(1, line), col: Math.max(1, col) } }
  const at = (path: readonly PropertyKey[]) => where(offsetOf(document, path))
  const problems: PolicyProblem[] = [...document.errors, ...document.warnings].map((error) => ({ file, ...where(error.pos[0]), path: '', message: `this is not YAML 1.2: ${error.message}` }))
  visit(document, {
    Alias: (_, node) => { problems.push({ file, ...where(node.range?.[0] ?? 0), path: '', message: 'aliases are not used here: write the value itself' }) },
  })
  const value = problems.length === 0 ? settle(document.toJS({ maxAliasCount: 0 }) as unknown, [], env, (path, message) => problems.push({ file, ...at(path), path: path.map(String).join('.'), message })) : undefined
  return { file, value, problems, at }
}

const offsetOf = (document: Document.Parsed, path: readonly PropertyKey[]): number => {
  let node: unknown = document.contents
  let offset = 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step)
      if (!pair) break
      offset = (pair.key as Node).range?.[0] ?? offset
      node = pair.value
    } else {
      node = (node as { items?: unknown[] } | undefined)?.items?.[Number(step)]
      offset = (node as Node | undefined)?.range?.[0] ?? offset
    }
  }
  return offset
}

/** Puts settings in the place of `${NAME}`. */
const settle = (value: unknown, path: readonly PropertyKey[], env: Environment, wrong: (path: readonly PropertyKey[], message: string) => void): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => settle(item, [...path, index], env, wrong))
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settle(item, [...path, key], env, wrong)]))
  if (typeof value !== 'string' || !value.includes('${')) return value
  const name = /^\$\{([A-Za-z0-9_]+)\}$/u.exec(value)?.[1]
  if (name === undefined) { wrong(path, 'a setting stands alone: write the whole value as ${NAME}, or no ${} at all'); return value }
  if (!isSetting(name)) { wrong(path, `there is no setting ${name}; the settings are ${Object.keys(SETTINGS).join(', ')}`); return value }
  const set = readSetting(name, env)
  if (set === undefined || set === '') { wrong(path, `the setting ${name} is not set: set the environment variable, or write the value here`); return undefined }
  return SETTINGS[name].kind === 'port' && /^\d+$/u.test(set) ? Number(set) : SETTINGS[name].kind === 'switch' ? set === 'true' : set
}

/** What zod found, as problems with a place and advice. A value that was a missing setting is told once. */
export const zodProblems = (yaml: YamlFile, issues: readonly z.core.$ZodIssue[]): readonly PolicyProblem[] =>
  issues.flatMap((issue): PolicyProblem[] => {
    const path = issue.path
    const told = yaml.problems.some((problem) => problem.path === path.map(String).join('.'))
    if (told) return []
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ file: yaml.file, ...yaml.at([...path, key]), path: [...path, key].map(String).join('.'), message: 'there is no such key here: take it out, or correct its spelling' }))
    return [{ file: yaml.file, ...yaml.at(path), path: path.map(String).join('.'), message: advice(issue) }]
  })

const advice = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_value') return `write ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_union' && issue.discriminator) return `write a ${issue.discriminator} that there is`
  if (issue.code === 'invalid_union') {
    const values = issue.errors.flatMap((errors) => errors.flatMap((error) => (error.code === 'invalid_value' ? error.values.map(String) : [])))
    return values.length > 0 ? `write one or more of ${[...new Set(values)].join(', ')}` : issue.message
  }
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    const missing = issue.input === undefined || issue.message.includes('received undefined')
    const write = ({ string: 'text', number: 'a number', boolean: 'true or false', array: 'a list', object: 'a map', record: 'a map' } as Record<string, string>)[issue.expected] ?? issue.expected
    return missing ? `this is missing: write ${write}` : `write ${write}${issue.expected === 'string' ? ', in quotes' : ''}`
  }
  return issue.message
}
