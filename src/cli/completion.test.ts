import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
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
  expect(complete('coffer init --seal sh')).toEqual(['shamir'])
  expect(complete('coffer set a/b --type pri')).toEqual(['privateKey'])
  expect(complete('coffer policy test a b --action del')).toEqual(['delete', 'deliver'])
  expect(complete('coffer audit query --action key.ro')).toEqual(['key.rotate'])
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
  // From a file: fish 3.6 takes the socket that would be its standard input for a directory.
  const check = spawnSync(shell, ['-n', fileOf(text)], { encoding: 'utf8' })
  skipWithout(shell, check.error, context)
  expect(check.error).toBe(undefined)
  expect(check.stderr).toBe('')
  expect(check.status).toBe(0)
})

test('fish completes commands, subcommands, options, choices and files', (context) => {
  const file = fileOf(SHELLS.fish(commands))
  const completeInFish = (line: string): string[] => {
    const script = 'source $argv[1]; complete --do-complete $argv[2]'
    const { stdout, stderr, error } = spawnSync('fish', ['--no-config', '-c', script, file, line], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    })
    skipWithout('fish', error, context)
    expect(stderr).toBe('')
    return stdout
      .trim()
      .split('\n')
      .map((offer) => offer.split('\t')[0]!)
  }
  expect(completeInFish('coffer ro').toSorted()).toEqual(['role', 'rollback', 'rotate'])
  expect(completeInFish('coffer audit ver')).toEqual(['verify'])
  expect(completeInFish('coffer list --exp')).toEqual(['--expires-within'])
  expect(completeInFish('coffer import --format y')).toEqual(['yaml'])
  expect(completeInFish('coffer completion f')).toEqual(['fish'])
  expect(completeInFish('coffer init --seal sh')).toEqual(['shamir'])
  expect(completeInFish('coffer import disp')).toContain('dispatch.ts')
  expect(completeInFish('coffer --json li')).toEqual(['list'])
  expect(completeInFish('coffer policy list --exp')).toEqual([''])
  expect(completeInFish('coffer --data-dir .coffer --json audit ver')).toEqual(['verify'])
  expect(completeInFish('coffer run -- bas')).toContain('bash')
  expect(completeInFish('coffer run --prefix shop/dev/api -- bas')).toContain('bash')
  expect(completeInFish('coffer run -- cat disp')).toEqual(['dispatch.ts'])
  expect(completeInFish('coffer run -- nothing --js')).toEqual([''])
})

function fileOf(text: string): string {
  const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-completion-'))
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  const file = path.join(scratch, 'script')
  writeFileSync(file, text)
  return file
}

function skipWithout(
  shell: Shell,
  error: NodeJS.ErrnoException | undefined,
  context: TestContext,
): void {
  context.skip(error?.code === 'ENOENT', `no ${shell} here to read its script`)
}
