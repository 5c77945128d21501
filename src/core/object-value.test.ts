import { expect, it } from 'vitest'
import { mergePatched, objectText, valueOfObject } from './object-value.ts'
import type { TypeSpec } from './types/spec.ts'
import type { JsonObject, SecretValue } from './value.ts'
import { encodeValue } from './value.ts'

const string: TypeSpec = { name: 'string' }
const json: TypeSpec = { name: 'json' }
const shown = (value: SecretValue, type = string) => objectText(encodeValue(value), type)

it('shows an object as itself and anything else under value', () => {
  expect(shown({ a: 1 }, json)).toBe('{"a":1}')
  expect(shown('te"xt')).toBe('{"value":"te\\"xt"}')
  expect(shown(Uint8Array.of(0, 255))).toBe('{"value":"AP8="}')
  expect(shown('{"a":1.0}', json)).toBe('{"a":1.0}')
  expect(shown('{"a":1}', string)).toBe('{"value":"{\\"a\\":1}"}')
  expect(shown('[1]', json)).toBe('{"value":"[1]"}')
  expect(shown('1.0', json)).toBe('{"value":"1.0"}')
})

it('takes back what it showed', () => {
  const cases: readonly (readonly [SecretValue, TypeSpec])[] = [
    ['text', string],
    ['', { name: 'password', min: 0 }],
    [Uint8Array.of(1, 2, 3), { name: 'binary' }],
    [{ value: 'x' }, json],
    [{ a: { b: [] } }, json],
  ]
  for (const [value, type] of cases) {
    const back = valueOfObject(JSON.parse(shown(value, type)) as JsonObject, type)
    expect(back.type).toBeUndefined()
    expect(back.value).toEqual(value instanceof Uint8Array ? Buffer.from(value) : value)
  }
})

it('turns plain text or bytes into what was written, and nothing that has a type of its own', () => {
  expect(valueOfObject({ a: 1 }, string)).toEqual({ type: json, value: { a: 1 } })
  expect(valueOfObject({ value: 1 }, string)).toMatchObject({ type: json })
  expect(valueOfObject({ a: 1 }, { name: 'url' }).type).toBeUndefined()
  expect(valueOfObject({ a: 1 }, { name: 'string', max: 9 }).type).toBeUndefined()
  const binary: TypeSpec = { name: 'binary' }
  expect(valueOfObject({ a: 1 }, binary)).toEqual({ type: json, value: { a: 1 } })
  expect(valueOfObject({ value: 'not base64!' }, binary)).toEqual({
    type: string,
    value: 'not base64!',
  })
  expect(valueOfObject({ value: 'no key' }, { name: 'encryptionKey' })).toEqual({ value: 'no key' })
  expect(valueOfObject({ value: 'x' }, undefined).value).toEqual({ value: 'x' })
})

// RFC 7396, appendix A, for object patches
it.each<readonly [string, string, string]>([
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ['{}', '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
])('merges %s with %s into %s', (target, patch, merged) => {
  const [from, change] = [target, patch].map((text) => JSON.parse(text) as JsonObject)
  expect(JSON.stringify(mergePatched(from, change ?? {}))).toBe(merged)
})
