import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCofferError } from './errors.ts'
import { canonicalPath, canonicalPrefix, isBelow } from './path.ts'

describe('a canonical path is itself', () => {
  test.each([
    'a',
    'shop/prod/api/db-url',
    'Shop/PROD',
    '__proto__/constructor/toString',
    'a.b/.env/..c/...',
    'with space/in it',
    'caf\u00e9/\u65e5\u672c/😀',
    'a/*?+{}[]$%2f:@!',
    'policy:x',
  ])('%s', (path) => {
    expect(canonicalPath(path)).toBe(path)
    expect(canonicalPath(`/${path}`)).toBe(path)
  })
})

describe('refused as invalid_path', () => {
  test.each([
    ['', 'empty'],
    ['/', 'a slash alone'],
    ['//a', 'two leading slashes'],
    ['a/', 'a trailing slash'],
    ['a//b', 'an empty segment'],
    ['.', 'a dot'],
    ['a/./b', 'a dot segment'],
    ['..', 'dot-dot'],
    ['a/../b', 'a dot-dot segment'],
    ['a/..', 'a final dot-dot'],
    ['/../a', 'a leading dot-dot'],
    ['a\\b', 'a backslash'],
    ['a\0', 'NUL'],
    ['a\nb', 'a newline'],
    ['a\rb', 'a carriage return'],
    ['a\tb', 'a tab'],
    ['a\x7f', 'DEL'],
    ['a\u0085', 'a C1 control'],
    ['cafe\u0301', 'NFD'],
    ['\u212b', 'a sign whose NFC is another character'],
    ['a\ud800', 'a lone high surrogate'],
    ['\udc00b', 'a lone low surrogate'],
    ['a\u202eb', 'a right-to-left override'],
    ['a\u200f', 'a right-to-left mark'],
    ['a\u200bb', 'a zero-width space'],
    ['\ufeffa', 'a byte order mark'],
    ['a\u2028b', 'a line separator'],
    [' a', 'a leading space'],
    ['a ', 'a trailing space'],
    ['a /b', 'a space before a slash'],
    ['a/\u00a0b', 'a no-break space after a slash'],
  ])('%j (%s)', (path) => {
    expect(() => canonicalPath(path)).toThrow(expect.objectContaining({ code: 'invalid_path' }))
  })

  test('what is not a string', () => {
    for (const input of [undefined, null, 7, {}, ['a']]) {
      expect(() => canonicalPath(input as never)).toThrow(/string/)
    }
  })
})

test('case and look-alike characters tell paths apart', () => {
  const paths = ['a', 'A', '\u0430', '\uff41', 'a.']
  expect(new Set(paths.map(canonicalPath)).size).toBe(paths.length)
})

test('512 bytes of UTF-8 are allowed, one more is not', () => {
  for (const char of ['a', '\u00e9', '😀']) {
    const size = Buffer.byteLength(char)
    expect(canonicalPath(char.repeat(512 / size))).toHaveLength((512 / size) * char.length)
    expect(() => canonicalPath(`${char.repeat(512 / size)}b`)).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
  }
  expect(canonicalPath(`/${'a'.repeat(512)}`)).toHaveLength(512)
})

test('64 segments are allowed, one more is not', () => {
  const deep = (segments: number) => Array.from({ length: segments }, () => 'a').join('/')
  expect(canonicalPath(deep(64))).toBe(deep(64))
  expect(() => canonicalPath(deep(65))).toThrow(expect.objectContaining({ code: 'too_large' }))
})

const loose = fc.string({
  unit: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('a', 'B', '/', '.', ' ', '\\', '\u0301', '\u00e9', '😀'),
    },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }) },
  ),
  maxLength: 12,
})

test('whatever is accepted is canonical: its own canonical form, and one spelling', () => {
  let accepted = 0
  fc.assert(
    fc.property(loose, (input) => {
      const path = canonicalOrRefused(input)
      if (path === undefined) return
      accepted++
      expect(canonicalPath(path)).toBe(path)
      expect([path, `/${path}`]).toContain(input)
      expect(path.normalize('NFC')).toBe(path)
      expect(Buffer.from(path).toString()).toBe(path)
      expect(path.split('/')).not.toContain('..')
      expect(path.split('/')).not.toContain('')
    }),
    { seed: 29, numRuns: 5_000 },
  )
  expect(accepted).toBeGreaterThan(300)
})

/** Any other failure than a refusal ends the test. */
function canonicalOrRefused(input: string): string | undefined {
  try {
    return canonicalPath(input)
  } catch (error) {
    if (isCofferError(error, 'invalid_path')) return undefined
    throw error
  }
}

test('a prefix is a subtree: the root, or a path with one trailing slash dropped', () => {
  expect(['', '/', 'a', '/a', 'a/', '/a/b/'].map(canonicalPrefix)).toEqual([
    '',
    '',
    'a',
    'a',
    'a',
    'a/b',
  ])
  for (const bad of ['//', 'a//', 'a/..', '.', '///a']) {
    expect(() => canonicalPrefix(bad), bad).toThrow(
      expect.objectContaining({ code: 'invalid_path' }),
    )
  }
})

test('below counts whole segments', () => {
  expect(isBelow('a/b', 'a')).toBe(true)
  expect(isBelow('a', 'a')).toBe(true)
  expect(isBelow('a/b', '')).toBe(true)
  expect(isBelow('ab', 'a')).toBe(false)
  expect(isBelow('a', 'a/b')).toBe(false)
  expect(isBelow('A/b', 'a')).toBe(false)
})
