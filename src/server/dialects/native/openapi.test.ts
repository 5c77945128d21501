import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { openApi, openApiText } from './openapi.ts'
import { ROUTES } from './routes/registry.ts'

const document = openApi('1.2.3')
const operations = Object.entries(document.paths).flatMap(([address, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    address,
    method,
    operation: operation as Operation,
  })),
)

interface Operation {
  readonly operationId: string
  readonly security?: readonly object[]
  readonly requestBody?: { content: Record<string, { schema: object; example?: unknown }> }
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>
}

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const result = await validator.validate(JSON.parse(openApiText('1.2.3')) as never)
  expect(result.errors ?? []).toEqual([])
  expect(result.valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

test('it has every route, each under an id of its own', () => {
  const routes = Object.values(ROUTES).flat()
  expect(operations).toHaveLength(routes.length + 1)
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(
    operations.length,
  )
  expect(routes.length).toBeGreaterThan(60)
})

test('every operation says what it may be refused with, as problems', () => {
  for (const { operation } of operations) {
    const open = operation.security?.length === 0
    const wanted = open ? ['429'] : ['400', '401', '403', '429', '500', '503']
    expect(Object.keys(operation.responses), operation.operationId).toEqual(
      expect.arrayContaining(wanted),
    )
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue
      expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json'])
    }
  }
})

test('every body has an example, and every reference leads somewhere', () => {
  for (const { operation } of operations) {
    if (operation.requestBody === undefined) continue
    const { schema, example } = operation.requestBody.content['application/json']!
    const empty = JSON.stringify(schema).includes('/Nothing"')
    expect(example !== undefined || empty, operation.operationId).toBe(true)
  }
  const text = JSON.stringify(document)
  const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(100)
  for (const name of new Set(names)) expect(document.components.schemas).toHaveProperty(name)
})
