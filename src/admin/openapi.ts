/** The routes as OpenAPI says such things. */
import type { Field } from './fields.ts'
import { adminPrefix } from './paths.ts'
import type { Route } from './route.ts'

const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
  },
}

const types = {
  text: { type: 'string' },
  whole: { type: 'integer' },
  flag: { type: 'boolean' },
  texts: { type: 'array', items: { type: 'string' } },
  record: { type: 'object' },
} as const

function schemaOf({ is, form, least, most }: Field): object {
  return {
    ...types[is],
    ...(form === undefined ? {} : { pattern: form.source }),
    ...(least === undefined ? {} : { minimum: least }),
    ...(most === undefined ? {} : { maximum: most }),
  }
}

function parametersOf(fields: readonly (readonly [string, Field])[]): object[] {
  return fields
    .filter(([, field]) => field.in !== 'body')
    .map(([name, field]) => ({
      name,
      in: field.in,
      required: field.required === true,
      description: field.doc,
      schema: schemaOf(field),
    }))
}

function bodyOf(fields: readonly (readonly [string, Field])[]): object | undefined {
  const own = fields.filter(([, field]) => field.in === 'body')
  if (own.length === 0) return undefined
  const required = own.filter(([, field]) => field.required === true).map(([name]) => name)
  const properties = own.map(([name, field]): [string, object] => [
    name,
    { ...schemaOf(field), description: field.doc },
  ])
  const schema = {
    type: 'object',
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(properties),
  }
  return { required: required.length > 0, content: { 'application/json': { schema } } }
}

function operationOf(route: Route): object {
  const fields = Object.entries(route.fields)
  const requestBody = bodyOf(fields)
  return {
    operationId: route.name,
    summary: route.summary,
    description: `Takes the right admin:${route.name}.`,
    tags: [route.path.split('/')[1]],
    parameters: parametersOf(fields),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: {
      '2XX': { description: 'Done' },
      default: { $ref: '#/components/responses/Refused' },
    },
  }
}

export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const methods = (paths[`${adminPrefix}${route.path}`] ??= {})
    methods[route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Moongate admin API',
      version: '1',
      description: `Requests are signed with SigV4 (service s3) in their Authorization header, the body's hash among what is signed; or they carry a token or a password, where the server is configured so.`,
    },
    security: [{ sigv4: [] }, { bearer: [] }, { basic: [] }],
    paths,
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS4-HMAC-SHA256',
        },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of the OpenID Connect provider that the server is configured with',
        },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'Name and password in the directory that the server is configured with',
        },
      },
      responses: {
        Refused: {
          description:
            'Refused: who lacks the right is told the same whether the thing is there or not',
          content: { 'application/json': { schema: error } },
        },
      },
    },
  }
}
