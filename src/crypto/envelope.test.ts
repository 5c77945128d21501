import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { refusal } from '../testing/refusal.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { sealAead } from './aead.ts'
import { openEnvelope, rewrapEnvelope, sealEnvelope, termOf } from './envelope.ts'
import type { Binding } from './envelope.ts'
import { associatedData } from './framing.ts'

const random = seededRandom('envelope.test')
const KEKS = new Map([1, 2, 3].map((term) => [term, createSecretKey(random(32))]))
const kekOf = (term: number) => KEKS.get(term)
const kek = KEKS.get(1)!
const binding: Binding = {
  storeId: '0123456789abcdef0123456789abcdef',
  id: 'fedcba9876543210fedcba9876543210',
  version: 7,
  path: 'shop/prod/api/db-url',
}
const text = (words: string): Uint8Array => Buffer.from(words)
const seal = (value: Uint8Array): Uint8Array => sealEnvelope(kek, 1, binding, value, random)
const flipped = (bytes: Uint8Array, at: number, mask = 1): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte))

test('opening inverts sealing', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 3 }),
      fc.record({
        storeId: fc.stringMatching(/^[0-9a-f]{32}$/),
        id: fc.stringMatching(/^[0-9a-f]{32}$/),
        version: fc.integer({ min: 1 }),
        path: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
      }),
      (value, term, bound) => {
        const envelope = sealEnvelope(KEKS.get(term)!, term, bound, value, random)
        expect(termOf(envelope)).toBe(term)
        expect(Buffer.compare(openEnvelope(envelope, kekOf, bound), value)).toBe(0)
      },
    ),
    { seed: 2, numRuns: 500 },
  )
})

describe('whatever was changed is refused', () => {
  const envelope = seal(text('correct horse battery staple'))

  test('each bit', () => {
    for (let at = 0; at < envelope.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bad = flipped(envelope, at, 1 << bit)
        const { code } = refusal(() => openEnvelope(bad, kekOf, binding))
        expect(code).toBe(at >= 2 && at < 6 && !KEKS.has(termOf(bad)) ? 'sealed' : 'corrupt')
      }
    }
  })

  test('the term alone, though its KEK is held', () => {
    expect(refusal(() => openEnvelope(flipped(envelope, 5, 3), kekOf, binding)).code).toBe(
      'corrupt',
    )
    const always = () => kek
    expect(refusal(() => openEnvelope(flipped(envelope, 5, 3), always, binding)).code).toBe(
      'corrupt',
    )
  })

  test('every truncation and extension', () => {
    for (let length = 0; length < envelope.length; length++) {
      const cut = envelope.subarray(0, length)
      expect(refusal(() => openEnvelope(cut, kekOf, binding)).code).toBe('corrupt')
      expect(refusal(() => rewrapEnvelope(cut, kekOf, kek, 1, binding, random)).code).toBe(
        'corrupt',
      )
    }
    for (const more of [1, 12, 16, 28, 63, 64, 128]) {
      const long = Buffer.concat([envelope, Buffer.alloc(more)])
      expect(refusal(() => openEnvelope(long, kekOf, binding)).code).toBe('corrupt')
    }
  })

  test.each([
    ['store', { storeId: '1123456789abcdef0123456789abcdef' }],
    ['secret', { id: 'eedcba9876543210fedcba9876543210' }],
    ['version', { version: 8 }],
    ['path', { path: 'shop/prod/api/db-urk' }],
  ])('another %s', (_, other) => {
    const error = refusal(() => openEnvelope(envelope, kekOf, { ...binding, ...other }))
    expect(error.code).toBe('corrupt')
  })

  test('the wrap or the value of another envelope with the same binding', () => {
    const other = seal(text('correct horse battery staple'))
    const wrapSwapped = Buffer.concat([other.subarray(0, 66), envelope.subarray(66)])
    const valueSwapped = Buffer.concat([envelope.subarray(0, 66), other.subarray(66)])
    expect(refusal(() => openEnvelope(wrapSwapped, kekOf, binding)).code).toBe('corrupt')
    expect(refusal(() => openEnvelope(valueSwapped, kekOf, binding)).code).toBe('corrupt')
  })
})

