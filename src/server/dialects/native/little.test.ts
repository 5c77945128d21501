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
