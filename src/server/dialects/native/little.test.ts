import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../test-server.ts'
import { ADMIN, startTestServer } from '../../test-server.ts'

/** What an actor with little tries in order to have more. */

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const get = (token: string, path: string) =>
  fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })

it('another spelling of a setting that is denied is denied', async () => {
  const { access, settings } = server.platform.as(ADMIN)
  await access.putPolicy({
    name: 'settings',
    rules: [
      { effect: 'allow', actions: ['admin'], paths: ['setting:**'] },
      { effect: 'deny', actions: ['*'], paths: ['setting:guarded/**'] },
    ],
  })
  await settings.put('guarded/one', { a: 1 })
  await settings.put('other', { a: 1 })
  const token = await server.token({ policies: ['settings'] })
  for (const path of ['guarded/one', '/guarded/one', '%2Fguarded/one']) {
    expect([path, (await get(token, `/settings/${path}`)).status]).toEqual([path, 403])
  }
  expect((await get(token, '/settings/other')).status).toBe(200)
})

it('who may not look at the audit log any more is soon shown no more of it', async () => {
  const { access } = server.platform.as(ADMIN)
  const log = { effect: 'allow', actions: ['audit'], paths: ['audit:log'] } as const
  await access.putPolicy({ name: 'follower', rules: [log] })
  const token = await server.token({ policies: ['follower'] })
  const answer = await get(token, '/audit/follow')
  expect(answer.status).toBe(200)
  await access.putPolicy({ name: 'follower', rules: [] })
  // Ends by itself; a stream that goes on is what the time limit of the test is for.
  expect(await answer.text()).toMatch(/event: error\ndata: .*"code":"denied".*\n\n$/)
})

it('a resource policy that one may not change is not changed by another way in', async () => {
  const admin = server.platform.as(ADMIN)
  const { access } = admin
  const deny = (...operations: string[]) => ({
    aws: {
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Deny',
          Principal: { AWS: 'arn:aws:iam::123456789012:user/service/little' },
          Action: operations.map((name) => `secretsmanager:${name}`),
          Resource: '*',
        },
      }),
    },
  })
  const rule = { effect: 'allow', actions: ['read', 'update', 'write'], paths: ['app/**'] } as const
  await access.putPolicy({ name: 'little', rules: [rule] })
  await access.putActor({ name: 'service:little', policies: ['little'], roles: [] })
  const token = await server.token({ actor: 'service:little' })
  const send = async (method: string, path: string, body: object) =>
    (
      await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).status
  await admin.write('app/shut', {
    value: 'x',
    dialects: deny('GetSecretValue', 'DeleteResourcePolicy'),
  })
  for (const dialects of [null, {}, { aws: {} }, deny('None')]) {
    expect(await send('PATCH', '/metadata/app/shut', { dialects })).toBe(403)
    expect(await send('PATCH', '/metadata//app/shut', { dialects })).toBe(403)
    const input = { value: 'y', dialects }
    expect(await send('PUT', '/secrets/app/shut', input)).toBe(403)
    expect(await send('POST', '/write', { items: [{ path: 'app/shut', input }] })).toBe(403)
  }
  expect((await get(token, '/secrets/app/shut')).status).toBe(403)
  const same = (await admin.describe('app/shut'))?.dialects
  expect(same?.['aws']?.['policy']).toContain('GetSecretValue')
  expect(await send('PATCH', '/metadata/app/shut', { dialects: { ...same, own: {} } })).toBe(200)
  expect(await send('PATCH', '/metadata/app/shut', { owner: 'me' })).toBe(200)
  await admin.update('app/shut', { dialects: deny('GetSecretValue') })
  expect(await send('PATCH', '/metadata/app/shut', { dialects: null })).toBe(200)
})
