import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { SHELLS, type Shell } from './completion.ts'
import { allSpecs } from './registry.ts'

const commands = (await allSpecs()).flatMap((section) => section.commands)

function complete(line: string): string[] {
  const words = line.split(' ')
  const script = `${SHELLS.bash(commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_coffer; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

test('bash completes commands, subcommands, options, choices and files', () => {
  expect(complete('coffer ro')).toEqual(['rotate', 'rollback', 'role'])
  expect(complete('coffer audit ver')).toEqual(['verify'])
  expect(complete('coffer list --exp')).toEqual(['--expires-within'])
  expect(complete('coffer import --format y')).toEqual(['yaml'])
  expect(complete('coffer check --format s')).toEqual(['sarif'])
  expect(complete('coffer sync plan --out disp')).toEqual(['dispatch.ts'])
  expect(complete('coffer check --ca disp')).toEqual(['dispatch.ts'])
  expect(complete('coffer completion f')).toEqual(['fish'])
  expect(complete('coffer import disp')).toContain('dispatch.ts')
  expect(complete('coffer --json li')).toEqual(['list'])
  expect(complete('coffer run -- bas')).toContain('bash')
  expect(complete('coffer run --prefix shop/dev/api -- bas')).toContain('bash')
  expect(complete('coffer --data-dir .coffer --json audit ver')).toEqual(['verify'])
  expect(complete('coffer --data-dir = .coffer audit ver')).toEqual(['verify'])
  expect(complete('coffer import --format = y')).toEqual(['yaml'])
  expect(complete('coffer import --format =')).toContain('yaml')
})

test.for(['bash', 'zsh', 'fish'] as const)('%s understands the script', (shell: Shell, context) => {
  const text = SHELLS[shell](commands)
  for (const { name } of commands) expect(text).toContain(name)
  const check = spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' })
  if (check.error !== undefined) return context.skip(`no ${shell} here to read its script`)
  expect(check.stderr).toBe('')
  expect(check.status).toBe(0)
})
