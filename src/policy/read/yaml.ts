// Reads one YAML file into plain data, and knows the line and column of everything in it. It refuses what YAML
// would let pass in silence: duplicate keys, anchors, tags, merge keys, other versions, characters that nobody sees.
import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node, type YAMLError } from 'yaml'
import type { Environment } from '../../settings.ts'
import { decode, endOf } from './encoding.ts'
import type { Folder } from '../files.ts'
import type { PolicyProblem } from '../problem.ts'
import { settle } from './settings-in-files.ts'
import { findUnseen } from './unseen.ts'
import { yamlAdvice } from './yaml-syntax.ts'

export type Place = { readonly line: number; readonly col: number }
export type YamlFile = {
  readonly file: string
  readonly value: unknown
  readonly problems: readonly PolicyProblem[]
  /** Line and column of a place, or of the nearest thing that is there. */
  at(path: readonly PropertyKey[]): Place
}

const nowhere = (): Place => ({ line: 1, col: 1 })

/** `kept`: it was in force once, and what stands in it was read as it is read now. */
export const readYaml = (file: string, folder: Folder, bytes: Uint8Array, env: Environment, kept = false): YamlFile => {
  const decoded = decode(bytes, 'save it as UTF-8', kept)
  const unseenIn = kept ? () => undefined : findUnseen
  if ('message' in decoded) return { file, value: undefined, problems: [{ file, line: decoded.line, col: decoded.col, path: '', message: decoded.message }], at: nowhere }
  // The parser takes no CR alone for a line end, so that a comment would reach to the end of the file.
  const bare = /\r(?!\n)/u.exec(decoded.text)
  if (bare) return { file, value: undefined, problems: [{ file, ...endOf(decoded.text.slice(0, bare.index)), path: '', message: 'a line ends here in CR alone, as on old Macs: save the file with lines that end in LF or CRLF' }], at: nowhere }
  const lines = new LineCounter()
  const document = parseDocument(decoded.text, { lineCounter: lines, version: '1.2', uniqueKeys: true, prettyErrors: false })
  const where = (offset: number): Place => { const { line, col } = lines.linePos(offset); return { line: Math.max(1, line), col: Math.max(1, col) } }
  const at = (path: readonly PropertyKey[]) => where(offsetOf(document, path))

  const problems: PolicyProblem[] = []
  const wrong = (offset: number, message: string) => { problems.push({ file, ...where(offset), path: '', message }) }
  for (const error of tellable(document.errors)) wrong(error.pos[0], yamlAdvice(error))
  if (problems.length === 0) for (const { offset, message } of strangeIn(document, decoded.text, unseenIn)) wrong(offset, message)
  if (problems.length > 0) return { file, value: undefined, problems, at }
  const value = settled(document.toJS({ maxAliasCount: 0 }) as unknown, [], { folder, env, unseenIn, wrong: (path, message) => problems.push({ file, ...at(path), path: path.map(String).join('.'), message }) })
  return { file, value, problems, at }
}

/** One break in the syntax brings others along: only the first is told, and every key that stands twice. */
const tellable = (errors: readonly YAMLError[]): readonly YAMLError[] => {
  const twice = errors.filter(({ code }) => code === 'DUPLICATE_KEY')
  return twice.length === errors.length ? twice : errors.filter(({ code }) => code !== 'DUPLICATE_KEY').slice(0, 1)
}

/** Of an anchor and a tag together, so that looking for them does not go back over the whole file. */
const LONGEST = 200

type UnseenIn = (text: string) => ReturnType<typeof findUnseen>
type Strange = { readonly offset: number; readonly message: string }

/** Valid YAML that this engine does not take, because people read it otherwise than programs do. */
const strangeIn = (document: Document.Parsed, text: string, unseenIn: UnseenIn): readonly Strange[] => {
  if (document.directives?.yaml.explicit || /^%/mu.test(text.slice(0, document.contents?.range[0] ?? 0)))
    return [{ offset: text.search(/^%/mu), message: 'take out the line that begins with %: every file is read as YAML 1.2' }]
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return [{ offset: 0, message: 'the file is empty: write it, or take it away' }]
  if (!isMap(document.contents)) return [{ offset: document.contents.range[0], message: 'the top of the file must be a map: lines such as kind: feed' }]
  const found: Strange[] = []
  visit(document, {
    Alias: (_, node) => { found.push({ offset: node.range?.[0] ?? 0, message: 'aliases are not used here: write the value itself' }) },
    Node: (_, node) => {
      if (isAlias(node)) return
      if (node.anchor === undefined && node.tag === undefined) return
      // The range of a node begins after its anchor and tag.
      const start = node.range?.[0] ?? 0
      const properties = /(?:[!&]\S*\s+)*$/u.exec(text.slice(Math.max(0, start - LONGEST), start))![0]
      const first = start - properties.length
      if (node.anchor !== undefined) found.push({ offset: first + Math.max(0, properties.indexOf('&')), message: 'anchors are not used here: write the value at each place' })
      if (node.tag !== undefined) found.push({ offset: first + Math.max(0, properties.indexOf('!')), message: 'tags are not used here: take it out' })
    },
    Pair: (_, { key }) => {
      const offset = (key as Node | null)?.range?.[0] ?? 0
      if (!isScalar(key) || typeof key.value !== 'string') { found.push({ offset, message: 'a key is text: put it in quotes, or correct it' }); return }
      if (key.value === '<<') found.push({ offset, message: 'merge keys are not used here: write the keys themselves' })
      const unseen = unseenIn(key.value)
      if (unseen) found.push({ offset: offset + unseen.index, message: unseen.message })
    },
  })
  return found
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

type About = { readonly folder: Folder; readonly env: Environment; readonly unseenIn: UnseenIn; wrong(path: readonly PropertyKey[], message: string): void }

/** Puts settings in the place of `${NAME}`. What a test sends is as the sender writes it, and may hold anything. */
const settled = (value: unknown, path: readonly PropertyKey[], about: About): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => settled(item, [...path, index], about))
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settled(item, [...path, key], about)]))
  if (typeof value !== 'string') return value
  const { folder, env, unseenIn, wrong } = about
  const isSent = path[0] === 'tests' && (path[2] === 'message' || path[2] === 'upload')
  const unseen = isSent ? undefined : unseenIn(value)
  if (unseen) { wrong(path, unseen.message.replace('here stands', 'in this value stands')); return value }
  if (isSent) return value
  const result = settle(value, path.map(String).join('.'), folder, env)
  if ('value' in result) return result.value
  wrong(path, result.wrong)
  return value.includes('${') ? undefined : value
}
