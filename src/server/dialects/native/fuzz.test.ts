import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from '../../test-server.ts'
import type { TestServer } from '../../test-server.ts'
import { openApiText } from './openapi.ts'
import { call } from './test-call.ts'
import type { Answered } from './test-call.ts'

/** Requests made from the document itself, good, bad and odd: the server does what the document says. */

const RUNS = 500

interface Schema {
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly type?: string
  readonly pattern?: string
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
}

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Schema }[]
  readonly requestBody?: { content: Record<string, { schema: Schema; example?: object }> }
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { schemas: Record<string, Schema> }
}

const document = JSON.parse(openApiText('1.2.3')) as Document
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'api')

/** Streams do not end; sealing would end everything. */
const LEFT_OUT = new Set(['followEvents', 'watchSecrets', 'followAudit', 'seal', 'backup'])

const operations = Object.entries(document.paths).flatMap(([address, methods]) =>
  Object.entries(methods)
    .filter(([, { operationId }]) => !LEFT_OUT.has(operationId))
    .map(([method, operation]) => ({ address, method: method.toUpperCase(), operation })),
)

/** Something for requests to meet. */
const THERE = [
  ...['a', 'b', 'c/d'].flatMap((name) => [
    ['PUT', `/secrets/fuzz/${name}`, { value: 'one' }] as const,
    ['PUT', `/secrets/fuzz/${name}`, { value: 'two' }] as const,
  ]),
  ['PUT', '/policies/one', { rules: [] }],
  ['PUT', '/roles/one', { policies: ['one'] }],
  ['PUT', '/actors/service:x', { policies: ['one'], roles: [] }],
  ['PUT', '/app-roles/one/one', { token: { policies: ['one'] } }],
  ['PUT', '/jwt/one', { jwksUrl: 'https://127.0.0.1:9/keys' }],
  ['PUT', '/jwt/one/roles/one', { boundAudiences: ['one'], token: { policies: ['one'] } }],
] as const

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  for (const [method, path, body] of THERE) {
    const { status, text } = await call(server, method, path, { body })
    if (status >= 300) throw new RangeError(text)
  }
})
afterAll(() => server.close())

test('every answer is one that the document has', { timeout: 60_000 }, async () => {
  const met = new Map<string, Set<number>>()
  let token = server.adminToken
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...operations).chain(requestOf), async (request) => {
      const { operation, method, url, body, headers } = request
      const sent = { token, headers, ...(body === undefined ? {} : { raw: body }) }
      const answer = await call(server, method, url, sent)
      // A token may well have revoked itself.
      if (answer.status === 401) token = await server.token({ actor: 'local:admin' })
      met.set(
        operation.operationId,
        (met.get(operation.operationId) ?? new Set()).add(answer.status),
      )
      expectDocumented(operation, answer)
    }),
    { seed: 20_261_122, numRuns: RUNS, endOnFailure: true },
  )
  const statuses = [...met.values()].flatMap((seen) => [...seen])
  expect(met.size).toBe(operations.length)
  expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(operations.length / 2)
  expect(statuses.filter((status) => status >= 500)).toEqual([])
})

function expectDocumented({ operationId, responses }: Operation, answer: Answered): void {
  const told = `${operationId} ${answer.status} ${answer.text.slice(0, 300)}`
  const response = responses[answer.status]
  expect(response, told).toBeDefined()
  const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(response?.content ?? {})
  expect(answer.type, told).toBe(type)
  if (answer.json === undefined || schema.$ref === undefined) return
  const validate = ajv.compile({ $ref: `api${schema.$ref}` })
  expect(validate(answer.json), `${told} ${JSON.stringify(validate.errors)}`).toBe(true)
}

interface Request {
  readonly operation: Operation
  readonly method: string
  readonly url: string
  readonly body: string | undefined
  readonly headers: Record<string, string>
}

