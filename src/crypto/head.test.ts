import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { openHead, sealHead } from './head.ts'

const key = createSecretKey(Buffer.alloc(32, 1))
const storeId = '0123456789abcdef0123456789abcdef'
const json = JSON.stringify({ path: 'shop/prod/ä', revision: 3 })
const head = sealHead(key, storeId, 'secret', json)

test('opening inverts sealing, for text and bytes alike', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const bytes = Buffer.from(text)
      const sealed = sealHead(key, storeId, 'secret', text)
      expect(Buffer.compare(sealed, sealHead(key, storeId, 'secret', bytes))).toBe(0)
      expect(Buffer.compare(openHead(key, storeId, 'secret', sealed), bytes)).toBe(0)
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('the JSON stays readable to the store', () => {
  expect(Buffer.from(head.subarray(32)).toString()).toBe(json)
})

test('each changed bit, every truncation and extension is refused', () => {
  for (let at = 0; at < head.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bad = Uint8Array.from(head, (byte, i) => (i === at ? byte ^ (1 << bit) : byte))
      expect(refusal(() => openHead(key, storeId, 'secret', bad)).code).toBe('corrupt')
    }
    expect(refusal(() => openHead(key, storeId, 'secret', head.subarray(0, at))).code).toBe(
      'corrupt',
    )
  }
  const long = Buffer.concat([head, Buffer.from(' ')])
  expect(refusal(() => openHead(key, storeId, 'secret', long)).code).toBe('corrupt')
})

test('a head of another kind, store or key is refused', () => {
  const other = createSecretKey(Buffer.alloc(32, 2))
  expect(refusal(() => openHead(key, storeId, 'policy', head)).code).toBe('corrupt')
  expect(refusal(() => openHead(key, storeId.replace('0', '1'), 'secret', head)).code).toBe(
    'corrupt',
  )
  expect(refusal(() => openHead(other, storeId, 'secret', head)).code).toBe('corrupt')
})
