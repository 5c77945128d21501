import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ADMIN, startTestServer } from '../../server/test-server.ts'
import type { TestServer } from '../../server/test-server.ts'
import { bench } from '../test-world.ts'
import type { Bench } from '../test-world.ts'

/** A local store, where somebody works, and a server that a manifest names as a provider. */
let world: Bench
let server: TestServer
let dir: string
beforeAll(async () => {
  world = await bench()
  server = await startTestServer()
  await server.platform.as(ADMIN).write('shop/prod/api/key', { value: 'of the server' })
  writeFileSync(path.join(world.dir, 'token'), server.adminToken)
  await world.run(['set', 'shop/prod/api/key'], { input: 'of the store' })
})
beforeEach(() => mkdirSync((dir = path.join(world.dir, `project-${projects++}`))))
afterAll(async () => {
  await server.close()
  await world[Symbol.asyncDispose]()
})
let projects = 0

const project = (name: string, secret = 'api/key', more = '') =>
  writeFileSync(
    path.join(dir, 'coffer.yaml'),
    `project: shop
environments: { prod: { provider: ${name} } }
providers: { ${name}: { kind: coffer, address: '${server.url}', tokenFile: ${world.dir}/token } }
secrets:
  ${secret}:
    env: KEY${more}
    deliver: [{ to: dotenv, file: out.env, name: KEY }]
`,
  )
const run = (args: string) => world.run(args.split(' '), { cwd: dir })
const delivered = () => readFileSync(path.join(dir, 'out.env'), 'utf8')

test.each(['coffer', 'central'])(
  'what check asks is what sync delivers and run gives: a server that the manifest calls %s',
  async (name) => {
    project(name)
    const checked = await run('check --env prod --json')
    expect([checked.code, checked.json<{ checked: number }>().checked]).toEqual([0, 1])
    expect((await run('sync allow --env prod --yes')).code).toBe(0)
    expect((await run('sync apply --env prod --yes')).code).toBe(0)
    expect(delivered()).toContain('of the server')
    expect(delivered()).not.toContain('of the store')
  },
)

test.each(['coffer', 'central'])(
  'what is absent there is absent for check and for sync: a server that the manifest calls %s',
  async (name) => {
    project(name, 'api/absent')
    await world.run(['set', 'shop/prod/api/absent'], { input: 'only in the store' })
    const checked = await run('check --env prod --json')
    expect(checked.json<{ findings: object[] }>().findings).toEqual([
      expect.objectContaining({
        code: 'not_found',
        message: `There is no such secret in ${server.url}.`,
        remedy: expect.not.stringContaining('coffer set'),
      }),
    ])
    await run('sync allow --env prod --yes')
    const planned = await run('sync plan --env prod --json')
    const { destinations } = planned.json<{ destinations: { items: object[] }[] }>()
    expect(destinations[0]?.items).toEqual([
      expect.objectContaining({
        action: 'refused',
        message: `There is no ${name}:shop/prod/api/absent in ${server.url}.`,
        remedy: 'Put it there, or take it out of the manifest.',
      }),
    ])
  },
)

test('what another server holds is not set in this store by its name in the manifest', async () => {
  project('coffer')
  const { code, err } = await world.run(['set', 'api/key', '--env', 'prod'], {
    cwd: dir,
    input: 'x',
  })
  expect([code, err]).toEqual([64, expect.stringContaining('it is kept as')])
})

test('a coffer without an address of its own is the one that commands work at', async () => {
  writeFileSync(
    path.join(dir, 'coffer.yaml'),
    `project: shop
environments: [prod]
providers: { coffer: { kind: coffer, offlineMaxAge: 1h } }
secrets: { api/key: { deliver: [{ to: dotenv, file: out.env, name: KEY }] } }
`,
  )
  expect((await run('check --env prod --json')).json<{ findings: object[] }>().findings).toEqual([])
  await run('sync allow --env prod --yes')
  expect((await run('sync apply --env prod --yes')).code).toBe(0)
  expect(delivered()).toContain('of the store')
})
