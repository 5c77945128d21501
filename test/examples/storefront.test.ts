import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { bench } from '../../src/cli/test-world.ts'
import { deliveriesOf } from '../../src/config/manifest/deliveries.ts'
import { loadManifest } from '../../src/config/manifest/load.ts'
import { checkOverlays } from '../../src/config/overlay/check.ts'
import { readOverlays } from '../../src/config/overlay/read.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const SOURCE = path.join(ROOT, 'examples/storefront')
const HOOK = path.join(import.meta.dirname, 'coffer-from-source.js')
const ENVIRONMENTS = ['preview', 'staging', 'prod']

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const dir = path.join(store.dir, 'storefront')
cpSync(SOURCE, dir, { recursive: true })
const coffer = (args: readonly string[], input?: string) =>
  store.run(args, { cwd: dir, ...(input === undefined ? {} : { input }) })
const manifest = await loadManifest(dir)
if (manifest === undefined) throw new Error('The storefront has no manifest.')

/** By a secret's name. */
const VALUES: Readonly<Record<string, string>> = {
  'web/session-key': 'canary-session-key-of-40-characters-00001',
  'payments/stripe-key': 'canary-stripe-key-000000000000002',
  'orders/database-url': 'postgres://shop:canary-3@db.example/orders',
  'mail/smtp-password': 'canary-smtp-password-4',
}

/** The commands of the onboarding page, with their values. */
async function fill(env: string): Promise<void> {
  const page = (await coffer(['docs', 'env', '--env', env])).out
  expect(page).toContain(`coffer policy workloads --env ${env}`)
  for (const [, line = ''] of page.matchAll(/^coffer (set .*)$/gm)) {
    const args = line.split(' ')
    const ran = await coffer(args, VALUES[args[1] ?? ''])
    expect(ran.err).not.toContain('error')
    expect(ran.code).toBe(0)
  }
  expect((await coffer(['policy', 'workloads', '--env', env, '--yes'])).code).toBe(0)
}

test('it has three environments with at least three secrets each, and overlays that fit', async () => {
  expect(manifest.environments.map(({ name }) => name)).toEqual(ENVIRONMENTS)
  for (const env of ENVIRONMENTS) {
    const needed = manifest.secrets.filter(({ references }) => references[env] !== undefined)
    expect(needed.length).toBeGreaterThanOrEqual(3)
    const overlays = await readOverlays(path.join(dir, 'config'), env)
    if (overlays === undefined) throw new Error('It has overlays.')
    expect(await checkOverlays(overlays)).toEqual([])
    expect(deliveriesOf(manifest, env).map(({ kind }) => kind)).toEqual(['dotenv', 'json'])
  }
})

test('an empty store fails the check; filled by the commands of its page, it passes', async () => {
  for (const env of ENVIRONMENTS) {
    expect((await coffer(['check', '--env', env])).code).toBe(1)
    await fill(env)
    const { code, out, err } = await coffer(['check', '--env', env])
    expect({ code, out, err }).toMatchObject({ code: 0 })
    expect(out + err).not.toContain('canary')
  }
})

test('it is delivered, and a second time changes nothing', async () => {
  for (const env of ENVIRONMENTS) {
    expect((await coffer(['sync', 'apply', '--env', env, '--yes'])).code).not.toBe(0)
    expect(await coffer(['sync', 'allow', '--env', env, '--yes'])).toMatchObject({ code: 0 })
    const plan = await coffer(['sync', 'plan', '--env', env])
    expect(plan.out + plan.err).not.toContain('canary')
    expect(await coffer(['sync', 'apply', '--env', env, '--yes'])).toMatchObject({ code: 0 })
    const files = () => [`web.${env}.env`, `worker.${env}.json`].map(text)
    const first = files()
    expect(first[0]).toContain('canary-stripe-key')
    expect(JSON.parse(first[1] ?? '')).toMatchObject({
      stripeKey: VALUES['payments/stripe-key'],
    })
    expect(await coffer(['sync', 'apply', '--env', env, '--yes'])).toMatchObject({ code: 0 })
    expect(files()).toEqual(first)
    expect((await coffer(['check', '--env', env])).code).toBe(0)
  }
})

