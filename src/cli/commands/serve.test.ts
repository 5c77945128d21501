import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Started } from '../serve-banner.ts'
import { bench } from '../test-world.ts'
import type { Bench, Ran, RunOptions } from '../test-world.ts'

interface Run {
  readonly started: Started
  readonly signals: EventEmitter
  readonly ended: Promise<Ran>
}

/** The command in this process, once it has said where it is. */
async function serving(
  store: Bench,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const signals = new EventEmitter()
  const said = Promise.withResolvers<string>()
  const ended = store.run(
    ['serve', '--json', '--log-level', 'silent', '--listen', '127.0.0.1:0', ...args],
    {
      ...options,
      signals,
      printed: (text) => said.resolve(text),
    },
  )
  const early = ended.then(({ code, err }) => {
    throw new Error(`serve ended with ${code}: ${err}`)
  })
  const line = await Promise.race([said.promise, early])
  early.catch(() => {})
  expect(line.endsWith('}\n') && line.indexOf('\n') === line.length - 1).toBe(true)
  return { started: JSON.parse(line) as Started, signals, ended }
}

const stop = async ({ signals, ended }: Run): Promise<number> => {
  signals.emit('SIGTERM')
  return (await ended).code
}

/** GET over TLS, checked with the authority that the server named. */
function get({ url, ca }: Started, path: string, token?: string): Promise<number | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const options = { ca: readFileSync(ca ?? ''), headers, agent: false }
    request(`${url}${path}`, options, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end()
  })
}

test('the first start makes a store and says once how to reach it; later ones say no token', async () => {
  await using store = await bench({ bare: true })
  const first = await serving(store)
  const { token, url, ca, dataDir, sealed } = first.started
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  expect([ca, dataDir, sealed]).toEqual([
    join(store.dir, 'data', 'tls', 'ca.pem'),
    join(store.dir, 'data'),
    false,
  ])
  expect(token).toMatch(/^coffer_/)
  expect(await get(first.started, '/readyz')).toBe(200)
  expect(await get(first.started, '/metrics')).toBe(401)
  expect(await get(first.started, '/metrics', token)).toBe(200)
  expect(await stop(first)).toBe(0)
  expect((await first.ended).err).not.toContain(token ?? '')
  const second = await serving(store)
  expect(second.started).not.toHaveProperty('token')
  expect(await get(second.started, '/metrics', token)).toBe(200)
  expect((await store.run(['ca'])).out).toBe(readFileSync(ca ?? '', 'utf8'))
  const known = (await store.run(['ca', '--json'])).json()
  expect(known).toMatchObject({ file: ca, sha256: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}/) })
  expect(await stop(second)).toBe(0)
})

test('beside a running server the local commands work on the same store', async () => {
  await using store = await bench()
  const server = await serving(store)
  expect((await store.run(['set', 'a/b'], { input: 'x' })).code).toBe(0)
  expect((await store.run(['get', 'a/b'])).out).toBe('x')
  const made = await store.run(['token', 'create', '--policy', 'admin', '--ttl', '1h', '--json'])
  const { token } = made.json<{ token: string }>()
  expect(await get(server.started, '/metrics', token)).toBe(200)
  expect((await store.run(['audit', 'verify'])).code).toBe(0)
  expect(await stop(server)).toBe(0)
})

test('a person is told in lines to copy; what is switched off is left out', async () => {
  await using store = await bench({ bare: true })
  const signals = new EventEmitter()
  const printed = Promise.withResolvers<string>()
  const args = ['serve', '--http', '--listen', ':0', '--disable', 'aws', '--log-level', 'silent']
  const ended = store.run(args, { signals, printed: (text) => printed.resolve(text) })
  const banner = await printed.promise
  expect(banner).toMatch(/^Coffer listens on http:\/\/127\.0\.0\.1:\d+\n/)
  expect(banner).toMatch(/export COFFER_ADDR=http:.*\n {2}export COFFER_TOKEN=coffer_/)
  expect(banner).toContain('export VAULT_ADDR=')
  expect(banner).not.toMatch(/AWS|CACERT/)
  const url = /http:\S+/.exec(banner)?.[0] ?? ''
  expect((await fetch(url, { method: 'POST' })).status).toBe(404)
  signals.emit('SIGINT')
  expect((await ended).code).toBe(0)
  expect(existsSync(join(store.dir, 'data', 'tls'))).toBe(false)
  expect((await store.run(['ca'])).code).toBe(66)
})

test('a store that is made with shares shows them once, and is open on its first start', async () => {
  await using store = await bench({ bare: true })
  const env = { COFFER_MASTER_KEY: undefined }
  const seal = ['--seal', 'shamir', '--seal-option', 'shares=3', '--seal-option', 'threshold=2']
  const first = await serving(store, seal, { env })
  expect(first.started.shares).toHaveLength(3)
  expect(first.started.sealed).toBe(false)
  expect(await get(first.started, '/metrics', first.started.token)).toBe(200)
  expect(await stop(first)).toBe(0)
  const second = await serving(store, [], { env })
  expect([second.started.sealed, second.started.shares]).toEqual([true, []])
  expect(await get(second.started, '/readyz')).toBe(503)
  expect(await get(second.started, '/healthz')).toBe(200)
  expect(await stop(second)).toBe(0)
})

