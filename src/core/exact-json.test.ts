import { expect, it } from 'vitest'
import { parseExactly } from './exact-json.ts'

it('gives every number back as it was', () => {
  const texts = [
    '12345678901234567890',
    '1.0',
    '1e400',
    '-0',
    '[0.10,{"a":9007199254740993}]',
    '42',
  ]
  for (const text of texts) expect(JSON.stringify(parseExactly(text))).toBe(text)
})

it('keeps members that are called like a prototype', () => {
  const text = '{"__proto__":{"x":1},"constructor":2}'
  expect(JSON.stringify(parseExactly(text))).toBe(text)
})

it('refuses what is no JSON', () => {
  for (const text of ['', '{', '01', 'NaN', '{"a":1,}']) {
    expect(() => parseExactly(text)).toThrow(SyntaxError)
  }
})