test('the worker and the server read what their environment needs', async () => {
  for (const env of ENVIRONMENTS) {
    const worker = spawnSync(process.execPath, ['--import', HOOK, 'src/worker.ts'], {
      cwd: dir,
      env: { ...(store.env as Record<string, string>), COFFER_ENV: env },
      encoding: 'utf8',
    })
    expect(worker.stderr).toBe('')
    expect(worker.stdout).toContain(`[secret storefront/${env}/payments/stripe-key v1]`)
    expect(worker.stdout).toContain(env === 'preview' ? 'receipts to the log' : 'smtp-password v1')
  }
  const server = spawn(process.execPath, ['--import', HOOK, 'src/server.ts'], {
    cwd: dir,
    env: { ...(store.env as Record<string, string>), COFFER_ENV: 'prod', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  })
  const lines: string[] = []
  for await (const line of createInterface(server.stdout)) {
    lines.push(line)
    const port = /listens on (\d+)/.exec(line)?.[1]
    if (port === undefined) continue
    const response = await fetch(`http://127.0.0.1:${port}/?customer=ann`)
    expect(await response.json()).toMatchObject({ pageSize: 50, paying: 'live' })
    server.kill('SIGTERM')
  }
  if (server.exitCode === null) await once(server, 'exit')
  expect(lines[0]).toContain('orders in db.example/orders')
  expect(lines.join('\n')).not.toContain('canary')
})

test('coffer run gives a command the variables that the manifest names', async () => {
  const print = 'console.log(Object.keys(process.env).sort().join())'
  const main = path.join(ROOT, 'src/cli/test-main.ts')
  const ran = spawnSync(
    process.execPath,
    [main, 'run', '--env', 'staging', '--', 'node', '-e', print],
    {
      cwd: dir,
      env: store.env,
      encoding: 'utf8',
    },
  )
  expect(ran.stderr).toBe('')
  const names = ran.stdout.trim().split(',')
  const wanted = ['DATABASE_URL', 'MAIL_SMTP_PASSWORD', 'STRIPE_KEY', 'WEB_SESSION_KEY']
  expect(names).toEqual(expect.arrayContaining(wanted))
  expect(names).not.toContain('COFFER_MASTER_KEY')
})

test('its types are up to date; a name that is not declared does not compile', async () => {
  expect((await coffer(['types', '--check'])).code).toBe(0)
  const file = path.join(dir, 'coffer-secrets.d.ts')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, before.replace('web/session-key', 'web/session'))
  expect((await coffer(['types', '--check'])).code).toBe(1)
  expect((await coffer(['types'])).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(before)
  writeFileSync(file, '// my own\n')
  expect((await coffer(['types'])).code).not.toBe(0)
  writeFileSync(file, before)
  const wrong = `import { secretRef } from 'coffer'
export const refs = [secretRef('/any/path'), secretRef('env:X'), secretRef({ path: 'web/kye' })]
export const typo = secretRef('payments/stripe-kye')
`
  writeFileSync(path.join(dir, 'src/wrong.ts'), wrong)
  expect(compile()).toEqual({ status: 1, places: ['src/wrong.ts(3,31)'] })
})

const text = (file: string) => readFileSync(path.join(dir, file), 'utf8')

/** The compiler's verdict, with the places of its errors. */
function compile() {
  const config = JSON.parse(readFileSync(path.join(SOURCE, 'tsconfig.json'), 'utf8'))
  const paths = Object.entries<string[]>(config.compilerOptions.paths).map(([name, [at = '']]) => [
    name,
    [path.join(SOURCE, at)],
  ])
  const options = {
    ...config.compilerOptions,
    paths: Object.fromEntries(paths),
    rootDir: '/',
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
  }
  const moved = { ...config, extends: path.join(ROOT, 'tsconfig.json'), compilerOptions: options }
  writeFileSync(path.join(dir, 'tsconfig.json'), JSON.stringify(moved))
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', dir, '--pretty', 'false'], {
    cwd: dir,
    encoding: 'utf8',
  })
  return { status, places: [...stdout.matchAll(/^(\S+\(\d+,\d+\)): error/gm)].map(([, at]) => at) }
}
