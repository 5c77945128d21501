import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { LIMITS } from '../limits.ts'
import type { JsonObject } from '../value.ts'
import { compileDocumentSchema } from './document-schema.ts'
import { checkAgainst } from './json-schema.ts'
import { ajvOptions, countEffort, EffortError, effortOf } from './schema-effort.ts'

/** Each definition asks twice for the one before: 2^levels steps, in 40 characters a level. */
function doubling(levels: number, leaf: JsonObject = { type: 'string' }): JsonObject {
  const $defs: Record<string, JsonObject> = { d0: leaf }
  for (let i = 1; i <= levels; i++) {
    const $ref = `#/$defs/d${i - 1}`
    $defs[`d${i}`] = { allOf: [{ $ref }, { $ref }] }
  }
  return { $defs, $ref: `#/$defs/d${levels}` }
}
const within = (schema: JsonObject, document: unknown, stepsMax: number): boolean => {
  const effort = effortOf(stepsMax)
  const validate = countEffort(new Ajv2020(ajvOptions(effort)), effort).compile(schema)
  return effort.within(() => validate(document))
}
const check = (schema: JsonObject, document: never) => () =>
  checkAgainst({ name: 'json' }, schema, document)
const BOUNDED = 'in a bounded time'

test('steps are counted to the limit, and one more is refused', () => {
  const steps = 2 ** 5 - 1
  expect(within(doubling(4), 'x', steps)).toBe(true)
  expect(() => within(doubling(4), 'x', steps - 1)).toThrow(EffortError)
  const { spend, within: spending } = effortOf()
  spending(() => spend(LIMITS.typeSchemaStepsMax))
  expect(() => spending(() => spend(LIMITS.typeSchemaStepsMax + 1))).toThrow(EffortError)
  spend(Infinity)
})

test('a schema whose references double at each level holds nobody up', () => {
  expect(check(doubling(60), 'x' as never)).toThrow(BOUNDED)
  expect(check(doubling(10), 'x' as never)).not.toThrow()
  const issuesOf = compileDocumentSchema(doubling(60))
  expect(() => issuesOf('x')).toThrow('too long')
  const $schema = 'http://json-schema.org/draft-07/schema#'
  expect(() => compileDocumentSchema({ $schema, ...doubling(60) })('x')).toThrow('too long')
})

test('a schema that asks for itself more than once holds nobody up, by whichever reference', () => {
  let deep: object = {}
  for (let i = 0; i < 31; i++) deep = { a: deep }
  for (const reference of [{ $ref: '#' }, { $dynamicRef: '#own' }]) {
    const again = Array.from({ length: 4 }, () => ({ properties: { a: reference } }))
    const anchor = '$dynamicRef' in reference ? { $dynamicAnchor: 'own' } : {}
    const schema = { ...anchor, allOf: again } as never
    expect(check(schema, deep as never)).toThrow(BOUNDED)
  }
})

test('many patterns over a long text hold nobody up', () => {
  const pattern = (i: number) => `^a{0,${i}}${'a*'.repeat(100)}$`
  const schema = { allOf: Array.from({ length: 50 }, (_, i) => ({ pattern: pattern(i) })) }
  expect(check(schema, 'a'.repeat(LIMITS.valueBytesMax) as never)).toThrow(BOUNDED)
})

test('what is unique is told in time that grows as the list does', () => {
  const items = Array.from({ length: 60_000 }, (_, i) => ({ a: i, b: [i] }))
  const began = performance.now()
  expect(check({ uniqueItems: true }, items as never)).not.toThrow()
  expect(performance.now() - began).toBeLessThan(5_000)
  expect(check({ uniqueItems: true }, [...items, { b: [7], a: 7 }] as never)).toThrow('uniqueItems')
  expect(check({ uniqueItems: true }, [1, '1', [1], '[1]', null, 'null'] as never)).not.toThrow()
  expect(check({ uniqueItems: false }, [1, 1] as never)).not.toThrow()
})

test('a long list is checked whole by the schema of an ordinary document', () => {
  const $defs = { host: { type: 'string', pattern: '^[a-z0-9.-]{1,63}$' } }
  const item = { type: 'object', properties: { host: { $ref: '#/$defs/host' } } }
  const list = Array.from({ length: 20_000 }, (_, i) => ({ host: `host-${i}.example` }))
  expect(check({ $defs, items: item }, list as never)).not.toThrow()
  list.push({ host: 'No' })
  expect(check({ $defs, items: item }, list as never)).toThrow('pattern')
})
