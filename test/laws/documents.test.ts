import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { DESTINATIONS } from '../../src/adapters/destinations/registry.ts'
import { PROVIDERS } from '../../src/adapters/providers/registry.ts'
import { SEALS } from '../../src/adapters/seals/registry.ts'
import { SEAL_KINDS } from '../../src/cli/specs/seal-kinds.ts'
import { errorsDocument } from '../../scripts/errors-document.ts'
import { root, sources } from './sources.ts'

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

/** Links inside the project, from the root. */
const linksOf = (page: string): string[] =>
  [...read(page).matchAll(/\]\((?<to>[^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(({ groups }) => groups?.['to'] ?? '')
    .filter((to) => !/^[a-z]+:/.test(to))
    .map((to) => path.posix.join(path.posix.dirname(page), to))

test('a link inside the project leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((to) => !existsSync(path.join(root, to)))
      .map((to) => `${page} -> ${to}`),
  )
  expect(broken).toEqual([])
})

test('what is packed links to what is packed', () => {
  const { files } = JSON.parse(read('package.json')) as { files: string[] }
  const isPacked = (file: string) =>
    files.some((packed) => file === packed || file.startsWith(`${packed}/`))
  const packed = pages.filter(isPacked)
  expect(packed).toContain('README.md')
  const outside = packed.flatMap((page) =>
    linksOf(page)
      .filter((to) => !isPacked(to))
      .map((to) => `${page} -> ${to}`),
  )
  expect(outside).toEqual([])
})

test.each([
  ['docs/providers.md', Object.keys(PROVIDERS)],
  ['docs/destinations.md', Object.keys(DESTINATIONS)],
])('%s has every kind that there is', (page, kinds) => {
  const rows = [...read(page).matchAll(/^\| .*$/gm)].map(([row]) => row.split('|')[1] ?? '')
  const first: readonly string[] = rows.join(' ').match(/[a-z]+/g) ?? []
  expect(kinds.filter((kind) => !first.includes(kind))).toEqual([])
})

test('docs/seals.md has the seals that help names, and their options', () => {
  const page = read('docs/seals.md')
  for (const kind of SEAL_KINDS) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${kind}\``))
    for (const name of Object.keys(SEALS[kind]?.options ?? {})) {
      expect(row, kind).toContain(`\`${name}\``)
    }
  }
})

test('docs/variables.md has every variable of ours, and no other', () => {
  const ours = /\bCOFFER_[A-Z_]*[A-Z]\b/g
  const told = new Set(read('docs/variables.md').match(ours))
  const all = sources('src')
  const used = (files: typeof all) => new Set(files.flatMap(({ text }) => text.match(ours) ?? []))
  expect([...told].filter((name) => !used(all).has(name))).toEqual([])
  // An adapter is one file and its entry in the registry: nobody has to come here with it.
  const needed = used(all.filter(({ file }) => !file.startsWith('src/adapters/')))
  expect([...needed].filter((name) => !told.has(name) && !NOT_READ.has(name))).toEqual([])
})

/** Codes of errors and warnings; and one that programs are kept from, should anybody set it. */
const NOT_READ: ReadonlySet<string> = new Set(['COFFER_NO_TUNNEL', 'COFFER_PASSPHRASE_FILE'])

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
