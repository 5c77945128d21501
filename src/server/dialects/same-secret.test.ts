import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestAws } from './aws/test-aws.ts'
import { startTestAws } from './aws/test-aws.ts'
import { call } from './native/test-call.ts'
import type { Send } from './vault/test-client.ts'
import { vaultClient } from './vault/test-client.ts'

let server: TestAws
let vault: Send
beforeAll(async () => {
  server = await startTestAws()
  vault = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const inVault = async (path: string) => (await vault('GET', `secret/data/${path}`)).body.data
const inAws = async (path: string) => server.client.getSecretValue({ SecretId: path })
const natively = async (path: string) =>
  (await call(server, 'GET', `/secrets/${path}`)).json as unknown as {
    version: number
    value: unknown
    labels: string[]
  }

it('is the same secret, written in Vault', async () => {
  const data = { user: 'u', password: 'p' }
  await vault('POST', 'secret/data/same/vault', { data })
  expect(await natively('same/vault')).toMatchObject({ version: 1, value: data })
  expect((await inAws('same/vault')).SecretString).toBe(JSON.stringify(data))
})

it('is the same secret, written in AWS', async () => {
  await server.client.createSecret({ Name: '/same/aws', SecretString: 'one' })
  expect((await inVault('same/aws')).data).toEqual({ value: 'one' })
  expect(await natively('same/aws')).toMatchObject({ version: 1, value: 'one' })
  await vault('POST', 'secret/data/same/aws', { data: { value: 'two' } })
  const read = await inAws('/same/aws')
  expect([read.SecretString, read.VersionStages]).toEqual(['two', ['AWSCURRENT']])
  expect((await natively('same/aws')).value).toBe('two')
  const before = await server.client.getSecretValue({
    SecretId: '/same/aws',
    VersionStage: 'AWSPREVIOUS',
  })
  expect(before.SecretString).toBe('one')
})

it('is the same secret, written natively', async () => {
  const put = (value: unknown) => call(server, 'PUT', '/secrets/same/native', { body: { value } })
  await put('text')
  expect((await inVault('same/native')).data).toEqual({ value: 'text' })
  expect((await inAws('same/native')).SecretString).toBe('text')
})

it('stays an object in Vault when AWS writes an object over it', async () => {
  await vault('POST', 'secret/data/same/object', { data: { user: 'u', password: 'old' } })
  const SecretString = '{"user":"u","password":"new"}'
  await server.client.putSecretValue({ SecretId: 'same/object', SecretString })
  const { data, metadata } = await inVault('same/object')
  expect([data, metadata.version]).toEqual([{ user: 'u', password: 'new' }, 2])
})

it('keeps what earlier versions are, whatever an object makes of the secret', async () => {
  const first = { Name: 'same/was', SecretString: 'hunter2' }
  const { VersionId } = await server.client.createSecret(first)
  await vault('POST', 'secret/data/same/was', { data: { user: 'u' } })
  expect((await inAws('same/was')).SecretString).toBe('{"user":"u"}')
  const ofAws = (by: object) => server.client.getSecretValue({ SecretId: 'same/was', ...by })
  for (const by of [{ VersionStage: 'AWSPREVIOUS' }, { VersionId }]) {
    expect((await ofAws(by)).SecretString).toBe('hunter2')
  }
  const inVaultAt = async (version: number) =>
    (await vault('GET', `secret/data/same/was?version=${version}`)).body.data.data
  expect([await inVaultAt(1), await inVaultAt(2)]).toEqual([{ value: 'hunter2' }, { user: 'u' }])
  expect((await call(server, 'POST', '/rollback/same/was', { body: { to: 1 } })).status).toBe(200)
  expect(await natively('same/was')).toMatchObject({ version: 1, value: 'hunter2' })
  expect((await inVault('same/was')).data).toEqual({ value: 'hunter2' })
  await server.client.createSecret({ Name: 'same/bytes', SecretBinary: Buffer.from([0, 255]) })
  await vault('POST', 'secret/data/same/bytes', { data: { user: 'u' } })
  const before = { SecretId: 'same/bytes', VersionStage: 'AWSPREVIOUS' }
  const { SecretBinary } = await server.client.getSecretValue(before)
  expect([...(SecretBinary ?? [])]).toEqual([0, 255])
})

it('has the same tags, versions and deletions', async () => {
  await server.client.createSecret({
    Name: 'same/life',
    SecretString: 'v1',
    Tags: [{ Key: 'team', Value: 'blue' }],
  })
  const metadata = async () => (await vault('GET', 'secret/metadata/same/life')).body.data
  expect((await metadata()).custom_metadata).toEqual({ team: 'blue' })
  await vault('PATCH', 'secret/metadata/same/life', { custom_metadata: { tier: '1' } })
  const described = await server.client.describeSecret({ SecretId: 'same/life' })
  expect(described.Tags).toEqual([
    { Key: 'team', Value: 'blue' },
    { Key: 'tier', Value: '1' },
  ])
  await vault('POST', 'secret/data/same/life', { data: { value: 'v2' }, options: { cas: 1 } })
  await server.client.deleteSecret({ SecretId: 'same/life' })
  expect((await vault('GET', 'secret/data/same/life')).status).toBe(404)
  expect((await vault('POST', 'secret/data/same/life', { data: {} })).status).toBe(400)
  await vault('POST', 'secret/undelete/same/life', { versions: [2] })
  expect((await inAws('same/life')).SecretString).toBe('v2')
  await vault('DELETE', 'secret/data/same/life')
  await expect(inAws('same/life')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  expect((await call(server, 'GET', '/secrets/same/life')).status).toBe(409)
})

it('becomes text again by any client, also after a rollback, and history stays readable', async () => {
  const SecretId = 'same/again'
  await server.client.createSecret({ Name: SecretId, SecretString: 'one' })
  await vault('POST', `secret/data/${SecretId}`, { data: { user: 'u' } })
  await server.client.putSecretValue({ SecretId, SecretString: 'three' })
  expect((await inVault(SecretId)).data).toEqual({ value: 'three' })
  await call(server, 'POST', `/rollback/${SecretId}`, { body: { to: 1 } })
  await vault('PATCH', `secret/data/${SecretId}`, { data: { more: 'm' } })
  const texts = new Set<string | undefined>()
  const { Versions = [] } = await server.client.listSecretVersionIds({
    SecretId,
    IncludeDeprecated: true,
  })
  for (const { VersionId } of Versions) {
    texts.add((await server.client.getSecretValue({ SecretId, VersionId })).SecretString)
  }
  expect(texts).toEqual(new Set(['one', 'three', '{"user":"u"}', '{"value":"one","more":"m"}']))
})

it('keeps as many versions as it was told to, also when AWS writes', async () => {
  await server.client.createSecret({ Name: 'same/many', SecretString: 'v1' })
  await vault('POST', 'secret/metadata/same/many', { max_versions: 1_000 })
  for (let n = 2; n <= 102; n++) await vault('POST', 'secret/data/same/many', { data: { n } })
  await server.client.putSecretValue({ SecretId: 'same/many', SecretString: '{"n":103}' })
  const { max_versions, versions } = (await vault('GET', 'secret/metadata/same/many')).body.data
  expect([max_versions, Object.keys(versions).length]).toEqual([1_000, 103])
})

it('is denied everywhere, or nowhere', async () => {
  const rules = [{ effect: 'allow', actions: ['read'], paths: ['same/vault'] }] as const
  const credentials = await server.keyOf('service:reader', rules)
  const aws = server.clientWith(credentials)
  const token = await server.token({ actor: 'service:reader' })
  const reader = vaultClient(server.url, token)
  expect((await reader('GET', 'secret/data/same/vault')).status).toBe(200)
  expect((await call(server, 'GET', '/secrets/same/vault', { token })).status).toBe(200)
  expect((await aws.getSecretValue({ SecretId: 'same/vault' })).SecretString).toBeDefined()
  for (const path of ['same/aws', 'same/absent']) {
    expect((await reader('GET', `secret/data/${path}`)).status).toBe(403)
    expect((await call(server, 'GET', `/secrets/${path}`, { token })).status).toBe(403)
    await expect(aws.getSecretValue({ SecretId: path })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
  }
})