describe('framing inside the value', () => {
  /** An envelope whose inside is what we say, made from the specification alone. */
  function withInside(inside: Uint8Array): Uint8Array {
    const { storeId, id, version, path } = binding
    const dek = random(32)
    const dekData = associatedData('coffer/v1/dek', storeId, id, version, 1, path)
    const valueData = associatedData('coffer/v1/value', storeId, id, version)
    return Buffer.concat([
      Buffer.from([1, 1, 0, 0, 0, 1]),
      sealAead(kek, dek, dekData, random),
      sealAead(dek, inside, valueData, random),
    ])
  }
  const inside = (length: number, body: string, total = 64): Uint8Array => {
    const bytes = Buffer.alloc(total)
    bytes.writeUInt32BE(length)
    bytes.write(body, 4)
    return bytes
  }

  test('the specification alone is enough to make an envelope', () => {
    const opened = openEnvelope(withInside(inside(3, 'abc')), kekOf, binding)
    expect(Buffer.from(opened).toString()).toBe('abc')
  })

  test.each([
    ['padding that is not zero', inside(2, 'abc')],
    ['a length past the end', inside(61, 'abc')],
    ['a huge length', inside(0xffff_ffff, 'abc')],
    ['a block of padding more than needed', inside(3, 'abc', 128)],
  ])('%s is refused, though it authenticates', (_, bytes) => {
    expect(refusal(() => openEnvelope(withInside(bytes), kekOf, binding)).code).toBe('corrupt')
  })

  test('an empty value and a short one look alike', () => {
    const lengths = Array.from({ length: 61 }, (_, n) => seal(new Uint8Array(n)).length)
    expect(new Set(lengths)).toEqual(new Set([158]))
    expect(seal(new Uint8Array(61)).length).toBe(158 + 64)
  })

  test('equal values do not look alike', () => {
    const [a, b] = [seal(text('same')), seal(text('same'))]
    expect(Buffer.compare(a.subarray(6), b.subarray(6))).not.toBe(0)
    expect(Buffer.compare(a.subarray(78), b.subarray(78))).not.toBe(0)
  })

  test('the ceiling holds: at the limit it is sealed, one past it is refused', () => {
    const most = new Uint8Array(LIMITS.valueBytesCeiling).fill(9)
    expect(openEnvelope(seal(most), kekOf, binding).length).toBe(LIMITS.valueBytesCeiling)
    const error = refusal(() => seal(new Uint8Array(LIMITS.valueBytesCeiling + 1)))
    expect(error.code).toBe('too_large')
  })
})

describe('re-wrapping', () => {
  const envelope = seal(text('value'))

  test('carries the value over unread, under another term and path', () => {
    const path = 'shop/prod/api/moved'
    const moved = rewrapEnvelope(envelope, kekOf, KEKS.get(2)!, 2, binding, random, path)
    expect(termOf(moved)).toBe(2)
    expect(Buffer.compare(moved.subarray(66), envelope.subarray(66))).toBe(0)
    const opened = openEnvelope(moved, kekOf, { ...binding, path })
    expect(Buffer.from(opened).toString()).toBe('value')
    expect(refusal(() => openEnvelope(moved, kekOf, binding)).code).toBe('corrupt')
  })

  test('keeps the path when none is given, and does not touch what it was given', () => {
    const before = Uint8Array.from(envelope)
    const again = rewrapEnvelope(envelope, kekOf, KEKS.get(3)!, 3, binding, random)
    expect(Buffer.from(openEnvelope(again, kekOf, binding)).toString()).toBe('value')
    expect(Buffer.compare(before, envelope)).toBe(0)
  })

  test('refuses what was changed or moved', () => {
    const elsewhere = { ...binding, path: 'shop/prod/api/other' }
    const rewrap = (bytes: Uint8Array, bound: Binding) => () =>
      rewrapEnvelope(bytes, kekOf, kek, 1, bound, random)
    expect(refusal(rewrap(envelope, elsewhere)).code).toBe('corrupt')
    expect(refusal(rewrap(flipped(envelope, 40), binding)).code).toBe('corrupt')
  })
})

test('a KEK that is not held is `sealed` and names the term, not corruption', () => {
  const error = refusal(() => openEnvelope(seal(text('x')), () => undefined, binding))
  expect(error.code).toBe('sealed')
  expect(error.details).toEqual({ term: 1, path: binding.path, version: 7 })
})

test.each([0, -1, 1.5, 2 ** 32])('term %d is refused', (term) => {
  const error = refusal(() => sealEnvelope(kek, term, binding, text('x'), random))
  expect(error.code).toBe('invalid_argument')
})

test('messages name path and version, never the value', () => {
  const bad = flipped(seal(text('hunter2-canary')), 100)
  const { message } = refusal(() => openEnvelope(bad, kekOf, binding))
  expect(message).toContain('shop/prod/api/db-url v7')
  expect(message).not.toContain('canary')
})

test('the drawn DEK is zeroed', () => {
  const drawn: Uint8Array[] = []
  sealEnvelope(kek, 1, binding, text('x'), (bytes) => {
    const out = random(bytes)
    drawn.push(out)
    return out
  })
  expect(drawn.length).toBe(1)
  expect(drawn[0]!.every((byte) => byte === 0)).toBe(true)
})

test('an opened value is a buffer of its own: zeroing it harms nothing', () => {
  const envelope = seal(text('value'))
  const [a, b] = [openEnvelope(envelope, kekOf, binding), openEnvelope(envelope, kekOf, binding)]
  expect(a.buffer).not.toBe(b.buffer)
  expect(a.buffer.byteLength).toBeLessThanOrEqual(64)
  a.fill(0)
  expect(Buffer.from(b).toString()).toBe('value')
})
