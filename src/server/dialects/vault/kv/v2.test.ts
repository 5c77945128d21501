import { afterAll, beforeAll, expect, it } from 'vitest'
import { LIMITS } from '../../../../core/limits.ts'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let send: Send
let used = 0
const fresh = () => `kv2/t${(used += 1)}`

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const write = (path: string, data: object, options?: object) =>
  send('POST', `secret/data/${path}`, {
    data,
    ...(options === undefined ? {} : { options }),
  } as never)

it('writes, and reads back the envelope that clients expect', async () => {
  const path = fresh()
  const made = await write(path, { a: 1, b: 'two' })
  expect(made.status).toBe(200)
  expect(made.body.data).toEqual({
    created_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    custom_metadata: null,
    deletion_time: '',
    destroyed: false,
    version: 1,
  })
  const read = await send('GET', `secret/data/${path}`)
  const [event] = await server.platform.as('local:admin').audit.query({ action: 'read', limit: 1 })
  const name = Buffer.from(event?.request ?? '', 'base64url').toString('hex')
  expect(read.body.request_id.replaceAll('-', '')).toBe(name.padEnd(32, '0'))
  expect(read.status).toBe(200)
  expect(read.body).toEqual({
    request_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: { data: { a: 1, b: 'two' }, metadata: made.body.data },
    wrap_info: null,
    warnings: null,
    auth: null,
    mount_type: 'kv',
  })
})

it('keeps numbers exactly as they were written', async () => {
  const path = fresh()
  const text = '{"big":12345678901234567890,"one":1.0,"nested":[{"e":1e400}]}'
  await send('POST', `secret/data/${path}`, `{"data":${text}}`)
  const response = await fetch(`${server.url}/v1/secret/data/${path}`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  })
  expect(await response.text()).toContain(`"data":{"data":${text},"metadata":`)
  await send('PATCH', `secret/data/${path}`, { data: { more: true } })
  const patched = await fetch(`${server.url}/v1/secret/data/${path}`, {
    headers: { 'x-vault-token': server.adminToken },
  })
  expect(await patched.text()).toContain(`"data":{"data":${text.slice(0, -1)},"more":true}`)
})

it('is the same secret as everywhere else', async () => {
  const path = fresh()
  const coffer = server.platform.as('local:admin')
  await write(path, { user: 'u', password: 'p' })
  expect((await coffer.read({ path }))?.secret.reveal()).toEqual({ user: 'u', password: 'p' })
  const text = fresh()
  await coffer.write(text, { value: 'plain' })
  expect((await send('GET', `secret/data/${text}`)).body.data.data).toEqual({ value: 'plain' })
  await write(text, { value: 'again' })
  expect((await coffer.read({ path: text }))?.secret.reveal()).toBe('again')
  await write(text, { user: 'now an object' })
  expect((await coffer.read({ path: text }))?.secret.reveal()).toEqual({ user: 'now an object' })
  const bytes = fresh()
  await coffer.write(bytes, { value: Uint8Array.of(0, 255) })
  expect((await send('GET', `secret/data/${bytes}`)).body.data.data).toEqual({ value: 'AP8=' })
})

it('compares and sets', async () => {
  const path = fresh()
  const mismatch = { errors: ['check-and-set parameter did not match the current version'] }
  expect(await write(path, {}, { cas: 1 })).toEqual({ status: 400, body: mismatch })
  expect((await write(path, {}, { cas: 0 })).status).toBe(200)
  expect(await write(path, {}, { cas: 0 })).toEqual({ status: 400, body: mismatch })
  expect((await write(path, {}, { cas: '1' })).body.data.version).toBe(2)
  expect((await write(path, {}, { cas: 'x' })).body.errors).toEqual([
    'error parsing check-and-set parameter',
  ])
  await send('POST', `secret/metadata/${path}`, { cas_required: true })
  const required = { errors: ['check-and-set parameter required for this call'] }
  expect(await write(path, {})).toEqual({ status: 400, body: required })
  expect((await send('PATCH', `secret/data/${path}`, { data: {} })).body).toEqual(required)
  expect((await write(path, {}, { cas: 2 })).status).toBe(200)
})

