import { describe, expect, test } from 'vitest'
import { LIMITS } from '../limits.ts'
import { encodeValue } from '../value.ts'
import { checkTypeSpec, checkValue } from './validate.ts'

describe('a type specification', () => {
  test('comes back with its known fields', () => {
    const spec = { name: 'string', pattern: 'a+', min: 1, max: 9 }
    expect(checkTypeSpec({ ...spec, schema: undefined })).toEqual(spec)
    expect(checkTypeSpec({ name: 'number', min: -1.5 })).toEqual({ name: 'number', min: -1.5 })
  })

  test.each([
    null,
    'string',
    [],
    {},
    { name: 'String' },
    { name: '__proto__' },
    { name: 'constructor' },
    { name: 'string', extra: 1 },
    { name: 'string', schema: {} },
    { name: 'boolean', pattern: 'a' },
    { name: 'url', lengthBytes: 1 },
    { name: 'string', min: -1 },
    { name: 'string', min: 1.5 },
    { name: 'string', max: '9' },
    { name: 'number', min: Number.NaN },
    { name: 'string', min: 2, max: 1 },
    { name: 'string', pattern: '(' },
    { name: 'string', pattern: '(?=a)' },
    { name: 'string', pattern: 5 },
    { name: 'encryptionKey', lengthBytes: 0 },
    { name: 'encryptionKey', lengthBytes: 1.5 },
    { name: 'encryptionKey', lengthBytes: 65_537 },
    { name: 'json', schema: [] },
    { name: 'json', schema: true },
    { name: 'json', schema: { $ref: 'https://x.example/s.json' } },
    { name: 'json', schema: { allOf: [{ $dynamicRef: 'other' }] } },
    JSON.parse('{"name":"string","__proto__":{"min":1}}') as object,
  ])('%j is refused', (input) => {
    expect(() => checkTypeSpec(input)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  test('a schema that JSON cannot say is refused', () => {
    expect(() => checkTypeSpec({ name: 'json', schema: { a: 1n } })).toThrow('schema is JSON')
  })

  test('limits: at the limit, and one more', () => {
    const pattern = (chars: number) => () =>
      checkTypeSpec({ name: 'string', pattern: `[${'a'.repeat(chars - 2)}]` })
    expect(pattern(LIMITS.typePatternCharsMax)).not.toThrow()
    expect(pattern(LIMITS.typePatternCharsMax + 1)).toThrow(/256 characters/)
    const schema = (chars: number) => () =>
      checkTypeSpec({ name: 'json', schema: { title: 'x'.repeat(chars - 12) } })
    expect(schema(LIMITS.typeSchemaCharsMax)).not.toThrow()
    expect(schema(LIMITS.typeSchemaCharsMax + 1)).toThrow(/16384 characters/)
    const depth = (levels: number) => () => {
      let inner: object = {}
      for (let i = 1; i < levels; i++) inner = { not: inner }
      return checkTypeSpec({ name: 'json', schema: inner })
    }
    expect(depth(32)).not.toThrow()
    expect(depth(33)).toThrow(/32 levels/)
    const value = (chars: number) => () =>
      checkValue({ name: 'string', pattern: 'a*' }, encodeValue('a'.repeat(chars)))
    expect(value(LIMITS.typePatternValueCharsMax)).not.toThrow()
    expect(value(LIMITS.typePatternValueCharsMax + 1)).toThrow(/at most 16384/)
  })
})
