import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret, textSecret } from '../core/secret.ts'
import { decoderOf, encodeValue } from '../core/value.ts'
import type { SecretValue } from '../core/value.ts'
import { refusal } from '../testing/refusal.ts'
import { materialOf } from './extract.ts'

const secretOf = (value: SecretValue) => {
  const { bytes, encoding } = encodeValue(value)
  return new Secret({ name: 'x', bytes, decode: decoderOf(encoding) })
}
const take = (value: SecretValue, part: { field?: string; encoding?: 'base64' | 'hex' | 'utf8' }) =>
  materialOf({ provider: 'coffer', key: 'x', ...part }, secretOf(value))
const text = (...args: Parameters<typeof take>) => Buffer.from(take(...args).text()).toString()

const TREE = { user: { name: 'ada', 'a.b': 'dotted', 'x/y~z': 'odd' }, ports: [80, 443], on: true }

test.each([
  ['user.name', 'ada'],
  ['/user/name', 'ada'],
  ['/user/a.b', 'dotted'],
  ['/user/x~1y~0z', 'odd'],
  ['ports.1', '443'],
  ['on', 'true'],
  ['user', '{"name":"ada","a.b":"dotted","x/y~z":"odd"}'],
])('the field %s is %s, of an object and of JSON as text alike', (field, expected) => {
  expect(text(TREE, { field })).toBe(expected)
  expect(text(JSON.stringify(TREE), { field })).toBe(expected)
})

test.each([
  'nobody',
  'user.name.length',
  'ports.2',
  'ports.length',
  '__proto__',
  'constructor',
  '',
])('the field %j is not there', (field) => {
  expect(refusal(() => take(TREE, { field })).code).toBe('invalid_value')
})

test('a field is at most 32 levels deep', () => {
  const nested = (levels: number): SecretValue =>
    JSON.parse('{"a":'.repeat(levels) + '"x"' + '}'.repeat(levels)) as SecretValue
  const field = (levels: number) => Array.from({ length: levels }, () => 'a').join('.')
  expect(text(nested(32), { field: field(32) })).toBe('x')
  expect(refusal(() => take(nested(33), { field: field(33) })).code).toBe('invalid_value')
})

test('a number that cannot be held exactly is refused rather than changed', () => {
  expect(text('{"id":9007199254740991}', { field: 'id' })).toBe('9007199254740991')
  const { code } = refusal(() => take('{"id":9007199254740993}', { field: 'id' }))
  expect(code).toBe('invalid_value')
})

test.each([
  ['base64', 'aGk/', 'hi?'],
  ['base64', 'aGk_', 'hi?'],
  ['base64', 'aGk=', 'hi'],
  ['base64', 'aGk', 'hi'],
  ['base64', 'aG\nk=\n', 'hi'],
  ['base64', '', ''],
  ['hex', '6869', 'hi'],
  ['hex', '6A6a\n', 'jj'],
  ['utf8', 'hi', 'hi'],
] as const)('%s %j is %j', (encoding, encoded, expected) => {
  expect(text(encoded, { encoding })).toBe(expected)
  expect(text({ it: encoded }, { encoding, field: 'it' })).toBe(expected)
})

test.each([
  ['base64', 'aGk*'],
  ['base64', 'a'],
  ['base64', 'aGl='],
  ['base64', 'aGk=='],
  ['base64', 'a+b_'],
  ['base64', '=aGk'],
  ['hex', '686'],
  ['hex', 'zz'],
] as const)('%s %j is refused', (encoding, encoded) => {
  expect(refusal(() => take(encoded, { encoding })).code).toBe('invalid_value')
})

test('a schema is offered text, the JSON that it is, and bytes', () => {
  const candidates = (value: SecretValue, part = {}) => take(value, part).candidates()
  expect(candidates('plain')).toEqual(['plain'])
  expect(candidates('[1]')).toEqual(['[1]', [1]])
  expect(candidates('[broken')).toEqual(['[broken'])
  expect(candidates({ a: 1 })).toEqual([{ a: 1 }, '{"a":1}'])
  expect(candidates({ a: 1 }, { field: 'a' })).toEqual([1, '1'])
  expect(candidates(Uint8Array.of(0xff))).toEqual([Uint8Array.of(0xff)])
  expect(candidates(Uint8Array.of(0x41))).toEqual(['A', Uint8Array.of(0x41)])
  expect(candidates('/w==', { encoding: 'base64' })).toEqual([Uint8Array.of(0xff)])
})

test('what is not text is refused where text is wanted', () => {
  expect(refusal(() => take(Uint8Array.of(0xff), {}).text()).code).toBe('invalid_value')
  expect(refusal(() => take('/w==', { encoding: 'base64' }).text()).code).toBe('invalid_value')
  expect(refusal(() => take(Uint8Array.of(0xff), { field: 'a' })).code).toBe('invalid_value')
  expect(refusal(() => take({ a: null }, { field: 'a' }).text()).code).toBe('invalid_value')
})

test('no refusal quotes the value', () => {
  const value = textSecret('x', '{"a": canary-77')
  const ref = { provider: 'coffer', key: 'x', field: 'a' }
  expect(inspect(refusal(() => materialOf(ref, value)))).not.toContain('canary')
})

test('a value is decoded in time that is linear in it', () => {
  const start = performance.now()
  const text = `${'='.repeat(1_000_000)}a`
  expect(refusal(() => take(text, { encoding: 'base64' }).text()).code).toBe('invalid_value')
  expect(performance.now() - start).toBeLessThan(10_000)
})