it('lets one of many writers who expect the same through', async () => {
  const path = fresh()
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => write(path, { i }, { cas: 0 })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 400)).toHaveLength(7)
})

it('patches by merging', async () => {
  const path = fresh()
  const absent = await send('PATCH', `secret/data/${path}`, { data: { a: 1 } })
  expect(absent).toEqual({ status: 404, body: { errors: [] } })
  await write(path, { a: 1, b: { c: 2, d: 3 } })
  const patched = await send('PATCH', `secret/data/${path}`, {
    data: { a: null, b: { c: 5 }, e: 'new' },
    options: { cas: 1 },
  })
  expect(patched.body.data.version).toBe(2)
  const read = await send('GET', `secret/data/${path}`)
  expect(read.body.data.data).toEqual({ b: { c: 5, d: 3 }, e: 'new' })
  const other = await send(
    'PATCH',
    `secret/data/${path}`,
    { data: {} },
    { 'content-type': 'application/json' },
  )
  expect(other.status).toBe(415)
  await send('DELETE', `secret/data/${path}`)
  const gone = await send('PATCH', `secret/data/${path}`, { data: {} })
  expect(gone.status).toBe(404)
  expect(gone.body.data).toMatchObject({ version: 2, destroyed: false })
})

it('deletes, brings back and destroys versions, and tells of them with a 404', async () => {
  const path = fresh()
  for (const v of [1, 2, 3]) await write(path, { v })
  expect(await send('DELETE', `secret/data/${path}`)).toEqual({ status: 204, body: undefined })
  const deleted = await send('GET', `secret/data/${path}`)
  expect(deleted.status).toBe(404)
  expect(deleted.body.data).toEqual({
    data: null,
    metadata: {
      created_time: expect.any(String),
      custom_metadata: null,
      deletion_time: expect.stringMatching(/Z$/),
      destroyed: false,
      version: 3,
    },
  })
  expect((await send('GET', `secret/data/${path}?version=2`)).body.data.data).toEqual({ v: 2 })
  await send('POST', `secret/undelete/${path}`, { versions: [3] })
  expect((await send('GET', `secret/data/${path}`)).body.data.data).toEqual({ v: 3 })
  await send('PUT', `secret/delete/${path}`, { versions: '1,2' })
  expect((await send('GET', `secret/data/${path}?version=1`)).status).toBe(404)
  await send('PUT', `secret/destroy/${path}`, { versions: ['1', 9] })
  const destroyed = await send('GET', `secret/data/${path}?version=1`)
  expect(destroyed).toMatchObject({
    status: 404,
    body: { data: { metadata: { destroyed: true } } },
  })
  await send('POST', `secret/undelete/${path}`, { versions: [1, 2] })
  expect((await send('GET', `secret/data/${path}?version=1`)).status).toBe(404)
  expect((await send('GET', `secret/data/${path}?version=2`)).status).toBe(200)
  for (const verb of ['delete', 'undelete', 'destroy']) {
    expect((await send('POST', `secret/${verb}/${path}`, {})).status).toBe(400)
    expect((await send('POST', `secret/${verb}/absent`, { versions: [1] })).status).toBe(204)
  }
  expect((await send('DELETE', 'secret/data/absent')).status).toBe(204)
})

