import { expect, test } from 'vitest'
import { safeJson, safeText } from './safe-text.ts'

// eslint-disable-next-line no-control-regex
const ACTIVE = /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

test('nothing that a terminal obeys passes', () => {
  const hostile = '\x1b]0;title\x07\x1b[2J\r\n\t\x9b31m\u202eabc\u200b\ufeff\u2028\x7f'
  expect(safeText(hostile)).not.toMatch(ACTIVE)
  expect(safeText('\x1b[2J\n')).toBe('\\x1b[2J\\n')
  expect(safeText('grün 漢字 😀')).toBe('grün 漢字 😀')
})

test('JSON stays the same document, and is as safe', () => {
  const document = { a: '\x9b\u202e\u2028x', '\u200bk': ['\x7f', '😀'] }
  const text = safeJson(document)
  expect(JSON.parse(text)).toEqual(document)
  expect(text.replaceAll('\n', '')).not.toMatch(ACTIVE)
})
