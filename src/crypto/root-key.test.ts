import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { formatRootKey, parseRootKey } from './root-key.ts'

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 })
const key = Buffer.from('f0'.repeat(32), 'hex')

test('every form of a key gives the key', () => {
  fc.assert(
    fc.property(anyKey, fc.constantFrom('', '\n', '\r\n'), (bytes, end) => {
      const buffer = Buffer.from(bytes)
      const forms = [
        formatRootKey(bytes),
        buffer.toString('base64').replace('=', ''),
        buffer.toString('base64url'),
        `${buffer.toString('base64url')}=`,
        buffer.toString('hex'),
        buffer.toString('hex').toUpperCase(),
      ]
      for (const form of forms) expect(Buffer.compare(parseRootKey(form + end), bytes)).toBe(0)
    }),
    { seed: 6, numRuns: 300 },
  )
})

test('64 hex characters are hex, though they are also base64 of 48 bytes', () => {
  expect(Buffer.from('f0'.repeat(32), 'base64').length).toBe(48)
  expect(Buffer.from(parseRootKey('f0'.repeat(32))).toString('hex')).toBe('f0'.repeat(32))
})

test.each([
  ['nothing', ''],
  ['a newline', '\n'],
  ['63 hex characters', 'f'.repeat(63)],
  ['65 hex characters', 'f'.repeat(65)],
  ['hex of 16 bytes', 'f0'.repeat(16)],
  ['64 characters of base64, 48 bytes', `${'f'.repeat(63)}+`],
  ['base64 of 31 bytes', Buffer.alloc(31, 9).toString('base64')],
  ['base64 of 33 bytes', Buffer.alloc(33, 9).toString('base64')],
  ['both alphabets mixed', `+_${'A'.repeat(41)}=`],
  ['two padding characters', `${'A'.repeat(43)}==`],
  ['bits after the last byte', `${'A'.repeat(42)}B=`],
  ['two newlines', `${formatRootKey(key)}\n\n`],
  ['a space before', ` ${formatRootKey(key)}`],
  ['a space after', `${formatRootKey(key)} `],
  ['a newline inside', `${'f'.repeat(32)}\n${'f'.repeat(32)}`],
  ['quotes', `"${formatRootKey(key)}"`],
  ['0x', `0x${'f'.repeat(64)}`],
  ['fullwidth digits', '０'.repeat(64)],
])('%s is refused, and the message does not repeat it', (_, text) => {
  const error = refusal(() => parseRootKey(text, 'COFFER_MASTER_KEY'))
  expect(error.code).toBe('invalid_key')
  expect(error.message).toMatch(
    /^COFFER_MASTER_KEY must be 32 bytes as base64, base64url or 64 hex/,
  )
  expect(error.message).not.toContain(text.trim() || 'A'.repeat(8))
})

test('32 characters of plain text are told what is missing', () => {
  const error = refusal(() => parseRootKey('this-is-just-32-characters-long!'))
  expect(error.message).toContain('plain text')
  expect(error.message).not.toContain('this-is')
})

test('the key is a buffer of its own', () => {
  expect(parseRootKey(formatRootKey(key)).buffer.byteLength).toBe(32)
})
