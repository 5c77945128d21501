import { z } from 'zod'
import * as access from '../../../client/wire/access.ts'
import * as accessKeys from '../../../client/wire/access-keys.ts'
import * as appRoles from '../../../client/wire/app-roles.ts'
import * as audit from '../../../client/wire/audit.ts'
import * as batch from '../../../client/wire/batch.ts'
import * as common from '../../../client/wire/common.ts'
import * as events from '../../../client/wire/events.ts'
import * as jwt from '../../../client/wire/jwt.ts'
import * as platform from '../../../client/wire/platform.ts'
import * as problem from '../../../client/wire/problem.ts'
import * as secrets from '../../../client/wire/secrets.ts'
import * as tokens from '../../../client/wire/tokens.ts'
import { ERRORS } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { ANY_ERRORS, CALLER_ERRORS } from './refusals.ts'
import type { Answer, Route } from './route.ts'
import { HEADERS } from './route.ts'
import { ROUTES } from './routes/registry.ts'

/** The OpenAPI 3.1 document of the native API, made from the same table as its routes. */
export const openApiText = (version: string): string => JSON.stringify(openApi(version))

export type JsonSchema = Readonly<Record<string, unknown>>

export function openApi(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Coffer',
      version,
      summary: 'Secrets: stored, resolved, rotated, delivered, audited.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }],
    tags: Object.keys(ROUTES).map((name) => ({ name })),
    paths: { ...paths(), '/openapi.json': { get: DOCUMENT } },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of Coffer.' },
      },
      schemas: componentSchemas(),
      headers: RESPONSE_HEADERS,
    },
  }
}

const WIRE = {
  ...common,
  ...problem,
  ...secrets,
  ...batch,
  ...events,
  ...access,
  ...audit,
  ...tokens,
  ...accessKeys,
  ...appRoles,
  ...jwt,
  ...platform,
}

const NAMES = new Map<z.ZodType, string>(
  Object.entries(WIRE).flatMap(([name, schema]) =>
    schema instanceof z.ZodType ? [[schema, name]] : [],
  ),
)

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` })

function componentSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  for (const [schema, id] of NAMES) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    io: 'input',
    unrepresentable: 'any',
  })
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      { ...schema, $schema: undefined, $id: undefined },
    ]),
  )
}

function paths(): Record<string, object> {
  const found: Record<string, Record<string, object>> = {}
  for (const [tag, routes] of Object.entries(ROUTES)) {
    for (const route of routes) {
      const address = route.url
        .replaceAll(/:([a-z]+)/gi, '{$1}')
        .replace('*', route.url.startsWith('/settings') ? '{name}' : '{path}')
      found[address] ??= {}
      found[address][route.method.toLowerCase()] = operationOf(tag, address, route)
    }
  }
  return found
}

function operationOf(tag: string, address: string, route: Route): object {
  const parameters = [...pathParameters(address), ...queryParameters(route), ...headersOf(route)]
  return {
    operationId: route.operationId,
    tags: [tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.anonymous === true ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(route),
    responses: { ...success(route.answer), ...refusals(route) },
  }
}

/** What stands in an address, by its first word. */
const IN_PATH: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  policies: { name: common.accessName() },
  roles: { name: common.accessName() },
  actors: { name: common.actorName() },
  'access-keys': { id: common.accessKeyId() },
  'app-roles': { mount: common.mount(), name: common.roleName() },
  jwt: { mount: common.mount(), name: common.roleName() },
  settings: { name: common.path() },
}

const pathParameters = (address: string) =>
  [...address.matchAll(/\{([a-z]+)\}/gi)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...(name === 'path' ? { description: 'Percent-encoded; its slashes may be so too.' } : {}),
    schema: {
      ...z.toJSONSchema(IN_PATH[address.split('/')[1] ?? '']?.[name] ?? common.path()),
      $schema: undefined,
    },
  }))

function queryParameters({ query }: Route): object[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = z.toJSONSchema(query, {
    io: 'input',
    unrepresentable: 'any',
  })
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

const headersOf = ({ headers = [] }: Route): object[] =>
  headers.map((name) => ({
    name,
    in: 'header',
    required: false,
    description: HEADERS[name],
    schema: { type: 'string', minLength: 1 },
  }))

function bodyOf({ body, example }: Route): object {
  if (body === undefined) return {}
  const optional = body instanceof z.ZodOptional
  const schema = optional ? (body.unwrap() as z.ZodType) : body
  const name = NAMES.get(body) ?? NAMES.get(schema)
  if (name === undefined) throw new RangeError('A body has a name among the wire schemas.')
  return {
    requestBody: {
      required: !optional,
      content: {
        'application/json': {
          schema: refTo(name),
          ...(example === undefined ? {} : { example }),
        },
      },
    },
  }
}

function success(answer: Answer): object {
  if (answer === 'nothing') return { 204: { description: 'Done.' } }
  if (!('json' in answer)) {
    // Bytes, or a stream of events: no schema of OpenAPI 3.1 speaks of either.
    return { 200: { description: answer.says, content: { [answer.type]: {} } } }
  }
  const name = NAMES.get(answer.json)
  if (name === undefined) throw new RangeError('An answer has a name among the wire schemas.')
  const content = { 'application/json': { schema: refTo(name) } }
  return { 200: { description: name, content } }
}

/** A status for every error that the operation may be refused with, and which errors it stands for. */
function refusals(route: Route): object {
  const caller = route.anonymous === true ? [] : CALLER_ERRORS
  const codes = new Set<ErrorCode>([...ANY_ERRORS, ...caller, ...route.errors])
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status)
  const found = [...byStatus].map(([status, stand]) => [status, problemResponse(status, stand)])
  if (route.body !== undefined) {
    found.push([415, problemResponse(415, ['invalid_argument'])])
  }
  return Object.fromEntries(found)
}

const problemResponse = (status: number, codes: readonly ErrorCode[]) => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  ...(status in STATUS_HEADERS ? { headers: STATUS_HEADERS[status] } : {}),
  content: { 'application/problem+json': { schema: refTo('Problem') } },
})

const RESPONSE_HEADERS = {
  RetryAfter: { description: 'Seconds until it may go better.', schema: { type: 'integer' } },
  WwwAuthenticate: { description: 'How to authenticate.', schema: { type: 'string' } },
}

const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }

const STATUS_HEADERS: Readonly<Record<number, object>> = {
  401: { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
}

const DOCUMENT = {
  operationId: 'openApi',
  tags: ['seal'],
  summary: 'This document.',
  security: [],
  responses: {
    200: {
      description: 'An OpenAPI 3.1 document.',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    429: problemResponse(429, ['throttled']),
  },
}
