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

test('nothing that the log of a pipeline obeys passes', () => {
  for (const text of [
    '::add-mask::x',
    '  ::set-output name=findings::0',
    'found ##[set-output name=findings;]0',
    '###[add-matcher]x.json',
    '::ERROR file=a,line=1::b',
  ]) {
    const shown = safeText(text)
    expect(shown).not.toMatch(/^\s*::|##\[/)
    expect(shown).toContain('\\x')
    const json = safeJson({ text })
    expect(json).not.toMatch(/##\[/)
    expect(JSON.parse(json)).toEqual({ text })
  }
  for (const text of ['::1/128', '::ffff:10.0.0.1', 'a::b::c', '## [x]', '#[x]', 'std::x::y']) {
    expect(safeText(text)).toBe(text)
  }
  const began = performance.now()
  safeText(' '.repeat(100_000) + ':'.repeat(100_000) + '::a '.repeat(50_000))
  expect(performance.now() - began).toBeLessThan(2_000)
})

test('JSON stays the same document, and is as safe', () => {
  const document = { a: '\x9b\u202e\u2028x', '\u200bk': ['\x7f', '😀'] }
  const text = safeJson(document)
  expect(JSON.parse(text)).toEqual(document)
  expect(text.replaceAll('\n', '')).not.toMatch(ACTIVE)
})
