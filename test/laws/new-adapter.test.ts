import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './sources.ts'

/**
 * Law 10, tried: adapters that the repository has not seen are put into a copy of it, each as one
 * file, its test and one entry in its registry; the contract suites and the laws must accept them.
 */
const KINDS = ['seals', 'providers', 'destinations', 'sinks', 'stores']
/** Their registry loads an adapter when it is used. */
const LAZY = ['destinations']
/** The tests that iterate a registry. */
const SUITES = ['seals', 'providers', 'destinations', 'sinks']
  .map((kind) => `${kind}/registry`)
  .concat('stores/stores.test')

let copy: string

beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'coffer-adapter-'))
  for (const dir of ['src', 'test/audit', 'test/support']) {
    cpSync(path.join(root, dir), path.join(copy, dir), { recursive: true })
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction')
  for (const file of ['package.json', 'tsconfig.json', 'vitest.config.ts']) {
    cpSync(path.join(root, file), path.join(copy, file))
  }
  for (const kind of KINDS) addAdapter(kind)
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('a new adapter of each kind passes with nothing else touched', { timeout: 120_000 }, () => {
  const tests = [...KINDS.map((kind) => `${kind}/unseen`), ...SUITES].map((t) => `adapters/${t}`)
  const { status, stdout, stderr } = node(
    'vitest/vitest.mjs',
    'run',
    '--root',
    copy,
    '-t',
    'unseen',
    ...tests,
  )
  expect(stdout + stderr).toMatch(/Test Files\s+10 passed/)
  expect(status).toBe(0)
})

test('they type-check', { timeout: 120_000 }, () => {
  const { stdout } = node('typescript/bin/tsc', '-p', copy)
  const ours = /^src\/adapters\/(?:seals|providers|destinations|sinks|stores)\//
  expect(stdout.split('\n').filter((line) => ours.test(line))).toEqual([])
})

function addAdapter(kind: string): void {
  const folder = path.join(copy, 'src/adapters', kind)
  const fixture = (name: string) => path.join(root, 'test/laws/fixtures/adapters', `${kind}${name}`)
  cpSync(fixture('.ts.txt'), path.join(folder, 'unseen.ts'))
  cpSync(fixture('.test.ts.txt'), path.join(folder, 'unseen.test.ts'))
  const registry = path.join(folder, 'registry.ts')
  const text = readFileSync(registry, 'utf8')
  const [imported, entry] = LAZY.includes(kind)
    ? ['', "unseen: async () => (await import('./unseen.ts')).unseen"]
    : ["import { unseen } from './unseen.ts'\n", 'unseen']
  const begin = /(export const [A-Z]+[^{]*= \{\n)/
  writeFileSync(registry, `${imported}${text.replace(begin, `$1  ${entry},\n`)}`)
}

function node(program: string, ...args: string[]) {
  const file = path.join(root, 'node_modules', program)
  const env = { ...process.env, NO_COLOR: '1', VITEST: undefined }
  return spawnSync(process.execPath, [file, ...args], { cwd: copy, env, encoding: 'utf8' })
}
