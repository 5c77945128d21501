import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestAws } from '../test-aws.ts'
import { expectFault, failureOf, startTestAws } from '../test-aws.ts'

let aws: TestAws
let client: TestAws['client']
let reader: TestAws['client']
beforeAll(async () => {
  aws = await startTestAws()
  client = aws.client
  const everything = { effect: 'allow', actions: ['*'], paths: ['app/**'] } as const
  const all = [everything, { ...everything, conditions: { destinations: ['**'] } }]
  reader = aws.clientWith(await aws.keyOf('service:reader', all))
})
afterAll(() => aws.close())

const READER = 'arn:aws:iam::123456789012:user/service/reader'
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const deny = (more: object = {}) => ({
  Effect: 'Deny',
  Principal: { AWS: READER },
  Action: 'secretsmanager:GetSecretValue',
  Resource: '*',
  ...more,
})

async function withPolicy(Name: string, ...statements: object[]): Promise<void> {
  await client.createSecret({ Name, SecretString: 'v' })
  await client.putResourcePolicy({ SecretId: Name, ResourcePolicy: document(...statements) })
}

describe('a resource policy', () => {
  it('is kept as it was written, and taken away again', async () => {
    await withPolicy('app/kept', deny())
    const got = await client.getResourcePolicy({ SecretId: 'app/kept' })
    expect(got).toMatchObject({ Name: 'app/kept', ResourcePolicy: document(deny()) })
    await client.deleteResourcePolicy({ SecretId: 'app/kept' })
    expect(
      (await client.getResourcePolicy({ SecretId: 'app/kept' })).ResourcePolicy,
    ).toBeUndefined()
    expect((await reader.getSecretValue({ SecretId: 'app/kept' })).SecretString).toBe('v')
  })

  it('denies whom it names, by whatever way in and however it is asked for', async () => {
    await withPolicy('app/denied', deny())
    await expectFault(
      reader.getSecretValue({ SecretId: 'app/denied' }),
      'AccessDeniedException',
      `User: ${READER} is not authorized to perform: secretsmanager:GetSecretValue on resource: app/denied with an explicit deny in a resource-based policy`,
    )
    const batch = await reader.batchGetSecretValue({ SecretIdList: ['app/denied'] })
    expect(batch.Errors?.[0]?.ErrorCode).toBe('AccessDeniedException')
    expect(await reader.describeSecret({ SecretId: 'app/denied' })).toMatchObject({
      Name: 'app/denied',
    })
    const authorization = `Bearer ${await aws.token({ actor: 'service:reader' })}`
    const native = (path: string) =>
      fetch(`${aws.url}/api/v1/${path}`, { headers: { authorization } })
    expect((await native('secrets/app/denied')).status).toBe(403)
    expect((await native('metadata/app/denied')).status).toBe(200)
    await client.createSecret({ Name: 'app/open', SecretString: 'v' })
    const refs = ['denied', 'open'].map((name) => ({ path: `app/${name}`, deliverTo: 'vercel:a' }))
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ refs })
    const sent = await fetch(`${aws.url}/api/v1/read`, { method: 'POST', headers, body })
    expect(await sent.json()).toMatchObject({
      answers: [{ error: { code: 'denied' } }, { value: { value: 'v' } }],
    })
    expect((await client.getSecretValue({ SecretId: 'app/denied' })).SecretString).toBe('v')
    const denials = await aws.coffer.audit.query({ resource: 'app/denied', outcome: 'denied' })
    expect(denials.map(({ actor, via, action }) => [actor, via, action])).toEqual([
      ['service:reader', 'aws', 'read'],
      ['service:reader', 'aws', 'read'],
      ['service:reader', 'http', 'read'],
      ['service:reader', 'http', 'deliver'],
    ])
  })

  it('denies in every region that is signed for, and in other dialects, by its own ARNs', async () => {
    const { ARN = '' } = await client.createSecret({ Name: 'app/far', SecretString: 'v' })
    const token = await aws.token({ actor: 'service:reader' })
    const credentials = await aws.coffer.identities.createAccessKey({ actor: 'service:reader' })
    const { record, secretAccessKey } = credentials
    const key = { accessKeyId: record.id, secretAccessKey: secretAccessKey.reveal() }
    const inChina = (arn: string) => arn.replace(/^arn:aws:/, 'arn:aws-cn:')
    const statements = [
      {},
      { Resource: ARN },
      { Resource: inChina(ARN), Principal: { AWS: inChina(READER) } },
      { Resource: ARN.replace(/[0-9].*/, '*') },
      { Condition: { StringEquals: { 'secretsmanager:SecretId': ARN } } },
      { Principal: '*', Condition: { ArnLike: { 'aws:PrincipalArn': READER } } },
    ]
    for (const statement of statements) {
      const ResourcePolicy = document(deny(statement))
      await client.putResourcePolicy({ SecretId: 'app/far', ResourcePolicy })
      for (const region of ['eu-west-1', 'us-east-1', 'cn-north-1', 'us-gov-west-1']) {
        const read = aws.clientWith(key, region).getSecretValue({ SecretId: 'app/far' })
        await expectFault(read, 'AccessDeniedException', /explicit deny/)
      }
      for (const path of ['api/v1/secrets/app/far', 'v1/secret/data/app/far']) {
        const headers = { authorization: `Bearer ${token}` }
        expect((await fetch(`${aws.url}/${path}`, { headers })).status).toBe(403)
      }
      expect((await client.getSecretValue({ SecretId: 'app/far' })).SecretString).toBe('v')
    }
  })

  it('denies what AWS’s own examples guard: other networks, and deletion without recovery', async () => {
    const elsewhere = {
      NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' },
      Bool: { 'aws:ViaAWSService': 'false' },
      StringNotEquals: { 'aws:PrincipalType': 'AssumedRole' },
    }
    await withPolicy('app/network', deny({ Condition: elsewhere }))
    await expectFault(reader.getSecretValue({ SecretId: 'app/network' }), 'AccessDeniedException')
    const Condition = { Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' } }
    const Action = 'secretsmanager:DeleteSecret'
    await withPolicy('app/guarded', deny({ Principal: '*', Action, Condition }))
    const id = { SecretId: 'app/guarded' }
    const forced = client.deleteSecret({ ...id, ForceDeleteWithoutRecovery: true })
    await expectFault(forced, 'AccessDeniedException')
    const headers = { authorization: `Bearer ${await aws.token({ actor: 'service:reader' })}` }
    const purged = await fetch(`${aws.url}/v1/secret/metadata/app/guarded`, {
      method: 'DELETE',
      headers,
    })
    expect(purged.status).toBe(403)
    expect(await client.deleteSecret(id)).toMatchObject({ Name: 'app/guarded' })
  })

  it('tells whom it denies reading of no change', async () => {
    await withPolicy('app/quiet', deny())
    await client.createSecret({ Name: 'app/loud', SecretString: 'v' })
    const rules = [{ effect: 'allow', actions: ['read'], paths: ['app/**'] }] as const
    await aws.keyOf('service:unlisted', rules)
    const named = deny({
      Principal: '*',
      Condition: { StringNotLike: { 'aws:username': 'local/*' } },
    })
    const ResourcePolicy = document(named)
    await client.putResourcePolicy({ SecretId: 'app/quiet', ResourcePolicy })
    const authorization = `Bearer ${await aws.token({ actor: 'service:unlisted' })}`
    const stop = new AbortController()
    const follow = (path: string, init: RequestInit) => {
      const followed = { text: '' }
      const headers = { authorization, 'content-type': 'application/json' }
      const url = `${aws.url}/api/v1/${path}`
      const reading = async () => {
        const { body } = await fetch(url, { ...init, headers, signal: stop.signal })
        for await (const chunk of body ?? []) followed.text += Buffer.from(chunk).toString()
      }
      reading().catch(() => {})
      return followed
    }
    const paths = ['app/quiet', 'app/loud']
    const followed = [
      follow('events?prefix=app', {}),
      follow('watch', { method: 'POST', body: JSON.stringify({ paths }) }),
    ]
    for (let n = 0; followed.some(({ text }) => !text.includes('"path":"app/loud"')); n++) {
      for (const SecretId of paths) {
        await client.putSecretValue({ SecretId, SecretString: `w${n}` })
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(n).toBeLessThan(200)
    }
    for (const { text } of followed) {
      expect(text).not.toMatch(/event: (?:changed|write)\ndata: [^\n]*app\/quiet/)
    }
    stop.abort()
  })

  it('tells whom it denies nothing of the secret, whatever else is wrong', async () => {
    const Name = 'app/closed'
    const id = { SecretId: Name }
    const { VersionId } = await client.createSecret({ Name, SecretString: 'v' })
    const ResourcePolicy = document(deny({ Action: 'secretsmanager:*' }))
    await client.putResourcePolicy({ ...id, ResourcePolicy })
    const none = 'x'.repeat(32)
    const attempts = () => [
      reader.getSecretValue({ ...id, VersionId: none }),
      reader.getSecretValue({ ...id, VersionId, VersionStage: 'other' }),
      reader.updateSecretVersionStage({ ...id, VersionStage: 'x', MoveToVersionId: none }),
      reader.rotateSecret(id),
      reader.cancelRotateSecret(id),
      reader.stopReplicationToReplica(id),
      reader.putResourcePolicy({ ...id, ResourcePolicy: 'x' }),
      reader.deleteSecret(id),
    ]
    const regions = [{ Region: 'us-east-1' }]
    await client.replicateSecretToRegions({ ...id, AddReplicaRegions: regions })
    for (const attempt of attempts()) {
      await expectFault(attempt, 'AccessDeniedException', /explicit deny/)
    }
    await client.removeRegionsFromReplication({ ...id, RemoveReplicaRegions: ['us-east-1'] })
    await client.deleteSecret(id)
    for (const attempt of attempts()) {
      await expectFault(attempt, 'AccessDeniedException', /explicit deny/)
    }
    const asked = { actor: 'service:reader', resource: Name }
    const seen = await aws.coffer.audit.query(asked)
    expect(new Set(seen.map(({ outcome }) => outcome))).toEqual(new Set(['denied']))
    expect(seen).toHaveLength(16)
  })

  it('grants nothing that our policies do not', async () => {
    const allow = { Effect: 'Allow', Principal: { AWS: READER }, Action: '*', Resource: '*' }
    await withPolicy('other/allowed', allow)
    const denied = await failureOf(reader.getSecretValue({ SecretId: 'other/allowed' }))
    expect([denied.name, denied.message]).toEqual([
      'AccessDeniedException',
      `User: ${READER} is not authorized to perform: secretsmanager:GetSecretValue on resource: other/allowed because no identity-based policy allows the secretsmanager:GetSecretValue action`,
    ])
  })

  const cases: [string, object, boolean][] = [
    ['everybody', { Principal: '*' }, true],
    ['the account', { Principal: { AWS: '123456789012' } }, true],
    ['the root of the account', { Principal: { AWS: 'arn:aws:iam::123456789012:root' } }, true],
    ['another user', { Principal: { AWS: `${READER}x` } }, false],
    ['all but this one', { Principal: undefined, NotPrincipal: { AWS: READER } }, false],
    ['a service', { Principal: { Service: 'lambda.amazonaws.com' } }, false],
    [
      'a wildcard of actions',
      { Action: ['secretsmanager:Put*', 'SECRETSMANAGER:get?ecretvalue'] },
      true,
    ],
    ['other actions', { Action: 'secretsmanager:Put*' }, false],
    ['all but reading', { Action: undefined, NotAction: 'secretsmanager:GetSecretValue' }, false],
    [
      'this resource',
      { Resource: 'arn:aws:secretsmanager:*:123456789012:secret:app/case-*' },
      true,
    ],
    ['another resource', { Resource: 'arn:aws:secretsmanager:*:*:secret:other*' }, false],
    ['its own address', { Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } }, true],
    ['other addresses', { Condition: { NotIpAddress: { 'aws:SourceIp': '127.0.0.1' } } }, false],
    ['plain connections', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, true],
    [
      'a later time',
      { Condition: { DateGreaterThan: { 'aws:CurrentTime': '2999-01-01T00:00:00Z' } } },
      false,
    ],
    ['an operator that nobody knows', { Condition: { Odd: { 'aws:SourceIp': 'x' } } }, true],
    ['a key that is absent', { Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } }, false],
    [
      'a key that is absent, negated',
      { Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } },
      true,
    ],
  ]
  it.each(cases)('decides a denial of %s', async (_of, more, denied) => {
    const statement = JSON.parse(JSON.stringify(deny(more))) as object
    await withPolicy('app/case', { ...statement, Sid: 'one' })
    const read = reader.getSecretValue({ SecretId: 'app/case' })
    if (denied) await expectFault(read, 'AccessDeniedException', /explicit deny/)
    else expect((await read).SecretString).toBe('v')
    await aws.coffer.purge('app/case')
  })
})

