import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectCoffer } from '../client/connect.ts'
import { fakeServer, problem } from '../client/test-fake.ts'
import { defineConfig, secretRef } from '../config/index.ts'
import { CofferError } from '../core/errors.ts'
import { bench } from './test-world.ts'
import type { Bench } from './test-world.ts'

const STARTS = 60
const MANIFEST = `project: shop
environments: [prod]
secrets:
  api/db-url:
  api/token:
`
const PROJECT = `project: shop
prefix: shop/prod
secrets: { DB_URL: api/db-url, TOKEN: api/token }
`
const REFUSED = problem(new CofferError('unauthenticated', 'This token is not known.'))

let world: Bench
beforeEach(async () => void (world = await bench({ bare: true })))
afterEach(() => world[Symbol.asyncDispose]())

function projectOf(text: string): string {
  const dir = path.join(world.dir, 'project')
  mkdirSync(dir, { recursive: true })
  writeFileSync(path.join(dir, 'coffer.yaml'), text)
  return dir
}

/** What each start of a program does, by how it has its secrets. */
const STARTED: Readonly<Record<string, (env: Environment) => Promise<string>>> = {
  'run, from a manifest': async (env) => {
    const run = ['run', '--env', 'prod', '--', 'true']
    return (await world.run(run, { env, cwd: projectOf(MANIFEST) })).err
  },
  'run, from a project': async (env) =>
    (await world.run(['run', '--', 'true'], { env, cwd: projectOf(PROJECT) })).err,
  'run --prefix': async (env) =>
    (await world.run(['run', '--prefix', 'shop/prod', '--', 'true'], { env })).err,
  'sync apply': async (env) => {
    const sync = ['sync', 'apply', '--env', 'prod', '--yes']
    return (await world.run(sync, { env, cwd: projectOf(MANIFEST) })).err
  },
  'config.load with a client': async (env) => {
    await using coffer = connectCoffer({ address: env.COFFER_ADDR!, token: env.COFFER_TOKEN })
    const loading = defineConfig({ db: secretRef('/shop/prod/api/db-url') }).load({
      coffer,
      processEnv: { HOME: world.dir },
    })
    return await loading.then(String, (error: unknown) => (error as Error).message)
  },
}

type Environment = Readonly<Record<string, string | undefined>>

test.each(Object.entries(STARTED))(
  'starts with a refused token reach the server of the session a few times: %s',
  async (_name, start) => {
    await using server = await fakeServer([REFUSED])
    const env = { COFFER_DATA_DIR: undefined, COFFER_ADDR: server.url, COFFER_TOKEN: 'coffer_bad' }
    const said: string[] = []
    for (let i = 0; i < STARTS; i++) said.push(await start(env))
    expect(server.seen.length).toBeGreaterThan(0)
    expect(server.seen.length).toBeLessThanOrEqual(20)
    expect(said[0]).toContain('This token is not known.')
    expect(said.at(-1)).toContain('refused this credential a moment ago')
    expect(said.filter((one) => one.includes('coffer_bad'))).toEqual([])
    const calls = server.seen.length
    await start({ ...env, COFFER_TOKEN: 'coffer_another' })
    expect(server.seen.length).toBeGreaterThan(calls)
  },
)

test('who is refused is told how to log in, also while the server is not asked', async () => {
  await using server = await fakeServer([REFUSED])
  const env = { COFFER_DATA_DIR: undefined, COFFER_ADDR: server.url, COFFER_TOKEN: 'coffer_bad' }
  const said = new Set<string>()
  for (let i = 0; i < 10; i++) {
    const { err, code } = await world.run(['run', '--prefix', 'shop', '--', 'true'], { env })
    expect([code, err]).toEqual([77, expect.stringContaining('`coffer login`')])
    said.add(err)
  }
  expect(said.size).toBeGreaterThan(1)
})

test('an address that cannot be asked is told before that there is no token for it', async () => {
  const env = { COFFER_DATA_DIR: undefined, COFFER_ADDR: 'http://coffer.example' }
  for (const args of [
    ['run', '--env', 'prod', '--', 'true'],
    ['run', '--prefix', 'shop', '--', 'true'],
  ]) {
    const { err, code } = await world.run(args, { env, cwd: projectOf(MANIFEST) })
    expect([code, err]).toEqual([64, expect.stringContaining('plain HTTP')])
  }
  const here = { ...env, COFFER_ADDR: 'https://127.0.0.1:1' }
  const { err } = await world.run(['run', '--prefix', 'shop', '--', 'true'], { env: here })
  expect(err).toContain('There is no token for https://127.0.0.1:1.')
})
