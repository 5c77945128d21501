import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { DESTINATIONS } from '../../src/adapters/destinations/registry.ts'
import { PROVIDERS } from '../../src/adapters/providers/registry.ts'
import { errorsDocument } from '../../scripts/errors-document.ts'
import { root } from './sources.ts'

const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

/** Markdown of the project: what is at the root and below docs/. */
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.posix.join('docs', name.replaceAll(path.sep, '/'))),
]

test('the law sees the documents', () => {
  expect(pages.length).toBeGreaterThan(25)
})

test('docs/errors.md is the table of errors (write it with `npm run docs`)', () => {
  expect(read('docs/errors.md')).toBe(errorsDocument())
})

test('a link inside the project leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?<to>[^)\s#]+)(?:#[^)]*)?\)/g)]
      .map(({ groups }) => groups?.['to'] ?? '')
      .filter((to) => !/^[a-z]+:/.test(to))
      .filter((to) => !existsSync(path.join(root, path.dirname(page), to)))
      .map((to) => `${page} -> ${to}`),
  )
  expect(broken).toEqual([])
})

test.each([
  ['docs/providers.md', Object.keys(PROVIDERS)],
  ['docs/destinations.md', Object.keys(DESTINATIONS)],
])('%s has every kind that there is', (page, kinds) => {
  const rows = [...read(page).matchAll(/^\| .*$/gm)].map(([row]) => row.split('|')[1] ?? '')
  const first: readonly string[] = rows.join(' ').match(/[a-z]+/g) ?? []
  expect(kinds.filter((kind) => !first.includes(kind))).toEqual([])
})

test('a law names the test that guards it, and the test is there', () => {
  const laws = read('ARCHITECTURE.md').split('## Laws')[1]?.split('\n## ')[0] ?? ''
  const numbers = [...laws.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  for (const law of laws.split(/^(?=\d+\. )/m).slice(1)) {
    const tests = [...law.matchAll(/`((?:src|test)\/[^`]+\.ts)`/g)].map(([, file = '']) => file)
    expect(tests, law).not.toEqual([])
    expect(tests.filter((file) => !existsSync(path.join(root, file)))).toEqual([])
  }
})

test('every decision is numbered once, without gaps', () => {
  const numbers = readdirSync(path.join(root, 'docs/adr'))
    .map((name) => /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1] ?? name)
    .toSorted()
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, '0')))
})
