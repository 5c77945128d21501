import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { associatedData } from './framing.ts'
import type { Framed } from './framing.ts'

const part: fc.Arbitrary<Framed> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.nat(),
  fc.maxSafeNat(),
  fc.uint8Array({ maxLength: 8 }),
)
const purpose = fc.string({ maxLength: 8 })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What a reader of the documentation would write: reads the parts back. */
function parse(bytes: Uint8Array): Framed[] {
  const view = Buffer.from(bytes)
  const parts: Framed[] = []
  for (let at = 0; at < view.length;) {
    const body = view.subarray(at + 5, at + 5 + view.readUInt32BE(at + 1))
    if (view[at] === 1) parts.push(body.toString('utf8'))
    else if (view[at] === 2) parts.push(Number(body.readBigUInt64BE()))
    else parts.push(Uint8Array.from(body))
    at += 5 + body.length
  }
  return parts
}

test('what was framed can be read back, so no two lists are framed alike', () => {
  fc.assert(
    fc.property(purpose, fc.array(part, { maxLength: 6 }), (name, parts) => {
      expect(parse(associatedData(name, ...parts))).toEqual([name, ...parts])
    }),
    { seed: 1, numRuns: 2_000 },
  )
})

test('boundaries, types and order count', () => {
  const all = [
    associatedData('p', 'ab', 'c'),
    associatedData('p', 'a', 'bc'),
    associatedData('p', 'abc'),
    associatedData('p', 'abc', ''),
    associatedData('p', '', 'abc'),
    associatedData('p', 'c', 'ab'),
    associatedData('pab', 'c'),
    associatedData('p', Buffer.from('ab'), 'c'),
    associatedData('p', 1),
    associatedData('p', '1'),
    associatedData('p', Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])),
  ]
  expect(new Set(all.map(hex)).size).toBe(all.length)
})

test.each([0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])('%d is bound whole', (value) => {
  expect(parse(associatedData('p', value))).toEqual(['p', value])
})

test.each([-1, 0.5, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER + 1])(
  'the number %d is refused',
  (value) => {
    expect(refusal(() => associatedData('p', value)).code).toBe('invalid_argument')
  },
)

test('half of a surrogate pair is refused: two of them would be bound alike', () => {
  expect(refusal(() => associatedData('p', '\ud800')).code).toBe('invalid_argument')
  expect(refusal(() => associatedData('\udc00')).code).toBe('invalid_argument')
})
