import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestAws } from './test-aws.ts'
import { expectFault, failureOf, startTestAws, token } from './test-aws.ts'

let aws: TestAws
let client: TestAws['client']
beforeAll(async () => {
  aws = await startTestAws()
  client = aws.client
})
afterAll(() => aws.close())

const NO_SECRET = "Secrets Manager can't find the specified secret."
const MARKED = "You can't perform this operation on the secret because it was marked for deletion."

describe('a secret', () => {
  it('is found by name, ARN and ARN without suffix, and echoed as it was spelled', async () => {
    const made = await client.createSecret({ Name: '/shop/prod/a', SecretString: 'v1' })
    expect(made.ARN).toMatch(
      /^arn:aws:secretsmanager:eu-west-1:123456789012:secret:\/shop\/prod\/a-[A-Za-z0-9]{6}$/,
    )
    const partial = made.ARN?.slice(0, -7)
    for (const SecretId of ['/shop/prod/a', 'shop/prod/a', made.ARN, partial]) {
      const read = await client.getSecretValue({ SecretId })
      expect(read).toMatchObject({ ...made, $metadata: {}, SecretString: 'v1' })
      expect(read.VersionStages).toEqual(['AWSCURRENT'])
      expect(read.CreatedDate?.getTime()).toBe(aws.now())
    }
    expect((await aws.coffer.read({ path: 'shop/prod/a' }))?.secret.reveal()).toBe('v1')
    const other = `${partial}-AAAAA1`
    await expectFault(
      client.getSecretValue({ SecretId: other }),
      'ResourceNotFoundException',
      NO_SECRET,
    )
    const foreign = made.ARN?.replace('123456789012', '999999999999')
    await expectFault(client.describeSecret({ SecretId: foreign }), 'ResourceNotFoundException')
    const elsewhere = made.ARN?.replace('eu-west-1', 'us-east-1')
    const read = await aws
      .clientWith(aws.credentials, 'us-east-1')
      .getSecretValue({ SecretId: elsewhere })
    expect(read.ARN).toBe(elsewhere)
  })

  it('takes names that are no paths, without loss', async () => {
    for (const Name of ['a//b', 'a/', '//c', 'a/./b', '../up', '!x@y+z=_.-', '/']) {
      const made = await client.createSecret({ Name, SecretString: Name })
      expect(made.Name).toBe(Name)
      expect((await client.getSecretValue({ SecretId: made.ARN })).SecretString).toBe(Name)
    }
    for (const Name of ['with space', 'a%b', 'ä', 'a*', 'a:b']) {
      await expectFault(
        client.createSecret({ Name, SecretString: 'x' }),
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      )
    }
    await expectFault(client.describeSecret({ SecretId: 'with space' }), 'ValidationException')
    await aws.coffer.write('native/with space', { value: 'x' })
    expect((await client.getSecretValue({ SecretId: 'native/with space' })).SecretString).toBe('x')
  })

  it('is made once: a second one is told apart from the same request again', async () => {
    const input = { Name: 'once', SecretString: 'v', ClientRequestToken: token() }
    const made = await client.createSecret(input)
    expect(made.VersionId).toBe(input.ClientRequestToken)
    expect(await client.createSecret(input)).toMatchObject({
      ARN: made.ARN,
      VersionId: made.VersionId,
    })
    await expectFault(
      client.createSecret({ ...input, ClientRequestToken: token() }),
      'ResourceExistsException',
      'The operation failed because the secret once already exists.',
    )
    const inUse = `You can't use ClientRequestToken ${made.VersionId} because that value is already in use for a version of secret ${made.ARN}.`
    const other = { ClientRequestToken: made.VersionId, SecretString: 'w' }
    await expectFault(
      client.createSecret({ Name: 'once', ...other }),
      'ResourceExistsException',
      inUse,
    )
    await expectFault(
      client.putSecretValue({ SecretId: 'once', ...other }),
      'ResourceExistsException',
      inUse,
    )
    await expectFault(
      client.updateSecret({ SecretId: 'once', ...other }),
      'ResourceExistsException',
      inUse,
    )
    const same = { SecretId: 'once', ClientRequestToken: made.VersionId, SecretString: 'v' }
    expect((await client.putSecretValue(same)).VersionStages).toEqual(['AWSCURRENT'])
    expect((await client.updateSecret(same)).VersionId).toBe(made.VersionId)
    const versions = await client.listSecretVersionIds({
      SecretId: 'once',
      IncludeDeprecated: true,
    })
    expect(versions.Versions).toHaveLength(1)
  })

  it('may hold text, bytes, and either after the other', async () => {
    const bytes = new Uint8Array([0, 255, 1])
    await client.createSecret({ Name: 'kinds', SecretBinary: bytes })
    const read = await client.getSecretValue({ SecretId: 'kinds' })
    expect(Uint8Array.from(read.SecretBinary ?? [])).toEqual(bytes)
    expect(read.SecretString).toBeUndefined()
    await client.putSecretValue({ SecretId: 'kinds', SecretString: 'text' })
    expect((await client.getSecretValue({ SecretId: 'kinds' })).SecretString).toBe('text')
    await client.updateSecret({ SecretId: 'kinds', SecretBinary: bytes })
    expect((await aws.coffer.read({ path: 'kinds' }))?.secret.reveal()).toEqual(bytes)
    await aws.coffer.write('object', { value: { user: 'u', nested: { n: 1 } } })
    const object = await client.getSecretValue({ SecretId: 'object' })
    expect(JSON.parse(object.SecretString ?? '')).toEqual({ user: 'u', nested: { n: 1 } })
    await client.putSecretValue({ SecretId: 'object', SecretString: 'no JSON' })
    await aws.coffer.write('port', { value: '5432', type: { name: 'number' } })
    await expectFault(
      client.putSecretValue({ SecretId: 'port', SecretString: 'many' }),
      'InvalidParameterException',
    )
    const both = { SecretString: 'x', SecretBinary: bytes }
    await expectFault(client.createSecret({ Name: 'both', ...both }), 'InvalidParameterException')
    await expectFault(
      client.putSecretValue({ SecretId: 'kinds' }),
      'InvalidRequestException',
      'You must provide either SecretString or SecretBinary.',
    )
  })

  it('may have no value at first', async () => {
    const made = await client.createSecret({ Name: 'empty', Description: 'd', KmsKeyId: 'k' })
    expect(made.VersionId).toBeUndefined()
    const described = await client.describeSecret({ SecretId: 'empty' })
    expect(described).toMatchObject({ Description: 'd', KmsKeyId: 'k' })
    expect(described.VersionIdsToStages).toBeUndefined()
    await expectFault(client.createSecret({ Name: 'empty' }), 'ResourceExistsException')
    await expectFault(
      client.getSecretValue({ SecretId: 'empty' }),
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    const put = await client.putSecretValue({
      SecretId: 'empty',
      SecretString: 'x',
      VersionStages: ['AWSPENDING'],
    })
    expect(put.VersionStages).toEqual(['AWSPENDING', 'AWSCURRENT'])
    expect((await aws.coffer.read({ path: 'empty' }))?.version).toBe(1)
    const { Versions } = await client.listSecretVersionIds({
      SecretId: 'empty',
      IncludeDeprecated: true,
    })
    expect(Versions).toHaveLength(1)
  })

  it('keeps 65 536 bytes and not one more', async () => {
    await client.createSecret({ Name: 'big', SecretString: 'x'.repeat(65_536) })
    const past = client.putSecretValue({ SecretId: 'big', SecretString: 'x'.repeat(65_537) })
    expect((await failureOf(past)).message).toBe(
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    )
    const wide = 'é'.repeat(40_000)
    await expectFault(
      client.putSecretValue({ SecretId: 'big', SecretString: wide }),
      'InvalidParameterException',
    )
  })
})

describe('deletion', () => {
  it('has a window in which nothing but describing and restoring is possible', async () => {
    const { ARN } = await client.createSecret({ Name: 'going', SecretString: 'x' })
    const gone = await client.deleteSecret({ SecretId: ARN, RecoveryWindowInDays: 7 })
    expect(gone.DeletionDate?.getTime()).toBe(aws.now() + 7 * 86_400_000)
    const id = { SecretId: 'going' }
    expect((await client.describeSecret(id)).DeletedDate?.getTime()).toBe(aws.now())
    for (const call of [
      client.getSecretValue(id),
      client.getSecretValue({ ...id, VersionStage: 'AWSPREVIOUS' }),
      client.putSecretValue({ ...id, SecretString: 'y' }),
      client.updateSecret({ ...id, Description: 'y' }),
      client.updateSecret({ ...id, SecretString: 'y' }),
      client.deleteSecret(id),
      client.tagResource({ ...id, Tags: [{ Key: 'a', Value: 'b' }] }),
      client.untagResource({ ...id, TagKeys: ['a'] }),
      client.rotateSecret(id),
      client.updateSecretVersionStage({ ...id, VersionStage: 'x', MoveToVersionId: token() }),
    ]) {
      await expectFault(call, 'InvalidRequestException', MARKED)
    }
    await expectFault(
      client.createSecret({ Name: 'going', SecretString: 'x' }),
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    )
    await client.createSecret({ Name: 'going/empty' })
    await client.deleteSecret({ SecretId: 'going/empty' })
    const batch = await client.batchGetSecretValue({ SecretIdList: ['going', 'going/empty'] })
    expect(batch.Errors?.map(({ Message }) => Message)).toEqual([MARKED, MARKED])
    await client.restoreSecret(id)
    expect((await client.restoreSecret(id)).ARN).toBe(ARN)
    expect((await client.getSecretValue(id)).SecretString).toBe('x')
    await client.deleteSecret(id)
    await client.deleteSecret({ ...id, ForceDeleteWithoutRecovery: true })
    const again = await client.createSecret({ Name: 'going', SecretString: 'new' })
    expect(again.ARN).not.toBe(ARN)
    await expectFault(client.getSecretValue({ SecretId: ARN }), 'ResourceNotFoundException')
  })

  it('by force succeeds for what is not there; windows are 7 to 30 days', async () => {
    const force = { SecretId: 'never/was', ForceDeleteWithoutRecovery: true }
    expect(await client.deleteSecret(force)).toMatchObject({ Name: 'never/was' })
    await expectFault(
      client.deleteSecret({ SecretId: 'never/was' }),
      'ResourceNotFoundException',
      NO_SECRET,
    )
    for (const RecoveryWindowInDays of [6, 31]) {
      await expectFault(
        client.deleteSecret({ SecretId: 'kinds', RecoveryWindowInDays }),
        'InvalidParameterException',
        'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      )
    }
    const both = await failureOf(client.deleteSecret({ ...force, RecoveryWindowInDays: 7 }))
    expect(both.message).toBe(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )
  })
})

describe('tags and metadata', () => {
  it('tags are set, replaced and taken off one by one', async () => {
    const id = { SecretId: 'tagged' }
    await client.createSecret({ Name: 'tagged', Tags: [{ Key: 'a', Value: '1' }] })
    await client.tagResource({
      ...id,
      Tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '' },
      ],
    })
    expect((await client.describeSecret(id)).Tags).toEqual([
      { Key: 'a', Value: '' },
      { Key: 'b', Value: '2' },
    ])
    await client.untagResource({ ...id, TagKeys: ['a', 'b', 'never'] })
    expect((await client.describeSecret(id)).Tags).toEqual([])
    const reserved = client.tagResource({ ...id, Tags: [{ Key: 'aws:x', Value: '' }] })
    await expectFault(reserved, 'InvalidParameterException', /aws: prefixed/)
    const many = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
    await client.tagResource({ ...id, Tags: many.slice(0, 50) })
    await expectFault(client.tagResource({ ...id, Tags: many }), 'InvalidParameterException')
  })

  it('updating changes what is given and nothing else', async () => {
    await client.createSecret({ Name: 'meta', SecretString: 'v', Description: 'd', KmsKeyId: 'k' })
    const updated = await client.updateSecret({ SecretId: 'meta', KmsKeyId: 'k2' })
    expect(updated.VersionId).toBeUndefined()
    expect(await client.describeSecret({ SecretId: 'meta' })).toMatchObject({
      Description: 'd',
      KmsKeyId: 'k2',
    })
    await client.updateSecret({ SecretId: 'meta', Description: '', SecretString: 'w' })
    const described = await client.describeSecret({ SecretId: 'meta' })
    expect(described.Description).toBeUndefined()
    expect(described.KmsKeyId).toBe('k2')
    expect(described.LastAccessedDate).toBeUndefined()
    await client.getSecretValue({ SecretId: 'meta' })
    await client.updateSecret({ SecretId: 'meta', KmsKeyId: '' })
    const { Versions } = await client.listSecretVersionIds({ SecretId: 'meta' })
    expect(Versions?.[0]?.KmsKeyIds).toEqual(['DefaultEncryptionKey'])
    const read = await client.describeSecret({ SecretId: 'meta' })
    expect(read.KmsKeyId).toBeUndefined()
    expect(read.LastAccessedDate?.getTime()).toBe(Math.floor(aws.now() / 86_400_000) * 86_400_000)
  })

  it('replica regions are kept and reported as failed, with a reason', async () => {
    const AddReplicaRegions = [{ Region: 'us-east-1' }]
    const made = await client.createSecret({
      Name: 'replicated',
      SecretString: 'v',
      AddReplicaRegions,
    })
    expect(made.ReplicationStatus).toMatchObject([{ Region: 'us-east-1', Status: 'Failed' }])
    expect(made.ReplicationStatus?.[0]?.StatusMessage).toMatch(/no other regions/)
    const id = { SecretId: 'replicated' }
    await client.replicateSecretToRegions({ ...id, AddReplicaRegions: [{ Region: 'us-west-2' }] })
    const described = await client.describeSecret(id)
    expect(described).toMatchObject({ PrimaryRegion: 'eu-west-1' })
    expect(described.ReplicationStatus).toHaveLength(2)
    const own = client.replicateSecretToRegions({
      ...id,
      AddReplicaRegions: [{ Region: 'eu-west-1' }],
    })
    await expectFault(own, 'InvalidParameterException', 'Invalid replica region.')
    await expectFault(
      client.deleteSecret(id),
      'InvalidParameterException',
      /still has replica regions/,
    )
    await expectFault(client.stopReplicationToReplica(id), 'InvalidParameterException')
    const left = await client.removeRegionsFromReplication({
      ...id,
      RemoveReplicaRegions: ['us-east-1', 'us-west-2'],
    })
    expect(left.ReplicationStatus).toEqual([])
    await client.deleteSecret(id)
  })
})
