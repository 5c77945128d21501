import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { ADMIN, startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let send: Send

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

it('shows what a fresh store has, at the top level too', async () => {
  const { body } = await send('GET', 'sys/mounts')
  expect(Object.keys(body.data)).toEqual(['cubbyhole/', 'identity/', 'secret/', 'sys/'])
  expect(body['secret/']).toEqual(body.data['secret/'])
  expect(body.data['secret/']).toMatchObject({
    type: 'kv',
    options: { version: '2' },
    accessor: expect.stringMatching(/^kv_[0-9a-f]{8}$/),
    config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
  })
  expect((await send('GET', 'sys/mounts/secret')).body.data.type).toBe('kv')
})

it('mounts, tunes and unmounts', async () => {
  const made = await send('POST', 'sys/mounts/team/kv', {
    type: 'kv',
    description: 'of the team',
    options: { version: '2' },
    config: { default_lease_ttl: '1h', listing_visibility: 'unauth' },
  })
  expect(made).toEqual({ status: 204, body: undefined })
  await send('POST', 'team/kv/data/x', { data: { a: 1 } })
  expect((await send('GET', 'secret/data/team/kv/x')).body.data.data).toEqual({ a: 1 })
  expect((await send('GET', 'sys/mounts/team/kv/tune')).body.data).toMatchObject({
    default_lease_ttl: 3_600,
    max_lease_ttl: 2_764_800,
    description: 'of the team',
    options: { version: '2' },
  })
  await send('PUT', 'sys/mounts/team/kv/tune', { description: 'renamed', max_lease_ttl: '2h' })
  expect((await send('GET', 'sys/mounts')).body.data['team/kv/']).toMatchObject({
    description: 'renamed',
    config: { default_lease_ttl: 3_600, max_lease_ttl: 7_200 },
  })
  const strangers = await vaultClient(server.url)('GET', 'sys/internal/ui/mounts')
  expect(Object.keys(strangers.body.data.secret)).toEqual(['team/kv/'])
  expect((await send('DELETE', 'sys/mounts/team/kv')).status).toBe(204)
  expect((await send('GET', 'team/kv/data/x')).body.errors).toEqual([
    'no handler for route "team/kv/data/x". route entry not found.',
  ])
})

it('tells what tokens an auth method gives, and of no other mount', async () => {
  const { body } = await send('GET', 'sys/auth')
  for (const method of ['approle/', 'jwt/', 'token/']) {
    expect(body.data[method].config).toMatchObject({ token_type: 'default-service' })
  }
  await send('POST', 'sys/auth/typed', { type: 'jwt', config: { token_type: '' } })
  const shown = async () => (await send('GET', 'sys/auth/typed/tune')).body.data.token_type
  expect(await shown()).toBe('default-service')
  await send('POST', 'sys/auth/typed/tune', { token_type: 'service' })
  expect(await shown()).toBe('service')
  const secret = (await send('GET', 'sys/mounts')).body.data['secret/']
  expect(secret.config).not.toHaveProperty('token_type')
})

it('refuses settings that mean nothing', async () => {
  const refused: Record<string, string>[] = [
    { listing_visibility: 'everybody' },
    { token_type: 'golden' },
    { default_lease_ttl: '2h', max_lease_ttl: '1h' },
  ]
  for (const config of refused) {
    const made = await send('POST', 'sys/mounts/odd', { type: 'kv', config })
    expect([config, made.status]).toEqual([config, 400])
    expect((await send('POST', 'sys/mounts/secret/tune', config)).status).toBe(400)
  }
  expect((await send('GET', 'sys/mounts')).body.data).not.toHaveProperty('odd/')
})

it('gives durations back to the server, as command lines ask for 0', async () => {
  await send('POST', 'sys/mounts/ttl', { type: 'kv', config: { max_lease_ttl: 'system' } })
  for (const path of ['mounts/ttl', 'auth/approle']) {
    await send('POST', `sys/${path}/tune`, { default_lease_ttl: '1h', max_lease_ttl: '2h' })
    const lasting = { default_lease_ttl: 'system', max_lease_ttl: 'system' }
    expect((await send('POST', `sys/${path}/tune`, lasting)).status).toBe(204)
    expect((await send('GET', `sys/${path}`)).body.data.config).toMatchObject({
      default_lease_ttl: 0,
      max_lease_ttl: 0,
    })
  }
})

it('unmounting destroys what clients of Vault made there, and nothing else', async () => {
  const mount = () => send('POST', 'sys/mounts/gone', { type: 'kv-v2' })
  const coffer = server.platform.as(ADMIN)
  await mount()
  await coffer.write('gone/native', { value: 'stays' })
  await send('POST', 'gone/data/native', { data: { a: 1 } })
  await send('POST', 'gone/data/a', { data: { a: 1 } })
  await send('DELETE', 'gone/data/a')
  await send('POST', 'gone/metadata/b/c', { max_versions: 3 })
  await send('POST', 'secret/data/gone-not/a', { data: { a: 1 } })
  expect((await send('DELETE', 'sys/mounts/gone')).status).toBe(204)
  expect(await coffer.describe('gone/a')).toBeUndefined()
  await mount()
  expect((await send('LIST', 'gone/metadata')).body.data.keys).toEqual(['native'])
  expect((await send('POST', 'gone/data/a', { options: { cas: 0 }, data: {} })).status).toBe(200)
  expect((await send('GET', 'secret/data/gone-not/a')).status).toBe(200)
})

it('upgrades KV 1 to 2, and never back', async () => {
  await send('POST', 'sys/mounts/up', { type: 'kv' })
  // What was not given is not shown, or Terraform would take it away again at each run.
  expect((await send('GET', 'sys/mounts/up')).body.data.options).toBeNull()
  await send('POST', 'sys/mounts/up/tune', { options: { version: '1' } })
  await send('POST', 'up/x', { a: 1 })
  await send('POST', 'sys/mounts/up/tune', { options: { version: '2' } })
  expect((await send('GET', 'up/data/x')).body.data.data).toEqual({ a: 1 })
  const down = await send('POST', 'sys/mounts/up/tune', { options: { version: '1' } })
  expect(down.status).toBe(400)
})

it('shows what a mount was made with: to another answer Terraform destroys it and makes it again', async () => {
  for (const [path, type] of [
    ['mounts/flagged', 'kv'],
    ['auth/flagged', 'approle'],
  ]) {
    const made = { type: type ?? '', local: true, seal_wrap: true }
    await send('POST', `sys/${path}`, made)
    await send('POST', `sys/${path}/tune`, { description: 'tuned' })
    const shown = { ...made, external_entropy_access: false, description: 'tuned' }
    expect((await send('GET', `sys/${path}`)).body.data).toMatchObject(shown)
  }
  const fresh = (await send('GET', 'sys/mounts')).body.data
  expect([fresh['cubbyhole/'].local, fresh['secret/'].local]).toEqual([true, false])
})

it('refuses mounts that cannot be', async () => {
  const mount = (path: string, type = 'kv') => send('POST', `sys/mounts/${path}`, { type })
  expect((await mount('secret')).body.errors).toEqual(['path is already in use at secret/'])
  expect((await mount('secret/below')).status).toBe(400)
  for (const path of ['sys/x', 'auth', 'auth/x', 'a//b', 'a/%00']) {
    expect([path, (await mount(path)).status]).toEqual([path, 400])
  }
  expect((await mount('db', 'database')).status).toBe(400)
  for (const path of ['sys', 'cubbyhole', 'identity']) {
    expect((await send('DELETE', `sys/mounts/${path}`)).status).toBe(400)
  }
  expect((await send('DELETE', 'sys/mounts/absent')).status).toBe(204)
  expect((await send('POST', 'sys/remount', { from: 'a', to: 'b' })).status).toBe(400)
})

it('takes even the mount that every store has away, and gives it back', async () => {
  await send('POST', 'secret/data/kept', { data: { a: 1 } })
  await send('DELETE', 'sys/mounts/secret')
  expect((await send('GET', 'secret/data/kept')).status).toBe(404)
  await send('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } })
  expect((await send('GET', 'secret/data/kept')).body.data.data).toEqual({ a: 1 })
})

it('tells command lines which version of KV a path lies in', async () => {
  const preflight = async (path: string, as = send) => as('GET', `sys/internal/ui/mounts/${path}`)
  expect((await preflight('secret/app/x')).body.data).toMatchObject({
    path: 'secret/',
    type: 'kv',
    options: { version: '2' },
  })
  expect((await preflight('secret')).body.data.path).toBe('secret/')
  expect((await preflight('nowhere/x')).status).toBe(403)
  expect((await preflight('secret/x', vaultClient(server.url))).status).toBe(403)
  const someone = vaultClient(server.url, await server.token({ policies: [] }))
  expect((await preflight('secret/x', someone)).status).toBe(200)
})
