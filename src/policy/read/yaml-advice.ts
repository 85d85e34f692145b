// What the schema found wrong with a YAML file, as problems with a place and with what to write instead. It refuses to
// tell one slip twice: a misspelt key is not also a missing one.
import { z } from 'zod'
import { DATE_WANTED, dayAdvice } from '../day.ts'
import { didYouMean, nearest } from './nearest.ts'
import type { PolicyProblem } from '../problem.ts'
import type { YamlFile } from './yaml.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]
const shown = (path: Path): string => path.map(String).join('.')

/** A value that could not be used as a setting was told when the file was read. */
export const zodProblems = (yaml: YamlFile, schema: z.ZodType, issues: readonly Issue[]): readonly PolicyProblem[] => {
  const told = new Set(yaml.problems.map(({ path }) => path))
  const problem = (path: Path, message: string): PolicyProblem => ({ file: yaml.file, ...yaml.at(path), path: shown(path), message })
  const meant = new Set<string>()
  const strange = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return []
    const keys = keysAt(schema, issue.path, yaml.value)
    const missing = keys.filter((key) => valueAt(yaml.value, [...issue.path, key]) === undefined)
    return issue.keys.slice(0, MOST).map((key) => {
      const near = nearest(key, missing)
      if (near) meant.add(shown([...issue.path, near]))
      return problem([...issue.path, key], `there is no such key here: ${didYouMean(key, missing, keys.length > MOST_KEYS || keys.length === 0 ? 'take it out, or correct its spelling' : `the keys are ${keys.join(', ')}`)}`)
    })
  })
  const others = issues.slice(0, MOST).flatMap((issue): PolicyProblem[] => {
    if (issue.code === 'unrecognized_keys' || told.has(shown(issue.path)) || meant.has(shown(issue.path))) return []
    const { path, message } = adviceFor(issue)
    return [problem([...issue.path, ...path], message)]
  })
  return [...strange, ...others]
}

/** Of one kind in one file: nobody reads more, and each has its place looked up. */
const MOST = 100
/** So many stand on a few lines, such as those of all facts. */
const MOST_KEYS = 15

const valueAt = (value: unknown, path: Path): unknown => path.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<PropertyKey, unknown>)[step] : undefined), value)

/** The keys that the schema knows at a place. */
const keysAt = (schema: z.core.$ZodType, path: Path, value: unknown): readonly string[] => {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path, value)
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const by = schema.def.discriminator
    const option = schema.options.find((one) => one instanceof z.ZodObject && z.safeParse(one.shape[by]!, valueAt(value, [by])).success)
    return option ? keysAt(option, path, value) : []
  }
  const [step, ...rest] = path
  if (schema instanceof z.ZodObject) return step === undefined ? Object.keys(schema.shape) : Object.hasOwn(schema.shape, step) ? keysAt(schema.shape[String(step)] as z.core.$ZodType, rest, valueAt(value, [step])) : []
  if (schema instanceof z.ZodArray && step !== undefined) return keysAt(schema.element, rest, valueAt(value, [step]))
  return []
}

type Advice = { readonly path: Path; readonly message: string }
const here = (message: string): Advice => ({ path: [], message })
const oneOf = (values: readonly string[], found: unknown, begin = 'write one of'): string =>
  `${values.length === 1 ? 'write' : begin} ${values.join(', ')}${didYouMean(found, values, '').replace(/^(?=.)/u, '; ')}`

const BLOCK = 'a block of lines such as key: value'
const TYPES: { readonly [type: string]: string } = { string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: BLOCK, record: BLOCK, nonoptional: 'a list' }
/** What to write where a key is missing that every file needs. */
const NEEDED: { readonly [key: string]: string } = { approved_by: 'the role (no person’s name) that approved the file', approved_on: 'the day of the approval, for example "2026-11-20"', when: 'the facts that a document must have, such as { instruction: withhold }' }

