// The description of the API for programs, OpenAPI 3.1, made from what each address says of itself. It refuses to say
// anything by hand that the code says elsewhere: shapes, rights and errors come from where they are used.
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../errors.ts'
import type { Address } from './parts.ts'
import { isForPrograms, RIGHTS, type Right } from './rights.ts'
import { problem } from './shapes.ts'
import type { Told } from './told.ts'
import { capital } from './words.ts'

type Json = { readonly [name: string]: unknown }

/** What any address may answer, whoever asks. */
export const ALWAYS = ['HOST_UNKNOWN', 'METHOD_NOT_ALLOWED', 'INTERNAL', 'DATABASE_UNREACHABLE'] as const satisfies readonly ErrorCode[]

/** Codes that an address may answer with. */
export const errorsOf = ({ right, told }: Pick<Address, 'right' | 'told'>): readonly ErrorCode[] => [...new Set<ErrorCode>([
  ...ALWAYS,
  ...(right === 'open' ? [] : ['TOKEN_MISSING' as const]),
  ...(right === 'open' || right === 'signed-in' ? [] : ['RIGHT_MISSING' as const]),
  ...(told?.query || told?.body ? ['QUERY_INVALID' as const] : []),
  ...(told?.body ? ['TYPE_UNSUPPORTED' as const] : []),
  ...(told?.errors ?? []),
])]

const pathOf = (path: string): string => path.replaceAll(/:(\w+)/gu, '{$1}')
/** The same for the same address, always: `getDocumentsById`. */
const idOf = ({ method, path }: Address): string =>
  method + path.split('/').slice(2).flatMap((part) => (part.startsWith(':') ? ['By', part.slice(1)] : part.split(/[-.]/u))).map(capital).join('')

/** Schemas that have a name stand together; a reader of an answer is not to mind a member that comes later. */
const schemas = () => {
  const named: { [name: string]: unknown } = {}
  const schemaOf = (shape: z.ZodType, io: 'input' | 'output'): Json => {
    const { $schema: _, $defs = {}, ...schema } = z.toJSONSchema(shape, {
      io,
      override: ({ jsonSchema }) => {
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
        if (jsonSchema.format !== undefined) delete jsonSchema.pattern
      },
    })
    Object.assign(named, moved($defs))
    return moved(schema) as Json
  }
  return { named, schemaOf }
}

/** References, from where zod puts what it names to where OpenAPI has it. */
const moved = (part: unknown): unknown =>
  Array.isArray(part) ? part.map(moved)
    : typeof part === 'object' && part !== null ? Object.fromEntries(Object.entries(part).map(([name, value]) => [name, name === '$ref' ? String(value).replace('#/$defs/', '#/components/schemas/') : moved(value)]))
      : part

type SchemaOf = ReturnType<typeof schemas>['schemaOf']

const parametersOf = ({ path, told }: Address, schemaOf: SchemaOf): readonly Json[] => [
  ...[...path.matchAll(/:(\w+)/gu)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
  ...Object.entries(told?.query?.shape ?? {}).map(([name, shape]) => {
    const { description, ...schema } = schemaOf(shape as z.ZodType, 'input')
    return { name, in: 'query', required: !(shape as z.ZodType).safeParse(undefined).success, ...(description === undefined ? {} : { description }), schema }
  }),
]

const problemsOf = (address: Address, schemaOf: SchemaOf): Json => {
  const shape = schemaOf(problem, 'output')
  return Object.fromEntries([...Map.groupBy(errorsOf(address), (code) => ERRORS[code].status)].map(([status, codes]) => [String(status), {
    description: codes.map((code) => ERRORS[code].title).join('. '),
    content: { 'application/problem+json': { schema: { allOf: [shape, { type: 'object', properties: { code: { enum: codes } } }] } } },
  }]))
}

const answerOf = ({ status = 200, answer, type = 'application/json' }: Told, schemaOf: SchemaOf): Json =>
  ({ [String(status)]: { description: 'Done', ...(answer ? { content: { [type]: { schema: schemaOf(answer, 'output') } } } : type === 'application/json' ? {} : { content: { [type]: { schema: { type: 'string' } } } }) } })

const RIGHT_SAYS = (right: Address['right']): string => (right === 'open' ? 'Open to all.' : right === 'signed-in' ? 'Whoever is known may ask.' : `Takes the right \`${right}\`: ${RIGHTS[right].toLowerCase()}.`)

const operation = (address: Address, schemaOf: SchemaOf): Json => {
  const { right, told = { says: '' } } = address
  return {
    operationId: idOf(address),
    summary: told.says,
    description: RIGHT_SAYS(right),
    'x-openletter-right': right,
    tags: [address.path.split('/')[2] ?? ''],
    security: right === 'open' ? [] : [...(right === 'signed-in' || isForPrograms(right) ? [{ token: [] }] : []), { session: [], ...(address.method === 'post' ? { form: [] } : {}) }],
    parameters: parametersOf(address, schemaOf),
    ...(told.body ? { requestBody: { required: !told.body.safeParse({}).success, content: { 'application/json': { schema: schemaOf(told.body, 'input') } } } } : {}),
    responses: { ...answerOf(told, schemaOf), ...problemsOf(address, schemaOf) },
  }
}

export const openApi = (addresses: readonly Address[]): Json => {
  const { named, schemaOf } = schemas()
  const ours = addresses.filter(({ path }) => path.startsWith('/api/'))
  const paths = [...Map.groupBy(ours, ({ path }) => pathOf(path))].map(([path, those]) => [path, Object.fromEntries(those.map((address) => [address.method, operation(address, schemaOf)]))])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Openletter', version: '1',
      description: 'Clinical documents on their way to the patient, and what became of them. What identifies a patient stands in no address. Errors are problem details of RFC 9457, with the codes of docs/errors.md. FHIR is at /fhir, and its own statement at /fhir/metadata.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(ours.map(({ path }) => path.split('/')[2] ?? ''))].map((name) => ({ name })),
    paths: Object.fromEntries(paths) as Json,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A program’s token, or the one in data/api.token.' },
        session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'Of a person who has signed in. Over HTTPS its name begins with __Host-.' },
        form: { type: 'apiKey', in: 'header', name: 'X-Form-Token', description: 'The formToken that stands in each form of the session’s pages.' },
      },
      schemas: named,
    },
    'x-openletter-rights': Object.fromEntries((Object.keys(RIGHTS) as readonly Right[]).map((right) => [right, RIGHTS[right]])),
  }
}

const SESSION_COOKIE = 'openletter'

/** Loose: what it holds is made, and the test of it compares that with the standard. */
const description = z.looseObject({ openapi: z.literal('3.1.0'), info: z.looseObject({ title: z.string() }), paths: z.record(z.string(), z.unknown()), components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }) })

/** `others`: every other address there is. */
export const openApiAddresses = (others: readonly Address[]): readonly Address[] => {
  let made: string | undefined
  const answer: RequestHandler = (_req, res) => {
    made ??= JSON.stringify(openApi([...others, own]))
    res.type('application/json').send(made)
  }
  const own: Address = { method: 'get', path: '/api/openapi.json', right: 'open', told: { says: 'This description.', answer: description }, handle: [answer] }
  return [own]
}
