import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SecretVersion, WriteInput } from '../../core/ports/coffer.ts'
import { Secret } from '../../core/secret.ts'
import { decoderOf, encodeValue } from '../../core/value.ts'
import type { JsonObject } from '../../core/value.ts'
import { refusal } from '../../testing/refusal.ts'
import { bodyText, pathInUrl, versionOfWire, wireWrite, writeOfWire } from './codec.ts'
import type { WireVersion, WireWrite } from './codec.ts'

const anyValue = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
  fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })) as fc.Arbitrary<JsonObject>,
)

test('what is written arrives as it was, through JSON', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const sent = JSON.parse(bodyText(wireWrite({ value, owner: 'me' }))) as WireWrite
      const arrived = writeOfWire(sent)
      expect(arrived.owner).toBe('me')
      expect(encodeValue(arrived.value!)).toEqual(encodeValue(value))
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('a version of every encoding comes back as a secret', () => {
  for (const value of ['text', Uint8Array.of(0, 255), { a: [1, null] }]) {
    const { encoding, bytes } = encodeValue(value)
    const sent = encoding === 'bytes' ? Buffer.from(bytes).toString('base64') : value
    const found: SecretVersion = versionOfWire({ ...VERSION, encoding, value: sent } as WireVersion)
    expect(found.secret).toBeInstanceOf(Secret)
    expect(found.secret.reveal()).toEqual(decoderOf(encoding)(bytes))
    expect(String(found.secret)).toBe('[secret a/b v7]')
    expect(found).not.toHaveProperty('value')
  }
})

test('a value that is not what its encoding says is refused', () => {
  const bad: readonly WireWrite[] = [
    { encoding: 'bytes', value: '%%%' },
    { encoding: 'bytes', value: 'YQ' },
    { encoding: 'bytes', value: {} },
    { encoding: 'json', value: '{}' },
    { encoding: 'text', value: {} },
  ]
  for (const body of bad) expect(refusal(() => writeOfWire(body)).code).toBe('invalid_value')
  expect(refusal(() => writeOfWire({ encoding: 'text' })).code).toBe('invalid_argument')
  expect(refusal(() => wireWrite({ value: 5 } as unknown as WriteInput)).code).toBe('invalid_value')
})

test('what JSON would change on its way is not sent', () => {
  for (const odd of [Number.NaN, Infinity, 1n, () => {}, Symbol('x')]) {
    expect(refusal(() => bodyText({ a: { b: odd } })).code).toBe('invalid_argument')
  }
  expect(refusal(() => bodyText({ a: [undefined] })).code).toBe('invalid_argument')
  expect(bodyText({ a: undefined, b: null })).toBe('{"b":null}')
})

test('a path in a URL decodes to itself, segment by segment', () => {
  for (const path of ['a', 'a b/é?#%', 'a/%2F/+', '__proto__/&=']) {
    expect(pathInUrl(path).split('/').map(decodeURIComponent).join('/')).toBe(path)
    expect(pathInUrl(path)).not.toMatch(/[?# ]/)
  }
})

const VERSION = {
  path: 'a/b',
  id: '0'.repeat(32),
  version: 7,
  labels: ['current'],
  type: { name: 'string' },
  createdAt: 1,
}
