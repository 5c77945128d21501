import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import nodeVault from 'node-vault'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { ADMIN, startTestServer } from '../../../test-server.ts'

let server: TestServer
const client = (token?: string) =>
  nodeVault({ endpoint: server.url, ...(token === undefined ? {} : { token }) })

const HCL = `
  path "secret/data/app/*"   { capabilities = ["read"] }
  path "secret/data/app/no"  { capabilities = ["deny"] }`

beforeAll(async () => {
  server = await startTestServer()
  const admin = client(server.adminToken)
  for (const path of ['app/yes', 'app/no', 'else']) {
    await admin.write(`secret/data/${path}`, { data: { at: path } })
  }
  await admin.addPolicy({ name: 'app', rules: HCL })
})
afterAll(() => server.close())

it('works with node-vault: policies, tokens and AppRole', async () => {
  const admin = client(server.adminToken)
  expect((await admin.policies()).data.policies).toContain('app')
  expect((await admin.getPolicy({ name: 'app' })).data.rules).toBe(HCL)
  await admin.write('auth/approle/role/nv', { token_policies: 'app' })
  const { role_id } = (await admin.read('auth/approle/role/nv/role-id')).data
  const { secret_id } = (await admin.write('auth/approle/role/nv/secret-id', {})).data
  const own = client()
  const { auth } = await own.approleLogin({ role_id, secret_id })
  expect(auth.policies).toEqual(['app', 'default'])
  own.token = auth.client_token
  expect((await own.tokenLookupSelf()).data.meta).toEqual({ role_name: 'nv' })
  expect((await own.read('secret/data/app/yes')).data.data).toEqual({ at: 'app/yes' })
  for (const path of ['app/no', 'else', 'absent']) {
    await expect(own.read(`secret/data/${path}`)).rejects.toMatchObject({
      response: { statusCode: 403 },
    })
  }
  await own.tokenRenewSelf()
  await own.tokenRevokeSelf()
  await expect(own.tokenLookupSelf()).rejects.toMatchObject({ response: { statusCode: 403 } })
})

it('binds an access key of AWS, and a caller of the native API', async () => {
  const { identities } = server.platform.as(ADMIN, { via: 'test' })
  const key = await identities.createAccessKey({ policies: ['app'] })
  const aws = new SecretsManagerClient({
    endpoint: server.url,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: {
      accessKeyId: key.record.id,
      secretAccessKey: key.secretAccessKey.reveal(),
    },
  })
  const read = (SecretId: string) => aws.send(new GetSecretValueCommand({ SecretId }))
  expect((await read('app/yes')).SecretString).toBe('{"at":"app/yes"}')
  for (const path of ['app/no', 'else']) {
    await expect(read(path)).rejects.toMatchObject({ name: 'AccessDeniedException' })
  }
  aws.destroy()
  const token = await server.token({ policies: ['app'] })
  const native = async (method: string, path: string, body?: object, by = token) => {
    const response = await fetch(`${server.url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return response.status
  }
  expect(await native('GET', 'secrets/app/yes')).toBe(200)
  expect(await native('GET', 'secrets/app/no')).toBe(403)
  // The same language by the native API, refused where it is wrong.
  const put = (hcl: string) => native('PUT', 'policies/app2', { hcl }, server.adminToken)
  expect(await put('path "a" { capabilities = ["raed"] }')).toBe(400)
  expect(await put(HCL)).toBeLessThan(300)
  const ours = client(await server.token({ policies: ['app2'] }))
  expect((await ours.read('secret/data/app/yes')).data.data).toEqual({ at: 'app/yes' })
})
