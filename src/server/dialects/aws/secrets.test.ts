import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestAws } from './test-aws.ts'
import { startTestAws } from './test-aws.ts'

let aws: TestAws
beforeAll(async () => {
  aws = await startTestAws()
})
afterAll(() => aws.close())

it('creates, reads, writes and describes with the official client', async () => {
  const { client } = aws
  const made = await client.send(
    new CreateSecretCommand({ Name: '/shop/prod/a', SecretString: 'v1' }),
  )
  expect(made).toMatchObject({ Name: '/shop/prod/a' })
  expect(made.ARN).toMatch(
    /^arn:aws:secretsmanager:eu-west-1:123456789012:secret:\/shop\/prod\/a-[A-Za-z0-9]{6}$/,
  )
  const read = await client.send(new GetSecretValueCommand({ SecretId: made.ARN }))
  expect(read).toMatchObject({
    SecretString: 'v1',
    VersionId: made.VersionId,
    VersionStages: ['AWSCURRENT'],
  })
  const put = await client.send(
    new PutSecretValueCommand({ SecretId: '/shop/prod/a', SecretBinary: Buffer.from('bytes') }),
  )
  const described = await client.send(new DescribeSecretCommand({ SecretId: 'shop/prod/a' }))
  expect(described.VersionIdsToStages).toEqual({
    [made.VersionId ?? '']: ['AWSPREVIOUS'],
    [put.VersionId ?? '']: ['AWSCURRENT'],
  })
})
