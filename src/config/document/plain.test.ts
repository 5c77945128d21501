import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { DocumentNode } from './node.ts'
import { parseDocument } from './parse.ts'
import { readPlain } from './plain.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const FILES = [
  'examples/storefront/coffer.yaml',
  ...['default', 'preview', 'staging', 'prod', 'schema'].map(
    (name) => `examples/storefront/config/${name}.yaml`,
  ),
]

const byYaml = (text: string): Promise<DocumentNode | undefined> =>
  parseDocument(text, 'yaml', 'f').catch(() => undefined)

test.each(FILES)('%s is read without the YAML parser, and as it reads it', async (file) => {
  const text = read(file)
  const found = readPlain(text, 'f')
  expect(found).toBeDefined()
  expect(found).toEqual(await byYaml(text))
})

test.each([
  'a: &x 1\nb: *x',
  'a: !!str 1',
  'a: |\n  text',
  'a: >\n  text',
  'a: one\n  two',
  'a: "x\\n"',
  "a: 'it''s'",
  'a: 0x1f',
  'a: 1.5',
  'a: -1',
  'a: .inf',
  'a: 1e3',
  'a: 12345678901234567890',
  'a: 1\na: 2',
  '{ a: 1 }',
  '- a',
  '---\na: 1',
  '"a": 1',
  '? a\n: b',
  '<<: { a: 1 }',
  '__proto__: 1',
  'a: [1, 2,]',
  'a: [1,\n  2]',
  'a: { b }',
  'a: { b: }',
  'a:\tb',
  'a: b\r\n',
  'a: b: c',
  'a: # nothing',
  '  a: 1',
  'a:\n  b: 1\n c: 2',
  '',
  '# only a comment\n',
])('%j is left to the YAML parser', (text) => {
  expect(readPlain(text, 'f')).toBeUndefined()
})

const VALUES = [
  'value',
  'text with words # comment',
  '42',
  'true',
  'null',
  '~',
  'Nullish',
  '90d',
  '1.2.3',
  'https://a.example:80/b?c#d',
  '"a: b # c"',
  "'x, y'   # c",
  '{ a: 1, b: [c, "d"], e/f: g:h }',
  '[a b, c:d, 7, true, {}, []]',
  '{ to: x, file: a#b }',
  '{ every: 90d, automatic: true } # c',
  '  value   ',
  'wörds — here',
  'a@b.example',
  '${project}/${env}',
  "'${project}'",
  'a:',
  'a - b',
  '!x y',
  '*a',
  '2026-01-01',
  '+1',
  'a #b',
  'a{b}',
  '-',
  '',
  '',
]
const KEYS = ['key', 'a/b.c-d', 'n', 'Null', '7', 'KEY', '$x', '_y', 'ü', 'a b', 'key']
const MARKS = Array.from(' :#-,[]{}"\'&*!|>%@`?~.0aT\n\t\\')

/** Numbers from 0 up to `below`, the same for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A document as a person might write it, with a few odd values. */
function documentFrom(random: (below: number) => number, indent = 0, depth = 0): string {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T
  const pad = ' '.repeat(indent)
  const value = () => (random(4) === 0 ? pick(VALUES) : pick(VALUES.slice(0, 21)))
  const list = (at: string) =>
    Array.from({ length: 1 + random(3) }, () =>
      random(4) === 0 ? `${at}- key: x\n${at}  other: ${value()}` : `${at}- ${value()}`,
    ).join('\n')
  const lines = Array.from({ length: 1 + random(4) }, (_, i) => {
    const key = `${pad}${random(8) === 0 ? pick(KEYS) : `key${i}`}:`
    const kind = depth > 2 ? 0 : random(5)
    if (kind === 1) return `${key}\n${documentFrom(random, indent + 1 + random(3), depth + 1)}`
    if (kind === 2) return `${key}\n${list(pad + ' '.repeat(random(3)))}`
    if (kind === 3) return `${key}${pick(['', ' ', ' # c', '\n# c', '\n'])}`
    return `${key} ${value()}`
  })
  return lines.join('\n')
}

test('where both can read a document they agree, and what is malformed is never read', async () => {
  const random = numbers(20_261_122)
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T
  const whole = FILES.map(read)
  let quick = 0
  for (let round = 0; round < 4_000; round++) {
    let text = documentFrom(random)
    if (round % 50 === 0) text = pick(whole)
    for (let edits = random(3); edits > 0; edits--) {
      const at = random(text.length)
      text = text.slice(0, at) + pick(MARKS) + text.slice(at + random(2))
    }
    const found = readPlain(text, 'f')
    if (found === undefined) continue
    quick++
    expect(found, text).toEqual(await byYaml(text))
  }
  expect(quick).toBeGreaterThan(700)
})

test('a line is read in time that is linear in it', () => {
  const start = performance.now()
  const found = readPlain(`a: x${' '.repeat(1_000_000)}y # z\n`, 'f')
  expect(performance.now() - start).toBeLessThan(10_000)
  expect(found).toBeDefined()
})