function requestOf({
  address,
  method,
  operation,
}: (typeof operations)[number]): Arbitrary<Request> {
  const parameters = operation.parameters ?? []
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const given = operation.requestBody?.content['application/json']
  return fc
    .record({
      path: fc.tuple(...inPath.map(({ name }) => NAMES[name] ?? NAMES['name']!)),
      query: fc.record(
        Object.fromEntries(
          query.map(({ name, schema: one, required }) => [
            name,
            memberOf(one, name, required ? [name] : []),
          ]),
        ),
        { requiredKeys: query.filter(({ required }) => required).map(({ name }) => name) },
      ),
      body: given === undefined ? fc.constant(undefined) : bodyOf(given.schema, given.example),
      headers: fc.oneof(
        { weight: 9, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constant({ 'idempotency-key': 'k', 'content-type': 'a/b' }) },
      ),
    })
    .map(({ path, query: asked, body, headers }) => {
      const names = path.values()
      const filled = address.replaceAll(/\{[a-z]+\}/gi, () =>
        encodeURIComponent(names.next().value ?? ''),
      )
      const text = Object.entries(asked)
        .filter(([, value]) => value !== LEFT)
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
      const url = text.length === 0 ? filled : `${filled}?${text.join('&')}`
      const odd = body === undefined ? {} : headers
      return { operation, method, url, body, headers: odd }
    })
}

const odd = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => text.toWellFormed()),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'a\u0000b',
    '\u202e',
    'é',
    '..',
    'x'.repeat(600),
    ' ',
  ),
)
const NAMES: Readonly<Record<string, Arbitrary<string>>> = {
  path: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('fuzz/a', 'fuzz/b', 'fuzz/c/d') },
    { weight: 1, arbitrary: odd.filter((text) => text !== '..') },
  ),
  name: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('one', 'two', 'service:x') },
    { weight: 1, arbitrary: odd.filter((text) => text !== '' && text !== '..' && text !== ' ') },
  ),
}

/** What the schema says, mostly; then with a member too many, one changed, or no JSON at all. */
const bodyOf = (schema: Schema, example: object = {}): Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(JSON.stringify(example)) },
    { weight: 6, arbitrary: valueOf(schema).map((value) => JSON.stringify(value)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(valueOf(schema), fc.string({ maxLength: 9 }), fc.jsonValue({ maxDepth: 3 }))
        .map(([value, name, more]) => JSON.stringify({ ...(value as object), [name]: more })),
    },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
  )

function valueOf(schema: Schema, name = ''): Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    return valueOf(document.components.schemas[schema.$ref.split('/').at(-1)!]!, name)
  }
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valueOf(one, name)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  return BY_TYPE[schema.type ?? '']?.(schema, name) ?? fc.jsonValue({ maxDepth: 2 })
}

const BY_TYPE: Readonly<Record<string, (schema: Schema, name: string) => Arbitrary<unknown>>> = {
  string: ({ pattern, maxLength = 30 }, name) =>
    fc.oneof(
      { weight: 1, arbitrary: odd },
      { weight: 5, arbitrary: NAMES[name] ?? textOf(pattern, maxLength) },
    ),
  integer: ({ minimum = -10, maximum = 10 }) =>
    fc.oneof(
      fc.integer({ min: minimum, max: Math.min(maximum, minimum + 3) }),
      fc.constant(maximum),
    ),
  number: () => fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
  array: ({ items = {}, minItems = 0, maxItems = 3 }) =>
    fc.array(valueOf(items), { minLength: minItems, maxLength: Math.min(maxItems, minItems + 3) }),
  object: ({ properties = {}, required = [], additionalProperties }) =>
    Object.keys(properties).length === 0 && additionalProperties !== false
      ? fc.dictionary(fc.string({ maxLength: 8 }), membersOf(additionalProperties), { maxKeys: 3 })
      : fc
          .record(
            Object.fromEntries(
              Object.entries(properties).map(([name, one]) => [
                name,
                memberOf(one, name, required),
              ]),
            ),
            { requiredKeys: [...required] },
          )
          .map((value) =>
            Object.fromEntries(Object.entries(value).filter(([, one]) => one !== LEFT)),
          ),
}

/** Most members that need not be there are not: a single bad one spoils a request. */
const LEFT = Symbol('left out')
const memberOf = (schema: Schema, name: string, required: readonly string[]) =>
  required.includes(name)
    ? valueOf(schema, name)
    : fc.oneof(
        { weight: 4, arbitrary: fc.constant(LEFT) },
        { weight: 1, arbitrary: valueOf(schema, name) },
      )

const textOf = (pattern: string | undefined, maxLength: number): Arbitrary<string> =>
  pattern === undefined
    ? fc.oneof(fc.constant('one'), fc.string({ maxLength: Math.min(maxLength, 30) }))
    : fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength))

const membersOf = (schema: boolean | Schema | undefined): Arbitrary<unknown> =>
  typeof schema === 'object' ? valueOf(schema) : fc.jsonValue({ maxDepth: 2 })
