import { afterAll, beforeAll, expect, it } from 'vitest'
import type { JsonObject } from '../../../../core/value.ts'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let send: Send

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const GIVEN: JsonObject = { max_versions: 4, cas_required: true, delete_version_after: '1h0m0s' }
const NULLS: JsonObject = { max_versions: null, cas_required: null, delete_version_after: null }
const KEPT = 'secret/metadata/unset'
const shown = async (address: string): Promise<object> => (await send('GET', address)).body.data

it('an empty list is an empty map, as PHP writes one', async () => {
  const body = { data: [], options: [] }
  expect((await send('POST', 'secret/data/php', body)).status).toBe(200)
  expect((await send('GET', 'secret/data/php')).body.data.data).toEqual({})
  expect((await send('POST', KEPT, { custom_metadata: [] })).status).toBe(204)
  expect((await send('POST', 'secret/data/php', { data: [1] })).status).toBe(400)
})

it('null says nothing where a setting is written, and takes it away where it is patched', async () => {
  for (const address of [KEPT, 'secret/config']) {
    await send('POST', address, GIVEN)
    expect((await send('POST', address, NULLS)).status).toBe(204)
    expect(await shown(address)).toMatchObject(GIVEN)
  }
  await send('POST', 'secret/config', {
    max_versions: 0,
    cas_required: false,
    delete_version_after: 0,
  })
  for (const [name, unset] of Object.entries({ max_versions: 0, cas_required: false })) {
    expect((await send('PATCH', KEPT, { [name]: null })).status).toBe(204)
    expect(await shown(KEPT)).toMatchObject({ [name]: unset, delete_version_after: '1h0m0s' })
  }
  await send('PATCH', KEPT, { delete_version_after: null })
  expect(await shown(KEPT)).toMatchObject({ delete_version_after: '0s' })
})