it('one that cannot be read lets nothing be done but mend it', async () => {
  await aws.coffer.write('app/broken', {
    value: 'v',
    dialects: { aws: { policy: 'none', replicas: 5, rotation: [], kmsKeyId: {} } },
  })
  const id = { SecretId: 'app/broken' }
  await expectFault(client.getSecretValue(id), 'AccessDeniedException')
  await expectFault(client.deleteSecret(id), 'AccessDeniedException')
  expect(await client.describeSecret(id)).toMatchObject({ Name: 'app/broken' })
  await client.deleteResourcePolicy(id)
  expect((await client.getSecretValue(id)).SecretString).toBe('v')
})

describe('putting one', () => {
  it('refuses what is none', async () => {
    await client.createSecret({ Name: 'app/put', SecretString: 'v' })
    for (const ResourcePolicy of [
      'some policy',
      '[]',
      document(),
      document({}),
      document(deny({ Effect: 'Maybe' })),
      document(deny({ NotAction: 'x' })),
      document(deny({ Principal: { AWS: 'arn:aws:iam::1:user/*' } })),
      document(deny({ Unknown: 1 })),
    ]) {
      const put = client.putResourcePolicy({ SecretId: 'app/put', ResourcePolicy })
      await expectFault(put, 'MalformedPolicyDocumentException', /^This resource policy contains /)
      const { name } = await failureOf(client.validateResourcePolicy({ ResourcePolicy }))
      expect(name).toBe('MalformedPolicyDocumentException')
    }
  })

  it('refuses a denial that could never be applied here', async () => {
    const ofStage = { StringEquals: { 'secretsmanager:VersionStage': 'AWSPREVIOUS' } }
    for (const statement of [
      deny({ Condition: ofStage }),
      deny({ Condition: { NumericLessThan: { 'secretsmanager:RecoveryWindowInDays': '30' } } }),
      deny({ Condition: { StringLike: { 'secretsmanager:Name': '${aws:username}/*' } } }),
      deny({ Condition: { StringEquals: { 'aws:RequestTag/owner': 'me' } } }),
      deny({ Resource: 'arn:aws:secretsmanager:*:123456789012:secret:${aws:username}/*' }),
    ]) {
      const put = client.putResourcePolicy({
        SecretId: 'app/put',
        ResourcePolicy: document(statement),
      })
      await expectFault(put, 'MalformedPolicyDocumentException', /not known here/)
    }
    const harmless = document(deny({ Effect: 'Allow', Condition: ofStage }))
    await client.putResourcePolicy({ SecretId: 'app/put', ResourcePolicy: harmless })
    const kept = await client.getResourcePolicy({ SecretId: 'app/put' })
    expect(kept.ResourcePolicy).toBe(harmless)
  })

  it('blocks access for everybody when it is asked to, and a denial of its own removal always', async () => {
    const open = document({ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' })
    const input = { SecretId: 'app/put', ResourcePolicy: open }
    await expectFault(
      client.putResourcePolicy({ ...input, BlockPublicPolicy: true }),
      'PublicPolicyException',
    )
    await client.putResourcePolicy(input)
    const checked = await client.validateResourcePolicy(input)
    expect(checked.PolicyValidationPassed).toBe(false)
    expect(checked.ValidationErrors?.map((error) => error.CheckName)).toEqual(['PublicPolicyCheck'])
    const lockOut = document(deny({ Principal: '*', Action: '*' }))
    const put = client.putResourcePolicy({ SecretId: 'app/put', ResourcePolicy: lockOut })
    await expectFault(put, 'MalformedPolicyDocumentException')
    const fine = await client.validateResourcePolicy({ ResourcePolicy: document(deny()) })
    expect(fine).toMatchObject({ PolicyValidationPassed: true, ValidationErrors: [] })
  })

  it('takes 20 480 characters and not one more', async () => {
    const padded = (chars: number) => document(deny()).padEnd(chars)
    const id = { SecretId: 'app/put' }
    await client.putResourcePolicy({ ...id, ResourcePolicy: padded(20_480) })
    const past = client.putResourcePolicy({ ...id, ResourcePolicy: padded(20_481) })
    expect((await failureOf(past)).name).toBe('ValidationException')
  })
})
