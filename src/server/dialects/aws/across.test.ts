import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestAws } from './test-aws.ts'
import { startTestAws } from './test-aws.ts'

/** One secret is the same secret in every dialect. */

let aws: TestAws
beforeAll(async () => {
  aws = await startTestAws()
})
afterAll(() => aws.close())

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${aws.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${aws.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as Record<string, never>
}

it('what AWS wrote is read natively and in Vault, version by version', async () => {
  const { client } = aws
  const first = await client.createSecret({ Name: '/app/db', SecretString: 'one' })
  await client.putSecretValue({ SecretId: '/app/db', SecretString: 'two' })
  expect(await ask('GET', '/api/v1/secrets/app/db')).toMatchObject({ value: 'two', version: 2 })
  const before = await ask('GET', '/api/v1/secrets/app/db?label=previous')
  expect(before).toMatchObject({ value: 'one', version: 1 })
  const vault = await ask('GET', '/v1/secret/data/app/db')
  expect(vault['data']).toMatchObject({ data: { value: 'two' }, metadata: { version: 2 } })
  await ask('POST', '/api/v1/rollback/app/db', { to: 1 })
  const read = await client.getSecretValue({ SecretId: '/app/db' })
  expect(read).toMatchObject({ SecretString: 'one', VersionId: first.VersionId })
})

it('what Vault wrote is JSON text in AWS, and what it deleted cannot be found', async () => {
  const { client } = aws
  await ask('POST', '/v1/secret/data/app/object', { data: { user: 'u', password: 'p' } })
  const read = await client.getSecretValue({ SecretId: 'app/object' })
  expect(JSON.parse(read.SecretString ?? '')).toEqual({ user: 'u', password: 'p' })
  await client.putSecretValue({ SecretId: 'app/object', SecretString: '{"user":"v"}' })
  const vault = await ask('GET', '/v1/secret/data/app/object')
  expect(vault['data']).toMatchObject({ data: { user: 'v' }, metadata: { version: 2 } })
  await fetch(`${aws.url}/v1/secret/data/app/object`, {
    method: 'DELETE',
    headers: { 'x-vault-token': aws.adminToken },
  })
  await expect(client.getSecretValue({ SecretId: 'app/object' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringMatching(/staging label: AWSCURRENT/),
  })
})

it('deleted in AWS is deleted everywhere, and restored everywhere', async () => {
  const { client } = aws
  await ask('PUT', '/api/v1/secrets/app/both', { value: 'v' })
  await client.deleteSecret({ SecretId: 'app/both' })
  expect(await ask('GET', '/api/v1/secrets/app/both')).toMatchObject({ code: 'deleted' })
  await ask('POST', '/api/v1/undelete/app/both')
  expect((await client.getSecretValue({ SecretId: 'app/both' })).SecretString).toBe('v')
})
