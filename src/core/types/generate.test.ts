import { createPrivateKey } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { isCofferError } from '../errors.ts'
import { encodeValue } from '../value.ts'
import type { SecretValue } from '../value.ts'
import { canGenerate, generateValue } from './generate.ts'
import type { TypeName, TypeSpec } from './spec.ts'
import { TYPES } from './table.ts'
import { checkValue } from './validate.ts'

const names = Object.keys(TYPES) as TypeName[]
const generated = names.filter((name) => canGenerate({ name }))
const random = seededRandom('generate')
const make = (spec: TypeSpec, length?: number) => generateValue(spec, { length }, random)
const refused = expect.objectContaining({ code: 'invalid_argument' })

test('what can be generated', () => {
  expect(generated).toEqual([
    'string',
    'password',
    'apiKey',
    'token',
    'privateKey',
    'encryptionKey',
    'binary',
  ])
})

test('what cannot is refused with a remedy', () => {
  for (const name of names.filter((one) => !generated.includes(one))) {
    expect(() => make({ name })).toThrow(refused)
  }
})

test('every generated value is a value of its type', async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...generated),
      fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined }),
      fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
      fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
      async (name, min, more, length) => {
        const bounded = TYPES[name].constraints.includes('min')
        const spec: TypeSpec = {
          name,
          ...(bounded && min !== undefined ? { min } : {}),
          ...(bounded && more !== undefined ? { max: (min ?? 0) + more } : {}),
        }
        const value = madeOrRefused(spec, length)
        if (value === undefined) return
        made++
        await checkValue(spec, encodeValue(value))
      },
    ),
    { seed: 2, numRuns: 1_000 },
  )
  expect(made).toBeGreaterThan(400)
})

/** Any other failure than a refusal of the length ends the test. */
function madeOrRefused(spec: TypeSpec, length: number | undefined): SecretValue | undefined {
  try {
    return make(spec, length)
  } catch (error) {
    if (isCofferError(error, 'invalid_argument')) return undefined
    throw error
  }
}

test('defaults', () => {
  expect(make({ name: 'password' })).toHaveLength(24)
  expect(make({ name: 'token' })).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{42}$/)
  expect(Buffer.from(make({ name: 'apiKey' }) as string, 'base64url')).toHaveLength(32)
  expect(Buffer.from(make({ name: 'encryptionKey' }) as string, 'base64')).toHaveLength(32)
  expect(make({ name: 'binary' })).toHaveLength(32)
  const key = createPrivateKey(make({ name: 'privateKey' }) as string)
  expect(key.asymmetricKeyType).toBe('ed25519')
})

test('a length that is asked for is met, inside the bounds of the type only', () => {
  expect(make({ name: 'password' }, 8)).toHaveLength(8)
  expect(make({ name: 'token' }, 1)).toHaveLength(1)
  expect(make({ name: 'string', min: 60 })).toHaveLength(60)
  expect(make({ name: 'password', max: 12 })).toHaveLength(12)
  expect(
    Buffer.from(make({ name: 'encryptionKey', lengthBytes: 48 }) as string, 'base64'),
  ).toHaveLength(48)
  expect(Buffer.from(make({ name: 'encryptionKey', max: 16 }) as string, 'base64')).toHaveLength(16)
  for (const [spec, length] of [
    [{ name: 'password' }, 7],
    [{ name: 'password', max: 7 }, undefined],
    [{ name: 'token', min: 50 }, 49],
    [{ name: 'binary', max: 8 }, 9],
    [{ name: 'encryptionKey' }, 20],
    [{ name: 'encryptionKey', lengthBytes: 48 }, 32],
    [{ name: 'string' }, 0],
    [{ name: 'string' }, 1.5],
    [{ name: 'string' }, Number.NaN],
    [{ name: 'string' }, 65_537],
  ] as const) {
    expect(() => make(spec, length), `${spec.name} ${length}`).toThrow(refused)
  }
  expect(make({ name: 'string' }, 65_536)).toHaveLength(65_536)
})

test('a pattern is met where chance can, and refused where it cannot', () => {
  expect(make({ name: 'token', pattern: '[^_]+' }, 10)).not.toContain('_')
  expect(() => make({ name: 'password', pattern: '\\d+' })).toThrow(refused)
})

test('a password has all four classes and begins with a letter', () => {
  for (let i = 0; i < 500; i++) {
    expect(make({ name: 'password' }, 8)).toMatch(
      /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[-._~])[A-Za-z][\w.~-]{7}$/,
    )
  }
})

test('every character is as likely as any other', () => {
  const seen = new Map<string, number>()
  const text = make({ name: 'token' }, 64_000) as string
  for (const char of text) seen.set(char, (seen.get(char) ?? 0) + 1)
  expect(seen.size).toBe(64)
  const tail = Array.from({ length: 100 }, () =>
    (make({ name: 'password' }, 601) as string).slice(1),
  ).join('')
  const inPasswords = new Map<string, number>()
  for (const char of tail) inPasswords.set(char, (inPasswords.get(char) ?? 0) + 1)
  expect(inPasswords.size).toBe(66)
  for (const [counts, size] of [
    [seen, 64_000 / 64],
    [inPasswords, tail.length / 66],
  ] as const) {
    let chiSquared = 0
    for (const count of counts.values()) chiSquared += (count - size) ** 2 / size
    expect(chiSquared).toBeLessThan(130)
  }
})

test('no generated text looks like an option of a command', () => {
  for (let i = 0; i < 500; i++) expect(make({ name: 'token' }, 2 + (i % 50))).toMatch(/^[^-]/)
})

test('two values differ, and the same randomness gives the same value', () => {
  expect(make({ name: 'token' })).not.toBe(make({ name: 'token' }))
  const again = () => generateValue({ name: 'password' }, {}, seededRandom('x'))
  expect(again()).toBe(again())
})

test('randomness that never varies is noticed instead of looping for ever', () => {
  for (const byte of [0, 255]) {
    const stuck = (bytes: number) => new Uint8Array(bytes).fill(byte)
    expect(() => generateValue({ name: 'password' }, {}, stuck)).toThrow(/repeats itself/)
  }
})
