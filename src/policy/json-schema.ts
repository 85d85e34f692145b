// The JSON Schemas (draft-07) of the files that analysts edit, made from the declarations in schema.ts, so that editors
// complete, explain and check. It refuses in an editor what the loader refuses, reads no disk and writes nothing.
import { z } from 'zod'
import { SETTINGS, type SettingName } from '../settings.ts'
import type { Folder } from './files.ts'
import { folderFeed, hl7Mapping, httpFeed, mllpFeed, sharingRules, uploadMapping } from './schema.ts'
import { pkbDestination, printDestination, withholdDestination } from './schema-destinations.ts'
import { settingsAt } from './read/settings-in-files.ts'

/** As much of a schema as is used here. */
export type JsonSchema = {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly properties?: { readonly [key: string]: JsonSchema }
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

type Kind = { readonly folder: Folder; readonly title: string; readonly of: z.ZodObject; readonly input?: 'message' | 'upload' }

/** One schema for each kind of file, by the `type` of a channel or the `kind` of a mapping: so completion is sharp. */
export const KINDS = {
  mllp: { folder: 'channels', title: 'Feed: HL7 v2 over MLLP', of: mllpFeed, input: 'message' },
  http: { folder: 'channels', title: 'Feed: uploads by HTTP', of: httpFeed, input: 'upload' },
  folder: { folder: 'channels', title: 'Feed: files in a watched folder', of: folderFeed, input: 'upload' },
  pkb: { folder: 'channels', title: 'Destination: the record at Patients Know Best', of: pkbDestination },
  print: { folder: 'channels', title: 'Destination: the print house', of: printDestination },
  withhold: { folder: 'channels', title: 'Destination: nobody', of: withholdDestination },
  'hl7-mdm': { folder: 'mappings', title: 'Mapping: where HL7 messages keep each field', of: hl7Mapping },
  upload: { folder: 'mappings', title: 'Mapping: where uploads keep each field', of: uploadMapping },
  'sharing-rules': { folder: 'mappings', title: 'The sharing policy as rules', of: sharingRules },
} as const satisfies Record<string, Kind>
export type KindName = keyof typeof KINDS
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[]

/** The declaration alone, as the pages show it: without the settings that may stand in the place of a value. */
export const declared = (schema: z.ZodObject): JsonSchema => everywhere(z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }) as JsonSchema, plain)

export const schemaOf = (name: KindName): JsonSchema & { readonly $schema: string } => {
  const { folder, title, of, input }: Kind = KINDS[name]
  const whole = declared(of)
  const { tests } = whole.properties ?? {}
  const sharp = tests && input ? { ...whole, properties: { ...whole.properties, tests: testsOf(tests, input) } } : whole
  return { ...everywhere(sharp, folder === 'mappings' ? withoutSetting : orSetting), $schema: 'http://json-schema.org/draft-07/schema#', title }
}

/** As it is written into the file: `title` and `description` first, for people. */
export const printSchema = (schema: JsonSchema & { readonly $schema: string }): string => {
  const { $schema, title, ...rest } = schema
  return `${JSON.stringify({ $schema, title, $comment: 'Written by npx openletter schema: do not edit.', ...rest }, null, 2)}\n`
}

// ---------------------------------------------------------------- which file has which schema

/** The first line of each YAML, by which editors find its schema. */
export const schemaLine = (name: KindName): string => `# yaml-language-server: $schema=schemas/${name}.json`

/** The kind of a file, by what it says of itself; undefined where it says nothing that there is. */
export const kindOf = (folder: Folder, value: unknown): KindName | undefined => {
  const said: unknown = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[folder === 'channels' ? 'type' : 'kind'] : undefined
  return KIND_NAMES.find((name) => name === said && KINDS[name].folder === folder)
}

// ---------------------------------------------------------------- making them

/** Applies a change to every node, the innermost first; `path` is its place with dots, and `*` for any entry of a list. */
const everywhere = (node: JsonSchema, change: (node: JsonSchema, path: string) => JsonSchema, path = ''): JsonSchema => {
  const inner = (one: JsonSchema, key?: string) => everywhere(one, change, key === undefined ? path : path === '' ? key : `${path}.${key}`)
  const { properties, items, anyOf, additionalProperties } = node
  return change({
    ...node,
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, inner(one, key)])) } : {}),
    ...(items ? { items: inner(items, '*') } : {}),
    ...(anyOf ? { anyOf: anyOf.map((one) => inner(one)) } : {}),
    ...(typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0 ? { additionalProperties: inner(additionalProperties, '*') } : {}),
  }, path)
}

/** Description first; several types as alternatives; a choice of constants as one list; no limit that only JavaScript has. */
const plain = ({ description, ...node }: JsonSchema): JsonSchema => {
  const { type, anyOf, maximum, ...rest } = node
  const constants = anyOf?.every((one) => one.const !== undefined) ? anyOf.map((one) => one.const) : undefined
  return {
    ...(description === undefined ? {} : { description }),
    ...(Array.isArray(type) ? { anyOf: type.map((one: string) => ({ type: one })) } : type === undefined ? {} : { type }),
    ...(constants ? { type: typeof constants[0], enum: constants } : anyOf ? { anyOf } : {}),
    ...rest,
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  }
}

/** A text without `${`. Written without look-ahead, so that every editor's patterns can do it. */
const NO_SETTING = '^([^$]|\\$+[^${])*\\$*$'
/** What a test sends is as the sender writes it, and may hold anything. */
const isSent = (path: string): boolean => /^tests\.\*\.(message|upload)\b/u.test(path)

const withoutSetting = (node: JsonSchema, path: string): JsonSchema =>
  node.type === 'string' && node.enum === undefined && node.const === undefined && node.pattern === undefined && !isSent(path) ? { ...node, pattern: NO_SETTING } : node

/** A port becomes a number, and every other setting is text. */
const GIVEN_BY: { readonly [type: string]: readonly string[] } = { string: ['text', 'secret'], integer: ['port'] }

/** The settings that may stand at this place of a channel and give a value of its type. */
export const settingsFor = (node: JsonSchema, path: string): { readonly names: readonly SettingName[]; readonly only: boolean } => {
  const { names, only } = settingsAt(path)
  return { names: names.filter((name) => typeof node.type === 'string' && GIVEN_BY[node.type]?.includes(SETTINGS[name].kind)), only }
}

/** The value itself, or a setting where the loader takes one. */
const orSetting = (node: JsonSchema, path: string): JsonSchema => {
  const { names, only } = settingsFor(node, path)
  if (names.length === 0) return withoutSetting(node, path)
  const { description, ...value } = withoutSetting(node, path)
  const setting: JsonSchema = { type: 'string', enum: names.map((name) => `\${${name}}`) }
  return { ...(description === undefined ? {} : { description }), ...(only ? setting : { anyOf: [value, setting] }) }
}

/** Tests of one kind of feed: of the two ways to write its input into the file only the one that it takes. */
const testsOf = (tests: JsonSchema, input: 'message' | 'upload'): JsonSchema => {
  const other = input === 'message' ? 'upload' : 'message'
  const properties = Object.fromEntries(Object.entries(tests.items?.properties ?? {}).filter(([key]) => key !== other))
  const ways = ['sample', input].map((way): JsonSchema => ({ properties: { [way]: {} }, required: [way] }))
  return { ...tests, items: { ...tests.items, properties, oneOf: ways } }
}
