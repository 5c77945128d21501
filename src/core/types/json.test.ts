import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { encodeValue } from '../value.ts'
import type { SecretValue } from '../value.ts'
import type { TypeSpec } from './spec.ts'
import { checkTypeSpec, checkValue } from './validate.ts'

const refused = (spec: TypeSpec, value: SecretValue) =>
  refusalOf(async () => checkValue(spec, encodeValue(value)))

describe('json with a schema', () => {
  const spec = (schema: object) => checkTypeSpec({ name: 'json', schema })
  const person = spec({
    type: 'object',
    properties: { user: { type: 'string', pattern: '^[a-z]+$' }, tags: { $ref: '#/$defs/tags' } },
    required: ['user'],
    additionalProperties: false,
    $defs: { tags: { type: 'array', uniqueItems: true } },
  })

  test('accepts what fits, as text and as an object', async () => {
    for (const [type, value] of [
      [person, { user: 'ann', tags: [1, 2] }],
      [person, '{"user":"ann"}'],
      [spec({ pattern: 'b' }), '"abc"'],
    ] as const) {
      expect(await checkValue(type, encodeValue(value as SecretValue))).toBe(undefined)
    }
  })

  test('names the keyword, never the document or its keys', async () => {
    for (const [value, keyword] of [
      [{ user: 'C4NARY' }, 'pattern'],
      [{ user: 'a', c4nary: 1 }, 'additionalProperties'],
      [{}, 'required'],
      [{ user: 'a', tags: [1, 1] }, 'uniqueItems'],
    ] as const) {
      const error = await refused(person, value as SecretValue)
      expect(error).toMatchObject({ code: 'invalid_value' })
      expect(error.message).toContain(`"${keyword}"`)
      expect(JSON.stringify(error)).not.toMatch(/c4nary/i)
    }
  })

  test("a schema that is wrong is the type's fault, not the value's", async () => {
    for (const schema of [
      { type: 'objekt' },
      { requird: ['a'] },
      { pattern: '(?=a)' },
      { $ref: '#/nowhere' },
    ]) {
      expect(await refused(spec(schema), {})).toMatchObject({ code: 'invalid_argument' })
    }
  })

  test('patterns in a schema cannot be made slow', async () => {
    const started = performance.now()
    expect(await refused(spec({ pattern: '^(a+)+$' }), `"${'a'.repeat(5_000)}!"`)).toMatchObject({
      code: 'invalid_value',
    })
    expect(performance.now() - started).toBeLessThan(1_500)
  })
})
