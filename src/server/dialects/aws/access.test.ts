import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestAws } from './test-aws.ts'
import { failureOf, startTestAws, token } from './test-aws.ts'

let aws: TestAws
let stranger: TestAws['client']
let version: string | undefined
beforeAll(async () => {
  aws = await startTestAws()
  const rules = [{ effect: 'allow', actions: ['*'], paths: ['mine/**'] }] as const
  stranger = aws.clientWith(await aws.keyOf('service:stranger', rules))
  const made = await aws.client.createSecret({ Name: 'theirs/there', SecretString: 'v' })
  version = made.VersionId
  const url = 'http://127.0.0.1:9/'
  await aws.coffer.settings.put('aws/rotation/rotate', { url })
  await aws.client.createSecret({ Name: 'theirs/gone', SecretString: 'v' })
  await aws.client.deleteSecret({ SecretId: 'theirs/gone' })
})
afterAll(() => aws.close())

type Ask = (client: TestAws['client'], SecretId: string) => Promise<unknown>

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:X', Resource: '*' },
})

const OPERATIONS: Record<string, Ask> = {
  GetSecretValue: (client, SecretId) => client.getSecretValue({ SecretId }),
  'GetSecretValue by stage': (client, SecretId) =>
    client.getSecretValue({ SecretId, VersionStage: 'AWSPENDING' }),
  'GetSecretValue by id': (client, SecretId) =>
    client.getSecretValue({ SecretId, VersionId: version }),
  'GetSecretValue by id and stage': (client, SecretId) =>
    client.getSecretValue({ SecretId, VersionId: version, VersionStage: 'x' }),
  DescribeSecret: (client, SecretId) => client.describeSecret({ SecretId }),
  ListSecretVersionIds: (client, SecretId) => client.listSecretVersionIds({ SecretId }),
  GetResourcePolicy: (client, SecretId) => client.getResourcePolicy({ SecretId }),
  ValidateResourcePolicy: (client, SecretId) =>
    client.validateResourcePolicy({ SecretId, ResourcePolicy: policy }),
  CreateSecret: (client, Name) => client.createSecret({ Name, SecretString: 'x' }),
  'CreateSecret without a value': (client, Name) => client.createSecret({ Name }),
  PutSecretValue: (client, SecretId) => client.putSecretValue({ SecretId, SecretString: 'x' }),
  UpdateSecret: (client, SecretId) => client.updateSecret({ SecretId, Description: 'x' }),
  'UpdateSecret with a value': (client, SecretId) =>
    client.updateSecret({ SecretId, SecretString: 'x' }),
  DeleteSecret: (client, SecretId) => client.deleteSecret({ SecretId }),
  'DeleteSecret by force': (client, SecretId) =>
    client.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true }),
  RestoreSecret: (client, SecretId) => client.restoreSecret({ SecretId }),
  TagResource: (client, SecretId) =>
    client.tagResource({ SecretId, Tags: [{ Key: 'k', Value: 'v' }] }),
  UntagResource: (client, SecretId) => client.untagResource({ SecretId, TagKeys: ['k'] }),
  UpdateSecretVersionStage: (client, SecretId) =>
    client.updateSecretVersionStage({ SecretId, VersionStage: 'x', MoveToVersionId: token() }),
  PutResourcePolicy: (client, SecretId) =>
    client.putResourcePolicy({ SecretId, ResourcePolicy: policy }),
  DeleteResourcePolicy: (client, SecretId) => client.deleteResourcePolicy({ SecretId }),
  ReplicateSecretToRegions: (client, SecretId) =>
    client.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'us-west-2' }] }),
  RemoveRegionsFromReplication: (client, SecretId) =>
    client.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-west-2'] }),
  StopReplicationToReplica: (client, SecretId) => client.stopReplicationToReplica({ SecretId }),
  RotateSecret: (client, SecretId) => client.rotateSecret({ SecretId }),
  CancelRotateSecret: (client, SecretId) => client.cancelRotateSecret({ SecretId }),
}

const MISTAKES: Record<string, Ask> = {
  'a tag that may not be': (client, SecretId) =>
    client.tagResource({ SecretId, Tags: [{ Key: 'aws:k', Value: 'v' }] }),
  'too many tags': (client, SecretId) =>
    client.tagResource({
      SecretId,
      Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })),
    }),
  'a replica where it is': (client, SecretId) =>
    client.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'eu-west-1' }] }),
  'a schedule that is none': (client, SecretId) =>
    client.rotateSecret({
      SecretId,
      RotationLambdaARN: 'rotate',
      RotationRules: { ScheduleExpression: 'rate(1 hours)' },
    }),
  'a stage of no version': (client, SecretId) =>
    client.updateSecretVersionStage({ SecretId, VersionStage: 'x' }),
  'a policy that is none': (client, SecretId) =>
    client.putResourcePolicy({ SecretId, ResourcePolicy: 'none' }),
  'two values': (client, SecretId) =>
    client.putSecretValue({ SecretId, SecretString: 'x', SecretBinary: new Uint8Array(1) }),
}

describe('who may not do a thing', () => {
  it.each(Object.entries(OPERATIONS))(
    '%s: learns nothing of whether the secret is there',
    async (operation, ask) => {
      const [name] = operation.split(' ')
      for (const id of ['theirs/there', 'theirs/gone', 'theirs/never']) {
        const { name: fault, message } = await failureOf(ask(stranger, id))
        expect([fault, message]).toEqual([
          'AccessDeniedException',
          `User: arn:aws:iam::123456789012:user/service/stranger is not authorized to perform: secretsmanager:${name} on resource: ${id} because no identity-based policy allows the secretsmanager:${name} action`,
        ])
      }
      const allowed = await failureOf(ask(stranger, 'mine/never'))
      expect(allowed.name).not.toBe('AccessDeniedException')
      const events = await aws.coffer.audit.query({ actor: 'service:stranger', limit: 4 })
      expect(events.filter((event) => event.outcome === 'denied')).toHaveLength(3)
    },
  )

  it.each(Object.entries(MISTAKES))(
    'and asks wrongly for %s: is told the same of what is there and of what is not',
    async (_what, ask) => {
      const told = await Promise.all(
        ['theirs/there', 'theirs/gone', 'theirs/never'].map(async (id) => {
          const { name, message } = await failureOf(ask(stranger, id))
          return `${name} ${message.replace(id, '')}`
        }),
      )
      expect(new Set(told).size).toBe(1)
    },
  )

  it('sees nothing of it in lists and batches', async () => {
    const listed = await stranger.listSecrets({ IncludePlannedDeletion: true })
    const names = listed.SecretList?.map((secret) => secret.Name) ?? []
    expect(names.filter((name) => name?.startsWith('theirs') === true)).toEqual([])
    const SecretIdList = ['theirs/there', 'theirs/never']
    const batch = await stranger.batchGetSecretValue({ SecretIdList })
    expect(batch.Errors?.map((error) => error.ErrorCode)).toEqual(
      Array.from({ length: 2 }, () => 'AccessDeniedException'),
    )
  })
})
