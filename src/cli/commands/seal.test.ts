import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { initPlatform } from '../../compose.ts'
import { ratesOf } from '../../server/guard/rates.ts'
import type { Serving } from '../../server/serve.ts'
import { serve } from '../../server/serve.ts'
import type { Bench, Ran, RunOptions } from '../test-world.ts'
import { bench } from '../test-world.ts'

const ADMIN = 'local:admin'
let here: Bench
let server: Serving
let shares: readonly string[]
let COFFER_TOKEN: string

beforeAll(async () => {
  here = await bench({ bare: true })
  const store = { dataDir: `${here.dir}/data`, env: {} }
  shares = (await initPlatform({ ...store, seal: 'shamir', admin: ADMIN })).shares
  server = await serve({
    store,
    server: { dialects: ['native'], trustedProxies: [], aws: { accountId: '123456789012' } },
    start: { listen: { host: '127.0.0.1', port: 0 } },
    rates: ratesOf([]),
    openMetrics: false,
    log: { level: 'silent', text: false },
    version: '0.0.0-test',
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
  })
})

afterAll(async () => {
  await server.close()
  await here[Symbol.asyncDispose]()
})

const run = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  here.run(args, {
    ...options,
    env: { COFFER_DATA_DIR: undefined, COFFER_ADDR: server.url, COFFER_TOKEN },
  })

test('shares come one at a time from people, or by lines from stdin, and need no token', async () => {
  expect((await run(['unseal', '--status', '--json'])).json()).toMatchObject({ sealed: true })
  const one = await run(['unseal'], { tty: true, answers: [shares[0] ?? ''] })
  expect(one.out).toBe('The store is sealed: 1 of 3 shares were given.\n')
  expect(here.questions.at(-1)).toBe('Share 1 of 3 (not shown):')
  const again = await run(['unseal'], { tty: true, answers: [shares[0] ?? ''] })
  expect([again.err, again.out]).toEqual([expect.stringContaining('once'), one.out])
  expect(one.err).toBe('')
  const reset = await run(['unseal', '--reset', '--json'])
  expect(reset.json()).toMatchObject({ sealed: true, progress: 0 })
  const mistyped = await run(['unseal'], { input: `${shares[0]}0\n` })
  expect(mistyped.code).toBe(64)
  expect(mistyped.err).not.toContain(shares[0]?.slice(-40))
  const three = await run(['unseal'], { input: `${shares.slice(1, 4).join('\n')}\n` })
  expect(three.out).toBe('The store is open.\n')
  expect((await run(['unseal'], { input: '' })).out).toBe('The store is open.\n')
})

test('seal asks first, needs a token that may, and leaves the server sealed', async () => {
  expect((await run(['seal', '--yes'])).code).toBe(77)
  const admin = server.gate.platform().as(ADMIN, { via: 'test' })
  const { token } = await admin.identities.createToken({ actor: ADMIN, ttlSeconds: 0 })
  COFFER_TOKEN = token.reveal()
  expect((await run(['seal'])).code).toBe(64)
  expect(server.gate.status().sealed).toBe(false)
  const sealed = await run(['seal', '--yes', '--json'])
  expect(sealed.json()).toMatchObject({ sealed: true, progress: 0 })
  expect(server.gate.status().sealed).toBe(true)
})

test('a local command asks for shares itself; new ones are printed once when it is resealed', async () => {
  const local = { env: { COFFER_ADDR: undefined, COFFER_TOKEN: undefined } }
  const at = ['--data-dir', `${here.dir}/own`]
  const made = await here.run(['init', '--seal', 'shamir', '--json', ...at], local)
  const { shares: own } = made.json<{ shares: readonly string[] }>()
  expect(own).toHaveLength(5)
  const before = here.questions.length
  const status = await here.run(['key', 'status', ...at], {
    ...local,
    tty: true,
    answers: [own[4] ?? '', 'mistyped', own[0] ?? '', own[2] ?? ''],
  })
  expect(status.code).toBe(0)
  expect(here.questions.slice(before)).toEqual([
    'Share 1 of 3:',
    'Share 2 of 3:',
    'This is no share of a root key. Share 2 of 3:',
    'Share 3 of 3:',
  ])
  const holding = { env: { ...local.env, COFFER_SHARES: own.slice(0, 3).join(' ') } }
  const reseal = ['key', 'reseal', '--seal', 'shamir', '--new-seal-option', 'shares=2']
  const again = await here.run([...reseal, ...at], holding)
  expect(again.out.split('\n').filter((line) => line.startsWith('coffer-share1-'))).toHaveLength(2)
  const old = await here.run(['key', 'status', ...at], holding)
  expect(old.code).toBe(78)
  for (const share of own) expect(old.err).not.toContain(share.slice(-60))
})