const adviceFor = (issue: Issue): Advice => {
  const { input } = issue
  const key = String(issue.path.at(-1) ?? '')
  const missing = issue.code === 'invalid_type' && (input === undefined || input === null)
  if (missing) return here(`this is missing: write ${NEEDED[key] ?? TYPES[issue.expected] ?? issue.expected}`)
  if (issue.message.startsWith(DATE_WANTED)) return here(dayAdvice(String(input), '"'))
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    return here(`${input === undefined ? 'this is missing: ' : ''}${key === 'kind' && input === 'sharing-rules' ? 'the sharing rules stand in sharing-rules.yaml alone; here ' : ''}${oneOf(values, input)}`)
  }
  if (issue.code === 'invalid_union' && issue.discriminator) {
    const found = valueAt(input, [issue.discriminator])
    const values = (issue as { readonly options?: readonly unknown[] }).options?.map(String) ?? []
    return here(`${found === undefined ? 'this is missing: ' : ''}${found === 'sharing-rules' ? 'the sharing rules stand in sharing-rules.yaml alone; here ' : ''}${oneOf(values, found)}`)
  }
  if (issue.code === 'invalid_union') return input === undefined || input === null ? here(`this is missing: ${issue.message}`) : inUnion(issue)
  if (issue.code === 'invalid_key') return here(issue.issues[0]?.message ?? issue.message)
  if (issue.code === 'invalid_type') return here(issue.message.startsWith('Invalid input') ? `write ${issue.expected === 'object' ? (NEEDED[key] ?? BLOCK) : TYPES[issue.expected] ?? issue.expected}${issue.expected === 'string' ? ', in quotes' : issue.expected === 'array' ? asList(input) : asNumber(issue.expected, input)}` : issue.message)
  if (issue.code === 'too_small' || issue.code === 'too_big') return here(size(issue))
  return here(`${issue.message}${issue.code === 'invalid_format' ? almost(key, String(input)) : ''}`)
}

/** A number in quotes is text, and so is one with a comma. */
const asNumber = (expected: string, input: unknown): string => {
  if ((expected !== 'number' && expected !== 'int') || typeof input !== 'string') return ''
  if (/^\d+,\d+$/u.test(input)) return ` with a point: ${input.replace(',', '.')}`
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/iu.exec(input) ?? []
  return number === undefined ? '' : unit === '' ? ' without quotes' : ` alone: ${number}`
}

/** One value where a list of them belongs. */
const asList = (input: unknown): string => (typeof input === 'string' && input.length <= 60 ? `: [${JSON.stringify(input)}]` : '')

/** What somebody meant who wrote a place or a name nearly as it has to be. */
const almost = (key: string, input: string): string => {
  if (key === 'mapping') { const name = input.replace(/^.*[\\/]/u, '').replace(/\.ya?ml$/iu, '').toLowerCase(); return name === input ? '' : `; did you mean ${name}?` }
  const place = input.toUpperCase().replaceAll(/\s/gu, '').replace(/\(\d+\)|\[\d+\]/gu, '').replace(/^([A-Z][A-Z0-9]{2})[.:_]/u, '$1-')
  return place !== input && /^[A-Z][A-Z0-9]{2}-[1-9]\d*(?:\.[1-9]\d*){0,2}$/u.test(place) ? `; did you mean ${place}?` : ''
}

/** One value, or a list of them: the one that is wrong is what the innermost finding is about. */
const inUnion = (issue: z.core.$ZodIssueInvalidUnion): Advice => {
  // Of blocks of which one is to be written, that whose keys are there: its value is what is wrong.
  const [only] = issue.errors.find((errors) => errors.length === 1 && errors[0]!.code !== 'invalid_value' && errors[0]!.path.length > 0 && errors[0]!.input !== undefined) ?? []
  if (only) { const { path, message } = adviceFor(only as Issue); return { path: [...only.path, ...path], message } }
  const inner = issue.errors.flat().filter((one) => one.code === 'invalid_value')
  if (inner.length === 0) return here(issue.message)
  const values = [...new Set(inner.flatMap((one) => one.values.map(String)))]
  const item = inner.find(({ path }) => path.length > 0) ?? inner[0]!
  return { path: item.path, message: oneOf(values, item.input, 'write one or more of') }
}

const size = (issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string => {
  if (issue.origin === 'array') return 'the list must not be empty'
  if (issue.origin === 'string') return 'this must not be empty'
  return issue.code === 'too_small' ? `write a number ${issue.inclusive ? 'of at least' : 'above'} ${issue.minimum}` : `write a number of at most ${issue.maximum}`
}
