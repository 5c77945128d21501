import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

const fixture = (name: string) => `test/laws/fixtures/${name}.ts`

/** The project's own rules, by a config that only lifts the ignore on the planted files. */
function lint(file: string): { code: number | null; output: string } {
  const args = [
    '--type-aware',
    '--format',
    'unix',
    '-c',
    'test/laws/fixtures/planted.oxlintrc.json',
  ]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/oxlint/bin/oxlint', ...args, file],
    { cwd: root, encoding: 'utf8' },
  )
  return { code: status, output: stdout + stderr }
}

test.each(['floating-promise', 'voided-promise'])(
  'an audit write that nobody awaits fails the gate: %s',
  (name) => {
    const { code, output } = lint(fixture(name))
    expect(output).toContain('no-floating-promises')
    expect(code).toBe(1)
  },
)

test('the same write, awaited, passes', () => {
  const { code, output } = lint(fixture('awaited-promise'))
  expect(output).not.toContain('Error')
  expect(code).toBe(0)
})