it('tells of a secret, and changes what is known of it', async () => {
  const path = fresh()
  expect((await send('GET', `secret/metadata/${path}`)).status).toBe(404)
  const made = await send('POST', `secret/metadata/${path}`, {
    max_versions: 2,
    delete_version_after: '3h25m19s',
    custom_metadata: { owner: 'ops', n: 1 },
  })
  expect(made.status).toBe(204)
  expect((await send('GET', `secret/metadata/${path}`)).body.data).toMatchObject({
    current_version: 0,
    versions: {},
  })
  expect((await send('GET', `secret/data/${path}`)).status).toBe(404)
  for (const v of [1, 2, 3, 4]) await write(path, { v })
  const { data } = (await send('GET', `secret/metadata/${path}`)).body
  expect(data).toEqual({
    cas_required: false,
    created_time: expect.any(String),
    current_version: 4,
    custom_metadata: { owner: 'ops', n: '1' },
    delete_version_after: '3h25m19s',
    max_versions: 2,
    oldest_version: 3,
    updated_time: expect.any(String),
    versions: {
      3: { created_time: expect.any(String), deletion_time: expect.any(String), destroyed: false },
      4: { created_time: expect.any(String), deletion_time: expect.any(String), destroyed: false },
    },
  })
  expect(
    Date.parse(data.versions[4].deletion_time) - Date.parse(data.versions[4].created_time),
  ).toBe(12_319_000)
  await send('PATCH', `secret/metadata/${path}`, { custom_metadata: { owner: null, x: 'y' } })
  const patched = (await send('GET', `secret/metadata/${path}`)).body.data
  expect(patched).toMatchObject({ custom_metadata: { n: '1', x: 'y' }, max_versions: 2 })
  expect(patched.custom_metadata).not.toHaveProperty('owner')
  expect((await send('PATCH', 'secret/metadata/absent', { max_versions: 1 })).status).toBe(404)
  await send('DELETE', `secret/metadata/${path}`)
  expect((await send('POST', `secret/metadata/${path}`, {})).status).toBe(204)
  expect((await send('GET', `secret/metadata/${path}`)).status).toBe(404)
  expect((await write(path, { again: true })).body.data.version).toBe(1)
})

it('deletes versions after their time, and undelete gives them that time again', async () => {
  const path = fresh()
  await send('POST', `secret/metadata/${path}`, { delete_version_after: '60s' })
  await write(path, { a: 1 })
  expect((await send('GET', `secret/data/${path}`)).status).toBe(200)
  server.advance(60_000)
  const gone = await send('GET', `secret/data/${path}`)
  expect(gone.status).toBe(404)
  expect(gone.body.data.metadata.deletion_time).not.toBe('')
  await send('POST', `secret/undelete/${path}`, { versions: [1] })
  expect((await send('GET', `secret/data/${path}`)).status).toBe(200)
  server.advance(60_000)
  expect((await send('GET', `secret/data/${path}`)).status).toBe(404)
})

it('keeps ten versions of what was made here, and all of what was made elsewhere', async () => {
  const [ours, theirs] = [fresh(), fresh()]
  const coffer = server.platform.as('local:admin')
  for (let i = 0; i < 11; i++) {
    await write(ours, { i })
    await coffer.write(theirs, { value: { i } })
  }
  await send('POST', `secret/metadata/${theirs}`, { custom_metadata: { a: 'b' } })
  await write(theirs, { i: 11 })
  const of = async (path: string) => (await send('GET', `secret/metadata/${path}`)).body.data
  expect(Object.keys((await of(ours)).versions)).toHaveLength(10)
  expect((await of(ours)).oldest_version).toBe(2)
  expect(Object.keys((await of(theirs)).versions)).toHaveLength(12)
})

it('limits custom metadata as Vault does', async () => {
  const path = fresh()
  const put = (custom: object) =>
    send('POST', `secret/metadata/${path}`, { custom_metadata: custom } as never)
  const many = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']))
  expect((await put(many(64))).status).toBe(204)
  expect((await put(many(65))).status).toBe(400)
  expect((await put({ ['k'.repeat(128)]: 'v'.repeat(512) })).status).toBe(204)
  expect((await put({ ['k'.repeat(129)]: 'v' })).status).toBe(400)
  expect((await put({ k: 'v'.repeat(513) })).status).toBe(400)
  expect((await put({ k: '' })).status).toBe(400)
  expect((await put({ k: 'a\u0007' })).status).toBe(400)
  expect((await put({})).status).toBe(204)
  expect((await send('GET', `secret/metadata/${path}`)).body.data.custom_metadata).toBeNull()
})

