import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../limits.ts'
import { compileRegex } from './regex.ts'

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'ba',
  'aa',
  'aab',
  'abab',
  'a b',
  'A1',
  '1',
  '_',
  '-',
  'é',
  '😀',
  'a😀b',
  '\n',
  'a\nb',
]

/** What our matcher says, and what the language's own engine says. */
function answers(source: string, flag: 'u' | 'v', texts: readonly string[]) {
  const regex = compileRegex(source, flag)
  const whole = new RegExp(`^(?:${source})$`, flag)
  const search = new RegExp(source, flag)
  return {
    ours: texts.map((text) => [text, regex.whole(text), regex.search(text)]),
    theirs: texts.map((text) => [text, whole.test(text), search.test(text)]),
  }
}

test.each([
  '',
  'a',
  'a|b',
  'a||b',
  '(a|b)*',
  '(?:ab)+',
  '(?<name>a)b?',
  'a*?b',
  'a{2}',
  'a{0}',
  'a{1,}b',
  'a{0,2}b',
  '(a*)*',
  '(a|a)*b',
  '(?:)',
  '(?:){99999999999}',
  '^a$',
  'a^b',
  '(^a|b$)',
  '\\bab\\b',
  'a\\Bb',
  '.',
  '.*',
  '\\d+',
  '[\\w\\-]+',
  '[^a]',
  '[[a-c]&&[^b]]',
  '[[a-z]--[aeiou]]+',
  '\\p{L}+',
  '\\P{L}',
  '\\u{1F600}',
  '\\ud83d\\ude00',
  '\\x61',
  '\\n',
  '\\cJ',
  '\\.',
  '\\[',
  '[\\]]',
  '[^\\]]',
  '😀',
  'a😀?b',
  '\\0',
  '(((((a)))))',
  '[\\q{a|b}]',
])('/%s/v means what the language says', (source) => {
  const { ours, theirs } = answers(source, 'v', [...TEXTS, ']', '[', '.', '\0'])
  expect(ours).toEqual(theirs)
})

test.each(['[[]', '[&&]', '[a[b]', '\\p{Lu}', '[^[]'])(
  '/%s/u means what the language says',
  (source) => {
    const { ours, theirs } = answers(source, 'u', [...TEXTS, '[', '&', '[]'])
    expect(ours).toEqual(theirs)
  },
)

const source = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'regex' },
    fc.constantFrom('a', 'b', '.', '\\d', '[ab]', '[^a]', '\\b', '^', '$', '\\p{L}'),
    fc.tuple(tie('node'), tie('node')).map(([one, two]) => one + two),
    fc.tuple(tie('node'), tie('node')).map(([one, two]) => `(?:${one}|${two})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'))
      .map(([one, sign]) => `(?:${one})${sign}`),
  ),
})).node

test('random patterns mean what the language says', () => {
  fc.assert(
    fc.property(
      source,
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', 'é'), maxLength: 6 }), {
        maxLength: 5,
      }),
      (text, texts) => {
        const { ours, theirs } = answers(text, 'v', texts)
        expect(ours, text).toEqual(theirs)
      },
    ),
    { seed: 23, numRuns: 2_000 },
  )
})

describe('refused', () => {
  test.each([
    ['(', /regular expression/],
    ['a**', /regular expression/],
    ['[z-a]', /regular expression/],
    ['(a)\\1', /back-references/],
    ['(?<x>a)\\k<x>', /back-references/],
    ['(?=a)', /look-around/],
    ['(?!a)', /look-around/],
    ['(?<=a)b', /look-around/],
    ['(?<!a)b', /look-around/],
    ['(?i:a)', /flags/],
    ['\\p{RGI_Emoji}', /sets of strings/],
    ['[\\q{abc}]', /sets of strings/],
    ['((a{100}){100}){100}', /repeats too much/],
  ])('/%s/', (text, why) => expect(() => compileRegex(text, 'v')).toThrow(why))
})

test('1 000 states are allowed, one more is not', () => {
  const most = LIMITS.typePatternStatesMax - 1
  expect(compileRegex(`a{${most}}`, 'v').whole('a'.repeat(most))).toBe(true)
  expect(() => compileRegex(`a{${most + 1}}`, 'v')).toThrow(/repeats too much/)
})

test('50 groups may nest, one more may not', () => {
  const nested = (groups: number) => `${'('.repeat(groups)}a${')'.repeat(groups)}`
  expect(compileRegex(nested(LIMITS.typePatternGroupsMax), 'v').whole('a')).toBe(true)
  expect(() => compileRegex(nested(LIMITS.typePatternGroupsMax + 1), 'v')).toThrow(
    /at most 50 groups/,
  )
})

test.each(['(a+)+$', '(a|a)*b', '(a*)*b', '(.*)*(.*)*(.*)*x', '(a?){100}a{100}b'])(
  '/%s/ ends at once on what makes backtracking explode',
  (text) => {
    const regex = compileRegex(text, 'v')
    const started = performance.now()
    expect(regex.whole(`${'a'.repeat(5_000)}!`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(2_000)
  },
)
