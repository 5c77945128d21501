import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_DIGEST, addToDigest, digestElement, removeFromDigest } from './digest.ts'

const number = fc.uint8Array({ minLength: 32, maxLength: 32 })
const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const MODULUS = 1n << 256n
const ONES = new Uint8Array(32).fill(0xff)
const ONE = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0))

test('adding and removing are arithmetic modulo 2^256', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      expect(big(addToDigest(a, b))).toBe((big(a) + big(b)) % MODULUS)
      expect(big(removeFromDigest(a, b))).toBe((big(a) - big(b) + MODULUS) % MODULUS)
    }),
    { seed: 4, numRuns: 1_000 },
  )
  expect(addToDigest(ONES, ONE)).toEqual(EMPTY_DIGEST)
  expect(removeFromDigest(EMPTY_DIGEST, ONE)).toEqual(ONES)
})

test('the digest of rows is the same in every order, and counts each one', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 8 }), number, (rows, row) => {
      const digest = rows.reduce(addToDigest, EMPTY_DIGEST)
      expect(rows.toReversed().reduce(addToDigest, EMPTY_DIGEST)).toEqual(digest)
      expect(removeFromDigest(addToDigest(digest, row), row)).toEqual(digest)
      const twice = addToDigest(addToDigest(digest, ONE), ONE)
      expect(twice).not.toEqual(digest)
    }),
    { seed: 5, numRuns: 300 },
  )
})

test('an element depends on every byte of the row, the MAC included, and on the key', () => {
  const key = createSecretKey(Buffer.alloc(32, 1))
  const row = Buffer.alloc(80, 5)
  const seen = new Set([Buffer.from(digestElement(key, row)).toString('hex')])
  for (let at = 0; at < row.length; at++) {
    const other = Buffer.from(row)
    other[at] = 6
    seen.add(Buffer.from(digestElement(key, other)).toString('hex'))
  }
  const otherKey = createSecretKey(Buffer.alloc(32, 2))
  seen.add(Buffer.from(digestElement(otherKey, row)).toString('hex'))
  expect(seen.size).toBe(row.length + 2)
})

test('nothing is changed in place', () => {
  const a = new Uint8Array(32).fill(3)
  addToDigest(a, ONE)
  removeFromDigest(a, ONE)
  expect(a).toEqual(new Uint8Array(32).fill(3))
  expect(big(EMPTY_DIGEST)).toBe(0n)
})
