import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { referenceMatch } from '../../testing/reference-policy.ts'
import { LIMITS } from '../limits.ts'
import { compareSpecificity, compilePattern, kindOf } from './pattern.ts'

const matches = (pattern: string, path: string): boolean => compilePattern(pattern).matches(path)

describe('a pattern matches', () => {
  test.each([
    ['a/b', 'a/b'],
    ['/a/b', 'a/b'],
    ['a/*', 'a/b'],
    ['a/*/c', 'a/b/c'],
    ['a/b*', 'a/b'],
    ['a/b*', 'a/bcd'],
    ['a/*b*d', 'a/xbxd'],
    ['a/**', 'a'],
    ['a/**', 'a/b'],
    ['a/**', 'a/b/c/d'],
    ['**', 'a'],
    ['**', 'a/b/c'],
    ['**/c', 'c'],
    ['**/c', 'a/b/c'],
    ['a/**/c', 'a/c'],
    ['a/**/c', 'a/x/y/c'],
    ['a/**/b/**/c', 'a/x/b/y/c'],
    ['**/a/**/a', 'a/a'],
    ['*', 'a'],
    ['a/**/**', 'a'],
    ['shop/prod/?', 'shop/prod/?'],
    ['policy:*', 'policy:ci'],
    ['actor:**', 'actor:oidc:https://issuer/sub'],
    ['audit:log', 'audit:log'],
    ['policies/*', 'policies/a'],
  ])('%s on %s', (pattern, path) => {
    expect(matches(pattern, path)).toBe(true)
  })
})

describe('a pattern does not match', () => {
  test.each([
    ['a/b', 'A/b'],
    ['a/b', 'a/b/c'],
    ['a/*', 'a/b/c'],
    ['a/*', 'a'],
    ['a/b*', 'a/b/c'],
    ['a/*a', 'a/ab'],
    ['a*a', 'a'],
    ['ab*ba', 'aba'],
    ['*ab*b', 'ab'],
    ['a*ab*b', 'aab'],
    ['a/**', 'ab'],
    ['a/**', 'ab/c'],
    ['**/c', 'a/bc'],
    ['a/**/c', 'ac'],
    ['**/a/**/a', 'a'],
    ['*', 'a/b'],
    ['a/?', 'a/b'],
    ['a/+', 'a/b'],
    ['a/{b,c}', 'a/b'],
    ['a/[b]', 'a/b'],
    ['a/${x}', 'a/x'],
    ['a/%2a', 'a/*'],
    ['caf\u00e9', 'cafe\u0301'],
    ['p\u0430th', 'path'],
  ])('%s on %s', (pattern, path) => {
    expect(matches(pattern, path)).toBe(false)
  })
})

test.each(['policy:admin', 'role:x', 'actor:local:a', 'audit:log', 'store:keys'])(
  'no pattern over secrets reaches %s',
  (name) => {
    for (const pattern of ['**', '*', '*:*', '**/*', `${name.slice(0, 2)}*`, `*${name.slice(1)}`]) {
      expect(matches(pattern, name), pattern).toBe(false)
    }
    expect(matches('policy:**', 'shop/prod')).toBe(false)
    expect(matches('policy:**', 'role:x')).toBe(name === 'policy:x')
  },
)

test('a wildcard in a path is text: it widens nothing', () => {
  expect(matches('a/b', 'a/*')).toBe(false)
  expect(matches('a/b', '**')).toBe(false)
  expect(matches('a/*', 'a/**')).toBe(true)
})