it('lists one level', async () => {
  const root = fresh()
  for (const name of ['a', 'a/b', 'c/d/e', 'f']) await write(`${root}/${name}`, { x: 1 })
  await send('DELETE', `secret/data/${root}/f`)
  const keys = async (path: string) => (await send('GET', `secret/metadata/${path}?list=true`)).body
  expect((await keys(root)).data).toEqual({ keys: ['a', 'a/', 'c/', 'f'] })
  expect((await keys(`${root}/`)).data).toEqual({ keys: ['a', 'a/', 'c/', 'f'] })
  expect((await keys(`${root}/c/`)).data).toEqual({ keys: ['d/'] })
  expect(await send('GET', `secret/metadata/${root}/nothing?list=true`)).toEqual({
    status: 404,
    body: { errors: [] },
  })
  const page = await send('GET', `secret/metadata/${root}?list=true&after=a&limit=2`)
  expect(page.body.data).toEqual({ keys: ['a/', 'c/'] })
})

it('shows the members of a value without what is in them', async () => {
  const path = fresh()
  await write(path, { a: { b: { c: 1 }, e: {} }, d: [1], f: 'x' })
  const subkeys = async (query = '') =>
    (await send('GET', `secret/subkeys/${path}${query}`)).body.data.subkeys
  expect(await subkeys()).toEqual({ a: { b: { c: null }, e: null }, d: null, f: null })
  expect(await subkeys('?depth=1')).toEqual({ a: null, d: null, f: null })
  expect(await subkeys('?depth=2')).toEqual({ a: { b: null, e: null }, d: null, f: null })
})

it('configures a mount', async () => {
  const config = async () => (await send('GET', 'secret/config')).body.data
  expect(await config()).toEqual({
    cas_required: false,
    delete_version_after: '0s',
    max_versions: 0,
  })
  await send('POST', 'secret/config', {
    max_versions: 3,
    delete_version_after: '1h',
    cas_required: true,
  })
  expect(await config()).toEqual({
    cas_required: true,
    delete_version_after: '1h0m0s',
    max_versions: 3,
  })
  const path = fresh()
  expect((await write(path, {})).status).toBe(400)
  for (let cas = 0; cas < 5; cas++) expect((await write(path, {}, { cas })).status).toBe(200)
  const { versions } = (await send('GET', `secret/metadata/${path}`)).body.data
  expect(Object.keys(versions)).toEqual(['3', '4', '5'])
  expect(versions[5].deletion_time).not.toBe('')
  const warned = await send('POST', `secret/metadata/${path}`, { cas_required: false })
  expect(warned.body.warnings).toHaveLength(1)
  await send('POST', 'secret/config', {
    max_versions: 0,
    delete_version_after: 0,
    cas_required: false,
  })
  expect((await write(path, {})).status).toBe(200)
})

it('says what is wrong with a request', async () => {
  const path = fresh()
  const post = (body: object | string) => send('POST', `secret/data/${path}`, body as never)
  expect(await post({})).toEqual({ status: 400, body: { errors: ['no data provided'] } })
  expect((await post({ data: 'text' })).status).toBe(400)
  expect((await post({ data: [1] })).status).toBe(400)
  expect((await post('{"data":')).body.errors).toEqual(['error parsing JSON'])
  expect((await post('[]')).status).toBe(400)
  expect((await post('{"data":{"a":1,"a":2}}')).status).toBe(400)
  expect((await post('['.repeat(LIMITS.requestJsonDepthMax + 1))).status).toBe(413)
  expect((await post(`{"data":${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`)).status).toBe(400)
  expect((await post({ data: { a: 'x'.repeat(70_000) } })).status).toBe(413)
  expect((await send('POST', 'secret/data', { data: {} })).body.errors).toEqual(['missing path'])
  expect((await send('POST', 'secret/data/a//b', { data: {} })).status).toBe(400)
  expect((await send('GET', `secret/data/${path}?version=x`)).status).toBe(400)
  expect((await send('GET', `secret/data/${path}?list=maybe`)).status).toBe(400)
})
