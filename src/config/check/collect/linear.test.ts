import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { loadManifest } from '../../manifest/load.ts'
import { checkManifest } from '../check.ts'
import { ignoreRules } from './ignore.ts'
import { usagesIn } from './usages-in.ts'

const home = mkdtempSync(path.join(tmpdir(), 'coffer-linear-'))
afterAll(() => rmSync(home, { recursive: true }))

const whole = (unit: string, size: number = LIMITS.checkFileBytesMax) =>
  unit.repeat(Math.floor(size / unit.length))

/** Far more than any of them takes, also where much else runs; quadratic ones take minutes. */
const SLOW_MS = 10_000

const msOf = (work: () => unknown): number => {
  const start = performance.now()
  work()
  return performance.now() - start
}

test.each([
  ['comments that never end', 'code', 'secretRef ', '/* '],
  ['quoted text that never ends', 'code', 'secretRef ', '\\`'],
  ['the same of one line', 'code', 'secretRef ', "\\'"],
  ['references', 'code', '', "secretRef('a')\n"],
  ['references of a document', 'document', '', 'secretRef: a\n'],
  ['nothing after a reference', 'document', 'secretRef:', '\n'],
] as const)('a file is looked through in time that is linear in it: %s', (_, kind, begin, unit) => {
  expect(msOf(() => usagesIn(Buffer.from(begin + whole(unit)), 'a', kind))).toBeLessThan(SLOW_MS)
})

test('comments are passed over, and what only looks like one is none', () => {
  const code = [
    "a = 'it\\'s /* none */'; secretRef('a/one') /* secretRef('no/one') */",
    "// secretRef('no/two')",
    'b = `// none \\` ${c}`; secretRef("a/two")',
    "/* it's",
    " secretRef('no/three') */ secretRef('a/three') // 'x",
    'd = "an open text \\"; secretRef(\'a/four\')',
  ].join('\n')
  const found = usagesIn(Buffer.from(code), 'a.ts', 'code').map((usage) =>
    usage.kind === 'reference' ? `${usage.written} ${usage.line}:${usage.column}` : '',
  )
  expect(found).toEqual(['a/one 1:25', 'a/two 3:24', 'a/three 5:27', 'a/four 6:23'])
})

test('wildcards of .gitignore cost no more than the name is long, and a malformed line fits nothing', () => {
  const names = `${'a'.repeat(250)}b`
  expect(msOf(() => ignoreRules(whole('*a', 200), '').ignores(names, false))).toBeLessThan(SLOW_MS)
  const folders = whole('a/', 4_000)
  expect(msOf(() => ignoreRules(whole('**/', 90), '').ignores(folders, false))).toBeLessThan(
    SLOW_MS,
  )
  expect(msOf(() => ignoreRules(`a${whole(' ')}b`, ''))).toBeLessThan(SLOW_MS)
  const rules = ignoreRules('[z-a]\n*.a*b*.c', '')
  const ignored = ['z', 'a', 'x.a1b2.c'].filter((name) => rules.ignores(name, false))
  expect(ignored).toEqual(['x.a1b2.c'])
})

test('the manifest and the overlays are looked through in time that is linear in them', async () => {
  const token = ['AKIA', 'IOSFODNN7ABCDEFG'].join('')
  const long = whole('x', 200_000)
  const rest = 'project: shop\nenvironments: [prod]\nsecrets: {}\n'
  writeFileSync(
    path.join(home, 'coffer.yaml'),
    `# ${token} a: ${long}\n${whole('\n', 200_000)}${rest}`,
  )
  const manifest = await loadManifest(home)
  if (manifest === undefined) throw new Error('There is no manifest.')
  const start = performance.now()
  const { findings } = await checkManifest({
    manifest,
    environments: ['prod'],
    asks: false,
    coffer: () => Promise.reject(new Error('It is asked.')),
    now: 0,
  })
  expect(performance.now() - start).toBeLessThan(SLOW_MS)
  expect(findings.map(({ code, line }) => `${code} ${line}`)).toContain('plaintext_secret 1')
})