describe('refused as invalid_pattern', () => {
  test.each([
    ['', 'empty'],
    ['a//b', 'an empty segment'],
    ['a/', 'a trailing slash'],
    ['//a', 'two leading slashes'],
    ['a/../b', 'a dot-dot segment'],
    ['./a', 'a dot segment'],
    ['***', 'three stars'],
    ['a**', 'a double star in a segment'],
    ['a/**b/c', 'a double star in a segment'],
    ['a/**/***', 'three stars'],
    ['a\0', 'NUL'],
    ['a\n', 'a newline'],
    ['a\u202eb', 'a bidirectional mark'],
    ['cafe\u0301', 'not NFC'],
    ['a\ud800', 'half a pair'],
    ['a\\b', 'a backslash'],
    ['policy:', 'a kind without a name'],
    ['policy:/a', 'a kind with an empty segment'],
    ['Policy:*', 'a kind in another case'],
    ['AUDIT:log', 'a kind in another case'],
    ['a'.repeat(513), 'one character too long'],
    [Array.from({ length: 65 }, () => 'a').join('/'), 'one segment too many'],
  ])('%j (%s)', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({ code: 'invalid_pattern' }),
    )
  })

  test('what is not a string', () => {
    expect(() => compilePattern(7 as never)).toThrow(/string/)
  })
})

test('512 characters and 64 segments are allowed', () => {
  const longest = 'a'.repeat(LIMITS.patternCharsMax)
  expect(matches(longest, longest)).toBe(true)
  expect(() => compilePattern(`${longest}a`)).toThrow(/at most 512 characters/)
  const deep = Array.from({ length: LIMITS.pathSegmentsMax }, () => '*').join('/')
  expect(matches(deep, deep.replaceAll('*', 'x'))).toBe(true)
  expect(() => compilePattern(`${deep}/*`)).toThrow(/at most 64 segments/)
})

test('adversarial patterns end at once', () => {
  const inOneSegment = compilePattern(`${'*a'.repeat(250)}b`)
  const overSegments = compilePattern(`${'**/a/'.repeat(31)}b`)
  const path = Array.from({ length: 64 }, () => 'a').join('/')
  const started = performance.now()
  for (let i = 0; i < 100; i++) {
    expect(inOneSegment.matches('a'.repeat(512))).toBe(false)
    expect(overSegments.matches(path)).toBe(false)
  }
  expect(performance.now() - started).toBeLessThan(500)
})

test('the more specific pattern comes first, as Vault orders them', () => {
  const ascending = '** * **/a */b/c a/** a/*/* a/* a/*d a/*/c a/b* a/b'.split(' ')
  for (const [i, low] of ascending.entries()) {
    for (const high of ascending.slice(i + 1)) {
      const order = compareSpecificity(compilePattern(high), compilePattern(low))
      expect(Math.sign(order), `${high} over ${low}`).toBe(-1)
    }
  }
})

const part = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', 'A', '%2f', '.', '..', '', 'а', 'é', '*')
const path = fc
  .tuple(fc.constantFrom('', '', '', 'policy:', 'role:', 'Role:'), fc.array(part, { maxLength: 6 }))
  .map(([kind, parts]) => kind + parts.join('/'))
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', 'policy:', 'role:'),
    fc.array(
      fc.constantFrom(
        'a',
        'b',
        'ab',
        '*',
        '**',
        '**',
        'a*',
        '*b',
        '*a*',
        'a*b',
        'a*a',
        '*ab*b',
        'é',
        '*a*b*',
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
  )
  .map(([kind, parts]) => kind + parts.join('/'))

test('matching agrees with the reference, whatever the path', () => {
  fc.assert(
    fc.property(pattern, fc.array(path, { minLength: 8, maxLength: 8 }), (text, paths) => {
      const compiled = compilePattern(text)
      for (const one of paths) {
        expect(compiled.matches(one), `${text} on ${one}`).toBe(referenceMatch(text, one))
        const within = one.startsWith(compiled.literalPrefix) || one === compiled.reach.at
        expect(within || !compiled.matches(one), `${text} on ${one}`).toBe(true)
      }
    }),
    { seed: 17, numRuns: 2_000 },
  )
})

test('kinds are exact', () => {
  expect(kindOf('policy:x')).toBe('policy')
  expect(kindOf('store:keys')).toBe('store')
  for (const secret of ['Policy:x', 'policyx:a', 'polic:y', 'a/policy:x', ':x', 'policy']) {
    expect(kindOf(secret)).toBe(undefined)
  }
})
