import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { bench } from '../test-world.ts'

const MAIN = join(import.meta.dirname, '../test-main.ts')
const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store

function project(name: string, yaml: string): string {
  const folder = join(dir, name)
  mkdirSync(join(folder, '.git'), { recursive: true })
  writeFileSync(join(folder, 'coffer.yaml'), yaml)
  return folder
}

const YAML = `project: shop
prefix: shop/\${env}/api
secrets:
  db-url:
    secretRef: db-url
    env: DATABASE_URL
  api-key: api-key
`

test('check tells every reference that cannot be resolved, and ends with 1', async () => {
  const cwd = project('one', YAML)
  await run(['set', 'shop/dev/api/db-url'], { input: 'postgres://x' })
  const missing = await run(['check', '--json'], { cwd })
  expect(missing.code, missing.err).toBe(1)
  const report = missing.json<{ ok: boolean; fields: { ok: boolean; code?: string }[] }>()
  expect(report.fields.filter(({ ok }) => !ok)).toMatchObject([{ code: 'not_found' }])
  await run(['set', 'shop/dev/api/api-key'], { input: 'abc' })
  expect((await run(['check'], { cwd })).code).toBe(0)
  const denied = await run(['check', '--as', 'local:stranger'], { cwd })
  expect([denied.code, denied.out.match(/denied/g)?.length]).toEqual([1, 2])
})

test('check counts secrets as secrets, and what holds none by itself', async () => {
  const cwd = project('counted', 'project: shop\nprefix: counted\n')
  const config = `import { defineConfig, env, secretRef } from ${JSON.stringify(import.meta.resolve('../../config/index.ts'))}
    export default defineConfig({
      port: env('PORT'), ci: secretRef('env:CI_TOKEN'), key: secretRef('/counted/key') })`
  writeFileSync(join(cwd, 'coffer.config.mjs'), config)
  await run(['set', 'counted/key'], { input: 'abc' })
  const env = { PORT: '80', CI_TOKEN: 'x' }
  const { code, err } = await run(['check'], { cwd, env })
  expect([code, err]).toEqual([0, '2 secrets and 1 other field checked: no errors.\n'])
  const { checked, fields } = (await run(['check', '--json'], { cwd, env })).json<{
    checked: number
    fields: object[]
  }>()
  expect([checked, fields.length]).toEqual([2, 3])
})

test('run takes what the project names, under its names, and starts nothing when one is missing', () => {
  const cwd = project('two', YAML)
  const env = store.env as Record<string, string>
  const go = (args: string[]) =>
    spawnSync(process.execPath, [MAIN, 'run', ...args, '--', 'env'], { cwd, env, encoding: 'utf8' })
  const { stdout, stderr } = go([])
  expect(stdout, stderr).toContain('DATABASE_URL=postgres://x\n')
  expect(stdout).toContain('API_KEY=abc\n')
  const other = go(['--env', 'prod'])
  expect([other.status, other.stdout]).toEqual([78, ''])
  expect(other.stderr).toContain('shop/prod/api/api-key')
})

test('a project that only has a prefix means everything below it', () => {
  const cwd = project('three', 'prefix: shop/${env}/api\n')
  const env = store.env as Record<string, string>
  const args = [MAIN, 'run', '--env', 'dev', '--', 'env']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' })
  expect(stdout, stderr).toContain('DB_URL=postgres://x\n')
})

test('files of what a project names are kept current as well', async () => {
  const cwd = project('four', YAML)
  const files = join(dir, 'project-files')
  const args = [MAIN, 'run', '--files', files, '--', 'sh', '-c', 'echo started; read line']
  const child = spawn(process.execPath, args, { cwd, env: store.env })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const url = () => readFileSync(join(files, 'DATABASE_URL'), 'utf8')
  expect([url(), readFileSync(join(files, 'API_KEY'), 'utf8')]).toEqual(['postgres://x', 'abc'])
  await run(['set', 'shop/dev/api/db-url'], { input: 'postgres://y' })
  for (let i = 0; i < 100 && url() === 'postgres://x'; i++) await sleep(50)
  expect(url()).toBe('postgres://y')
  child.stdin.end()
  for (let i = 0; i < 100 && existsSync(files); i++) await sleep(50)
  expect(existsSync(files)).toBe(false)
})

test('without a project, run and check say what they need', async () => {
  expect((await run(['check'])).err).toContain('--prefix')
  expect((await run(['run', '--', 'true'])).err).toContain('--prefix')
  expect((await run(['check', '--prefix', 'shop/dev'])).code).toBe(0)
})

test('what a project takes from elsewhere needs no store; a store that is missing is told once', () => {
  const yaml = (from: string) =>
    `project: shop\nsecrets:\n  one: "${from}ONE"\n  two: "${from}TWO"\n`
  const env = { ...store.env, COFFER_DATA_DIR: join(dir, 'nowhere'), ONE: '1', TWO: '2' }
  const go = (cwd: string) =>
    spawnSync(process.execPath, [MAIN, 'run', '--', 'env'], { cwd, env, encoding: 'utf8' })
  const { stdout, stderr, status } = go(project('elsewhere', yaml('env:')))
  expect([status, stdout.includes('ONE=1\n')], stderr).toEqual([0, true])
  const files = ['run', '--files', join(dir, 'else'), '--', 'cat', join(dir, 'else/TWO')]
  const options = { cwd: join(dir, 'elsewhere'), env, encoding: 'utf8' } as const
  expect(spawnSync(process.execPath, [MAIN, ...files], options).stdout).toBe('2')
  expect(spawnSync(process.execPath, [MAIN, 'check'], options).status).toBe(0)
  const missing = go(project('nowhere', yaml('/')))
  expect([missing.status, missing.stdout]).toEqual([66, ''])
  expect(missing.stderr.match(/There is no store/g)).toHaveLength(1)
})
