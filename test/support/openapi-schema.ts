// OpenAPI 3.1 as far as our description uses it, as a JSON Schema: what is not named here is not allowed in it. Written
// after https://spec.openapis.org/oas/v3.1.0; the standard's own schema would let more pass.
const described = { summary: { type: 'string' }, description: { type: 'string' } }
const extensions = { '^x-': {} }
const schema = { $ref: 'https://json-schema.org/draft/2020-12/schema' }
const content = { type: 'object', minProperties: 1, additionalProperties: { type: 'object', properties: { schema, examples: { type: 'object' } }, required: ['schema'], additionalProperties: false } }
const requirement = { type: 'array', items: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } } }

const SAID = { name: { type: 'string', minLength: 1 }, description: { type: 'string' }, schema }
const parameter = {
  oneOf: [
    { type: 'object', required: ['name', 'in', 'required', 'schema'], additionalProperties: false, properties: { ...SAID, in: { const: 'path' }, required: { const: true } } },
    { type: 'object', required: ['name', 'in', 'schema'], additionalProperties: false, properties: { ...SAID, in: { const: 'query' }, required: { type: 'boolean' } } },
  ],
}

const operation = {
  type: 'object', required: ['operationId', 'summary', 'responses'], additionalProperties: false, patternProperties: extensions,
  properties: {
    ...described, operationId: { type: 'string', pattern: '^[a-z][A-Za-z0-9]+$' }, tags: { type: 'array', items: { type: 'string', minLength: 1 } }, security: requirement, parameters: { type: 'array', items: parameter },
    requestBody: { type: 'object', required: ['content'], additionalProperties: false, properties: { description: { type: 'string' }, required: { type: 'boolean' }, content } },
    responses: { type: 'object', minProperties: 1, additionalProperties: false, patternProperties: { '^[2345]\\d\\d$': { type: 'object', required: ['description'], additionalProperties: false, properties: { description: { type: 'string', minLength: 1 }, content } } } },
  },
}

const securityScheme = {
  oneOf: [
    { type: 'object', required: ['type', 'scheme'], additionalProperties: false, properties: { type: { const: 'http' }, scheme: { type: 'string' }, bearerFormat: { type: 'string' }, description: { type: 'string' } } },
    { type: 'object', required: ['type', 'in', 'name'], additionalProperties: false, properties: { type: { const: 'apiKey' }, in: { enum: ['query', 'header', 'cookie'] }, name: { type: 'string', minLength: 1 }, description: { type: 'string' } } },
  ],
}

export const OPENAPI = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object', required: ['openapi', 'info', 'paths', 'components'], additionalProperties: false, patternProperties: extensions,
  properties: {
    openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
    info: { type: 'object', required: ['title', 'version'], additionalProperties: false, properties: { title: { type: 'string' }, version: { type: 'string' }, ...described } },
    servers: { type: 'array', items: { type: 'object', required: ['url'], additionalProperties: false, properties: { url: { type: 'string' }, description: { type: 'string' } } } },
    security: requirement,
    tags: { type: 'array', items: { type: 'object', required: ['name'], additionalProperties: false, properties: { name: { type: 'string', minLength: 1 }, description: { type: 'string' } } } },
    paths: { type: 'object', additionalProperties: false, patternProperties: { '^/': { type: 'object', minProperties: 1, additionalProperties: false, properties: { get: operation, post: operation } } } },
    components: {
      type: 'object', additionalProperties: false,
      properties: { schemas: { type: 'object', additionalProperties: false, patternProperties: { '^[A-Za-z0-9._-]+$': schema } }, securitySchemes: { type: 'object', additionalProperties: securityScheme } },
    },
  },
} as const
