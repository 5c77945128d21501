import { expect, test } from 'vitest'
import { escapeText, quoted } from './quoted.ts'

const TEXTS = [
  '',
  'plain ~ text!',
  'a"b',
  'a\\b',
  'line\nend',
  '\u001b[2J',
  '\u007f',
  'é',
  '\ud800',
  '😀',
]

test('a quoted text is the same as JSON has it', () => {
  for (const text of TEXTS) expect(quoted(text)).toBe(JSON.stringify(text))
})

test('an escaped text is printable ASCII, and as JSON the same text', () => {
  for (const text of TEXTS) {
    const escaped = escapeText(text)
    expect(escaped).toMatch(/^[ -~]*$/)
    expect(JSON.parse(`"${escaped}"`)).toBe(text)
  }
})
