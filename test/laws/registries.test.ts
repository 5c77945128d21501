import { expect, test } from 'vitest'
import { importsOf, occurrences, sources, structureOf } from './sources.ts'

/** Law 8 and law 10. */
const all = sources('src')
/** Importing it is the mistake that it tells. */
const REFUSAL = 'src/config/browser.ts'

const registries = all.filter(({ file }) => /^src\/adapters\/[^/]+\/registry\.ts$/.test(file))

test('the law sees the registries', () => {
  expect(registries.map(({ file }) => file.split('/')[2])).toEqual([
    'destinations',
    'providers',
    'seals',
    'sinks',
    'stores',
  ])
})

test('a module keeps no state of its own at its top level', () => {
  // A memo keyed weakly by its object is not state: it cannot be read by another.
  const state =
    /^(?:export )?(?:let|var) \w|^(?:export )?const \w+[^=\n]*= (?:new (?:Map|Set)\b[^(\n]*\(\s*\)|\[\]|\{\})/gm
  expect(all.flatMap((source) => occurrences(structureOf(source), state))).toEqual([])
})

test('importing a module does nothing', () => {
  // A statement at the top level that is neither a declaration nor an export.
  const effect =
    /^(?!import|export|const|function|async|class|type|interface|declare)[a-zA-Z_$][^\n]*/gm
  const found = all
    .filter(({ file }) => file !== REFUSAL)
    .flatMap((source) => occurrences(structureOf(source), effect))
  expect(found).toEqual([])
  // An import for its effects binds no name.
  expect(all.flatMap((source) => occurrences(source, /^import ['"].*/gm))).toEqual([])
})

test('an adapter is named by its registry and by nothing else', () => {
  const adapters = all
    .filter(({ file }) => registries.some((r) => sameFolder(r.file, file) && r.file !== file))
    .map(({ file }) => file)
  const entries = registries
    .flatMap(importsOf)
    .filter(({ typesOnly }) => !typesOnly)
    .map(({ to }) => to)
  const registered = adapters.filter((file) => entries.includes(file))
  expect(registered.length).toBeGreaterThan(6)
  const elsewhere = all
    .flatMap(importsOf)
    .filter(({ from, to, typesOnly }) => registered.includes(to) && !typesOnly && !isRegistry(from))
    .map(({ from, to }) => `${from} names ${to}`)
  expect(elsewhere).toEqual([])
})

test('a registry holds at most an import and an entry for each adapter', () => {
  for (const { file, code } of registries) {
    const adapters = importsOf({ file, code }).filter(({ to }) => sameFolder(file, to))
    for (const { to } of adapters) {
      const name = to.slice(to.lastIndexOf('/') + 1, -'.ts'.length)
      expect(code.split(`/${name}.ts'`).length - 1, `${file}: ${name}`).toBe(1)
    }
    const lines = code.split('\n').filter((line) => line.trim() !== '').length
    expect(lines, file).toBeLessThanOrEqual(adapters.length * 2 + 15)
  }
})

test('a provider that nobody asks costs a start nothing: what it needs is imported when it is asked', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string) => {
    const source = all.find((one) => one.file === file)
    if (source === undefined) packages.add(file)
    if (source === undefined || seen.has(file)) return
    seen.add(file)
    for (const { to, typesOnly, isLazy } of importsOf(source)) if (!typesOnly && !isLazy) visit(to)
  }
  visit('src/adapters/providers/registry.ts')
  expect(seen.size).toBeGreaterThan(12)
  // What is there before a program begins.
  expect([...packages].toSorted()).toEqual(['node:buffer', 'node:fs', 'node:path'])
})

const isRegistry = (file: string) => file.endsWith('/registry.ts')
const sameFolder = (a: string, b: string) =>
  a.slice(0, a.lastIndexOf('/')) === b.slice(0, b.lastIndexOf('/'))