test('a first start that fails says what there is no second time for: shares, or where the key is', async () => {
  const wrong = ['--tls-cert', 'x', '--tls-key', 'y', '--listen', '127.0.0.1:0']
  const seal = ['--seal', 'shamir', '--seal-option', 'shares=3', '--seal-option', 'threshold=2']
  const env = { COFFER_MASTER_KEY: undefined }
  for (const [args, told, times] of [
    [seal, /^coffer-share1-/gm, 3],
    [['--seal', 'key-file'], /^The root key is in /gm, 1],
  ] as const) {
    await using store = await bench({ bare: true })
    const ran = await store.run(['serve', ...wrong, ...args], { env })
    expect([ran.code, ran.err.match(told)?.length], ran.err).toEqual([69, times])
    const again = await store.run(['serve', ...wrong], { env })
    expect([again.code, told.test(again.err)]).toEqual([69, false])
  }
})

test('what cannot be served is refused with its code, and makes no server', async () => {
  await using store = await bench()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const refused: readonly (readonly [readonly string[], number, string])[] = [
    [['--listen', `127.0.0.1:${port}`], 69, 'is in use'],
    [['--listen', '192.0.2.1:0'], 69, '0.0.0.0 is all of them'],
    [['--listen', 'a b'], 64, '--listen'],
    [['--listen', '1.2.3.4:99999'], 64, '--listen'],
    [['--http', '--listen', '0.0.0.0:0'], 64, '--http-anywhere'],
    [['--http', '--tls-cert', 'x'], 64, 'exclude'],
    [['--tls-cert', 'x'], 64, 'together'],
    [['--tls-cert', 'x', '--tls-key', 'y'], 69, 'x cannot be read'],
    [['--tls-name', 'a b'], 64, '--tls-name'],
    [['--disable', 'azure'], 64, 'one of'],
    [['--trusted-proxy', '10.0.0.0/33'], 64, '--trusted-proxy'],
    [['--trusted-proxy', 'loopback'], 64, '--trusted-proxy'],
    [['--aws-account-id', '12'], 64, '12 digits'],
    [['--aws-rotation-command', 'rotate'], 64, 'full path'],
    [['--workers', '0'], 64, '--workers'],
    [['--limit', 'read'], 64, 'NAME='],
    [['--log-level', 'loud'], 64, 'one of'],
  ]
  for (const [args, code, text] of refused) {
    const own = args.includes('--listen') ? args : ['--listen', '127.0.0.1:0', ...args]
    const ran = await store.run(['serve', ...own])
    expect([ran.code, ran.err.includes(text)], `${args.join(' ')}: ${ran.err}`).toEqual([
      code,
      true,
    ])
    expect(ran.out).toBe('')
  }
  taken.close()
})

test('variables stand for options, and options come first', async () => {
  await using store = await bench()
  const env = { COFFER_LISTEN: '127.0.0.1:0', COFFER_DISABLE: 'vault, aws' }
  const signals = new EventEmitter()
  const said = Promise.withResolvers<string>()
  const args = ['serve', '--http', '--json', '--log-level', 'silent']
  const ended = store.run(args, { env, signals, printed: (text) => said.resolve(text) })
  expect((JSON.parse(await said.promise) as Started).protocols).toEqual(['native'])
  signals.emit('SIGTERM')
  expect((await ended).code).toBe(0)
  const wrong = await store.run([...args, '--listen', 'x'], { env })
  expect(wrong.code).toBe(64)
})

test('as a process: it stops on a signal with 0, at once on the second', async () => {
  await using store = await bench()
  const start = async () => {
    const main = join(import.meta.dirname, '..', 'test-main.ts')
    const args = [main, 'serve', '--http', '--listen', ':0', '--json']
    const env = store.env as NodeJS.ProcessEnv
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, exited, url: (JSON.parse(line.toString()) as Started).url }
  }
  const calm = await start()
  expect((await fetch(`${calm.url}/readyz`)).status).toBe(200)
  calm.child.kill('SIGTERM')
  expect(await calm.exited).toEqual([0, null])
  const busy = await start()
  const { port } = new URL(busy.url)
  const half = connect(Number(port), '127.0.0.1')
  half.on('error', () => {})
  await once(half, 'connect')
  const head = ['POST /api/v1/login/approle HTTP/1.1', 'Host: x', 'Content-Length: 9']
  half.write([...head, 'Expect: 100-continue', '', ''].join('\r\n'))
  // The server has begun with it, and waits for the rest.
  expect(String(await once(half, 'data'))).toContain('100 Continue')
  busy.child.kill('SIGTERM')
  const readiness = () =>
    fetch(`${busy.url}/readyz`).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(readiness, { timeout: 10_000, interval: 20 }).not.toBe(200)
  expect(busy.child.exitCode).toBeNull()
  busy.child.kill('SIGINT')
  expect(await busy.exited).toEqual([130, null])
  half.destroy()
})

test('an address in the environment is not served, and that is said', async () => {
  await using store = await bench()
  const run = await serving(store, [], { env: { COFFER_ADDR: 'https://127.0.0.1:1' } })
  expect(await stop(run)).toBe(0)
  expect((await run.ended).err).toContain(`COFFER_ADDR is not looked at: this serves ${store.dir}`)
})

test('a data directory that was mistyped is not made into a new store', async () => {
  await using store = await bench({ bare: true })
  const typed = join(store.dir, 'dta')
  const refused = await store.run(['serve', '--data-dir', typed])
  expect([refused.code, refused.err]).toMatchObject([64, expect.stringContaining(`no ${typed}`)])
  const no = await store.run(['serve', '--data-dir', typed], { tty: true, answers: ['no'] })
  expect(no.code).toBe(75)
  expect(existsSync(typed)).toBe(false)
  const run = await serving(store, ['--data-dir', typed, '--yes'])
  expect(run.started.token).toMatch(/^coffer_/)
  expect(await stop(run)).toBe(0)
})
