import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decoderOf, encodeValue } from './value.ts'
import type { SecretValue } from './value.ts'

const roundTrip = (value: SecretValue): SecretValue => {
  const { encoding, bytes } = encodeValue(value)
  return decoderOf(encoding)(bytes)
}

test('decoding inverts encoding', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        fc.uint8Array(),
        fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })),
      ),
      (value) => {
        const expected =
          typeof value === 'string' || value instanceof Uint8Array
            ? value
            : (JSON.parse(JSON.stringify(value)) as SecretValue)
        expect(roundTrip(value as SecretValue)).toEqual(expected)
      },
    ),
    { seed: 31, numRuns: 1_000 },
  )
})

test('a byte order mark, NUL and line ends are kept as they are', () => {
  for (const text of ['\ufeffa', 'a\0b', 'a\r\nb\n', '']) expect(roundTrip(text)).toBe(text)
})

test('bytes are copied both ways', () => {
  const given = Uint8Array.of(1, 2, 3)
  const { bytes } = encodeValue(given)
  given[0] = 9
  expect(bytes[0]).toBe(1)
  const decoded = decoderOf('bytes')(bytes) as Uint8Array
  decoded[0] = 8
  expect(bytes[0]).toBe(1)
})

test('__proto__ in a JSON object is a key like any other', () => {
  const value = JSON.parse('{"__proto__":{"polluted":true}}') as SecretValue
  const back = roundTrip(value)
  expect(Object.keys(back)).toEqual(['__proto__'])
  expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
})

test.each([
  ['a\ud800'],
  ['\udc00'],
  [null],
  [undefined],
  [7],
  [true],
  [['a']],
  [() => 1],
  [Symbol('x')],
])('%s is not a value, and the refusal does not show it', (value) => {
  expect(() => encodeValue(value as never)).toThrow(
    expect.objectContaining({ code: 'invalid_value' }),
  )
})

test('text that is not UTF-8 is refused when decoded, not mended', () => {
  expect(() => decoderOf('text')(Uint8Array.of(0xff, 0x61))).toThrow(TypeError)
})
