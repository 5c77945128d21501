import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import * as made from './made.ts'

const random = seededRandom('made')

test('what is made has its form, and is never the same twice', () => {
  const forms: readonly (readonly [RegExp, () => string])[] = [
    [/^coffer_[0-9A-Za-z]{49}$/, () => made.newToken(random)],
    [/^[0-9A-Za-z]{24}$/, () => made.newAccessor(random)],
    [/^AKIA[A-Z2-7]{16}$/, () => made.newAccessKeyId(random)],
    [/^[A-Za-z0-9+/]{40}$/, () => made.newSecretAccessKey(random)],
    [
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      () => made.newUuid(random),
    ],
  ]
  for (const [form, make] of forms) {
    const all = Array.from({ length: 500 }, make)
    for (const one of all) expect(one).toMatch(form)
    expect(new Set(all).size).toBe(500)
  }
})

test('the end of a token is computed from the rest, as scanners do it', () => {
  const token = made.newToken(random)
  const digest = createHash('sha256').update(token.slice(0, -6)).digest('hex')
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let value = BigInt(`0x${digest.slice(0, 12)}`)
  for (const char of token.slice(-6)) {
    expect(char).toBe(digits[Number(value % 62n)])
    value /= 62n
  }
})
