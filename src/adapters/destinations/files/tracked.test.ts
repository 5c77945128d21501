import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { dotenv } from '../dotenv.ts'

const hasGit = spawnSync('git', ['--version']).status === 0
let dir: string

beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'coffer-tracked-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const PATH = process.env['PATH']
const warnings = async (file = 'out/app.env', env: Record<string, string | undefined> = { PATH }) =>
  dotenv({ env: { HOME: dir, ...env }, options: { file }, dir, environment: 'prod' }).warnings?.()
const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: dir, env: { PATH, HOME: dir }, stdio: 'pipe' })

test.skipIf(!hasGit)(
  'a file that Git does not ignore is warned of, with the line to add',
  async () => {
    git('init', '-q')
    const [warning, ...more] = (await warnings()) ?? []
    expect(warning).toContain('out/app.env lies in a Git work tree that does not ignore it')
    expect(more).toEqual([])
    const [, line = ''] = /add the line (\S+) /.exec(warning ?? '') ?? []
    writeFileSync(path.join(dir, '.gitignore'), `${line}\n`)
    expect(await warnings()).toEqual([])
  },
)

test.skipIf(!hasGit)('the line names a file with signs of a pattern, too', async () => {
  git('init', '-q')
  const name = 'a[b]?.env'
  const [, line = ''] = /add the line (\S+) /.exec((await warnings(name))?.[0] ?? '') ?? []
  writeFileSync(path.join(dir, '.gitignore'), `${line}\n`)
  expect(await warnings(name)).toEqual([])
})

test.skipIf(!hasGit)('a file that is tracked is warned of, whatever is ignored', async () => {
  git('init', '-q')
  mkdirSync(path.join(dir, 'out'))
  writeFileSync(path.join(dir, 'out/app.env'), '')
  git('add', 'out/app.env')
  writeFileSync(path.join(dir, '.gitignore'), '/out/app.env\n')
  expect(await warnings()).toHaveLength(1)
})

test.skipIf(!hasGit)('outside of a work tree nothing is warned of', async () => {
  expect(await warnings()).toEqual([])
})

test('without Git nothing is warned of', async () => {
  expect(await warnings('out.env', { PATH: dir })).toEqual([])
})

test('a Git that does not answer within `gitTimeoutMs` keeps nobody waiting, and is told no token', async () => {
  const program = path.join(dir, 'git')
  writeFileSync(program, '#!/bin/sh\nexport -p > "$HOME/told"\nexec sleep 60\n')
  chmodSync(program, 0o755)
  const began = performance.now()
  expect(await warnings('out.env', { PATH: `${dir}:${PATH}`, VERCEL_TOKEN: 'canary' })).toEqual([])
  expect(performance.now() - began).toBeLessThan(LIMITS.gitTimeoutMs + 15_000)
  expect(execFileSync('cat', [path.join(dir, 'told')]).toString()).not.toContain('canary')
})

test.skipIf(!hasGit)('what a work tree has configured is not run', async () => {
  git('init', '-q')
  const trap = path.join(dir, 'trap')
  writeFileSync(trap, '#!/bin/sh\ntouch "$0.sprung"\n')
  chmodSync(trap, 0o755)
  git('config', 'core.fsmonitor', trap)
  writeFileSync(path.join(dir, 'seen'), '')
  await warnings()
  expect(spawnSync('ls', [`${trap}.sprung`]).status).not.toBe(0)
})
