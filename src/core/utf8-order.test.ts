import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareUtf8 } from './utf8-order.ts'

const text = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '\ue000', '\uffee', '𐀀', '😀', 'é'),
  maxLength: 5,
})

test('the order is that of UTF-8 bytes', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { seed: 3, numRuns: 2_000 },
  )
})
