import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../../app.ts'
import type { TestAws } from '../test-aws.ts'
import { expectFault, startTestAws, token } from '../test-aws.ts'

let aws: TestAws
let client: TestAws['client']
beforeAll(async () => {
  aws = await startTestAws()
  client = aws.client
})
afterAll(() => aws.close())

const stages = async (SecretId: string) =>
  (await client.describeSecret({ SecretId })).VersionIdsToStages ?? {}

async function staged(Name: string, ...more: (string[] | undefined)[]): Promise<string[]> {
  const made = await client.createSecret({ Name, SecretString: 'v0' })
  const ids = [made.VersionId ?? '']
  for (const [i, VersionStages] of more.entries()) {
    const input = {
      SecretId: Name,
      SecretString: `v${i + 1}`,
      ...(VersionStages && { VersionStages }),
    }
    ids.push((await client.putSecretValue(input)).VersionId ?? '')
  }
  return ids
}

describe('staging labels', () => {
  it('AWSCURRENT moves with a put, AWSPREVIOUS follows, other stages leave both alone', async () => {
    const [a, b, c] = await staged('moves', undefined, ['AWSPENDING', 'mine'])
    expect(await stages('moves')).toEqual({
      [a ?? '']: ['AWSPREVIOUS'],
      [b ?? '']: ['AWSCURRENT'],
      [c ?? '']: ['AWSPENDING', 'mine'],
    })
    const pending = await client.getSecretValue({ SecretId: 'moves', VersionStage: 'AWSPENDING' })
    expect(pending).toMatchObject({ SecretString: 'v2', VersionId: c })
    expect((await aws.coffer.read({ path: 'moves', label: 'pending' }))?.version).toBe(3)
    const other = await client.putSecretValue({
      SecretId: 'moves',
      SecretString: 'x',
      VersionStages: ['mine', 'mine'],
    })
    expect(other.VersionStages).toEqual(['mine'])
    expect((await stages('moves'))[c ?? '']).toEqual(['AWSPENDING'])
    expect((await stages('moves'))[other.VersionId ?? '']).toEqual(['mine'])
  })

  it('a version that stops being current is pending no more', async () => {
    const [a, b] = await staged('settles', ['AWSPENDING'])
    await client.updateSecretVersionStage({
      SecretId: 'settles',
      VersionStage: 'AWSCURRENT',
      RemoveFromVersionId: a,
      MoveToVersionId: b,
    })
    expect((await stages('settles'))[b ?? '']).toEqual(['AWSCURRENT', 'AWSPENDING'])
    await client.putSecretValue({ SecretId: 'settles', SecretString: 'x' })
    expect((await stages('settles'))[b ?? '']).toEqual(['AWSPREVIOUS'])
  })

  it('a version without a stage is deprecated: hidden, still readable by its id', async () => {
    const [a, b, c] = await staged('deprecated', undefined, undefined)
    const visible = await client.listSecretVersionIds({ SecretId: 'deprecated' })
    expect(visible.Versions?.map((v) => v.VersionId)).toEqual([b, c])
    const all = await client.listSecretVersionIds({
      SecretId: 'deprecated',
      IncludeDeprecated: true,
    })
    expect(all.Versions?.map((v) => v.VersionId)).toEqual([a, b, c])
    expect(all.Versions?.[0]?.VersionStages).toBeUndefined()
    expect(all.Versions?.[0]?.KmsKeyIds).toEqual(['DefaultEncryptionKey'])
    const read = await client.getSecretValue({ SecretId: 'deprecated', VersionId: a })
    expect(read).toMatchObject({ SecretString: 'v0', VersionStages: [] })
    const first = await client.listSecretVersionIds({ SecretId: 'deprecated', MaxResults: 1 })
    const { NextToken } = first
    const second = await client.listSecretVersionIds({ SecretId: 'deprecated', NextToken })
    expect([...(first.Versions ?? []), ...(second.Versions ?? [])].map((v) => v.VersionId)).toEqual(
      [b, c],
    )
    const forged = client.listSecretVersionIds({ SecretId: 'deprecated', NextToken: 'nothing' })
    await expectFault(forged, 'InvalidNextTokenException')
  })

  it('a version is named by id, by stage, or by both where they agree', async () => {
    const [a] = await staged('named', undefined)
    const id = { SecretId: 'named' }
    const both = await client.getSecretValue({ ...id, VersionId: a, VersionStage: 'AWSPREVIOUS' })
    expect(both.SecretString).toBe('v0')
    await expectFault(
      client.getSecretValue({ ...id, VersionId: a, VersionStage: 'AWSCURRENT' }),
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    )
    const other = token()
    await expectFault(
      client.getSecretValue({ ...id, VersionId: other }),
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for VersionId: ${other}`,
    )
    await expectFault(
      client.getSecretValue({ ...id, VersionStage: 'AWSPENDING' }),
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
    )
  })

  it('moving one says where it is taken from; the current one cannot be taken off', async () => {
    const [a, b] = await staged('rules', undefined)
    const id = { SecretId: 'rules' }
    const move = (input: object) =>
      client.updateSecretVersionStage({ ...id, VersionStage: 'AWSCURRENT', ...input })
    await expectFault(
      move({ MoveToVersionId: a }),
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${b}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
    await expectFault(
      move({ MoveToVersionId: a, RemoveFromVersionId: a }),
      'InvalidParameterException',
    )
    await expectFault(
      move({ RemoveFromVersionId: b }),
      'InvalidParameterException',
      /completely removed/,
    )
    await expectFault(move({}), 'InvalidParameterException')
    await expectFault(move({ MoveToVersionId: token() }), 'ResourceNotFoundException')
    await move({ MoveToVersionId: a, RemoveFromVersionId: b })
    await move({ MoveToVersionId: a, RemoveFromVersionId: a })
    expect(await stages('rules')).toEqual({ [a ?? '']: ['AWSCURRENT'], [b ?? '']: ['AWSPREVIOUS'] })
    await client.updateSecretVersionStage({ ...id, VersionStage: 'mine', MoveToVersionId: b })
    await client.updateSecretVersionStage({ ...id, VersionStage: 'mine', RemoveFromVersionId: b })
    expect((await stages('rules'))[b ?? '']).toEqual(['AWSPREVIOUS'])
  })

  it('stages with any text are kept, also those that are words of Coffer', async () => {
    const odd = ['1st', 'with space', 'current', 'ünï', 'x'.repeat(180)]
    await staged('odd', odd)
    for (const VersionStage of odd) {
      const read = await client.getSecretValue({ SecretId: 'odd', VersionStage })
      expect(read).toMatchObject({ SecretString: 'v1', VersionStages: odd.toSorted() })
    }
    expect((await client.getSecretValue({ SecretId: 'odd' })).SecretString).toBe('v0')
    const many = Array.from({ length: 20 }, (_, i) => `stage${i}`)
    const put = client.putSecretValue({ SecretId: 'odd', SecretString: 'x', VersionStages: many })
    await expectFault(put, 'LimitExceededException')
  })

  it('racing writers all write, and one of them is current', async () => {
    await staged('race')
    const puts = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        client.putSecretValue({ SecretId: 'race', SecretString: `w${i}` }),
      ),
    )
    const all = await client.listSecretVersionIds({ SecretId: 'race', IncludeDeprecated: true })
    expect(all.Versions).toHaveLength(21)
    const current = Object.entries(await stages('race')).filter(([, s]) => s.includes('AWSCURRENT'))
    expect(puts.map((put) => put.VersionId)).toContain(current[0]?.[0])
    expect(current).toHaveLength(1)
    const makers = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        client.createSecret({ Name: 'race/made', SecretString: 'x' }),
      ),
    )
    expect(makers.filter((made) => made.status === 'fulfilled')).toHaveLength(1)
  })

  it('a put that another process was faster with is told its stages', async () => {
    await staged('twice')
    const put = { SecretId: 'twice', SecretString: 'w', ClientRequestToken: token() }
    const { platform, server } = aws
    let faster: Promise<unknown> | undefined
    const looking = Object.assign(Object.create(platform) as typeof platform, {
      async peek(path: string) {
        const record = await platform.peek(path)
        await (faster ??= client.putSecretValue(put))
        return record
      },
    })
    const gate = { ...server.gate, platform: () => looking }
    const other = await createApp({ ...server, gate })
    onTestFinished(() => other.close())
    const url = await other.listen({ host: '127.0.0.1', port: 0 })
    const late = await aws.clientWith(aws.credentials, 'eu-west-1', url).putSecretValue(put)
    expect(late.VersionStages).toEqual(['AWSCURRENT'])
    expect(Object.keys(await stages('twice'))).toHaveLength(2)
  })

  it('versions that others wrote have stable ids', async () => {
    await aws.coffer.write('theirs', { value: 'a' })
    await aws.coffer.write('theirs', { value: 'b' })
    const ids = await stages('theirs')
    expect(await stages('theirs')).toEqual(ids)
    for (const [VersionId, [stage]] of Object.entries(ids)) {
      expect(VersionId).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
      const read = await client.getSecretValue({ SecretId: 'theirs', VersionId })
      expect(read.SecretString).toBe(stage === 'AWSCURRENT' ? 'b' : 'a')
    }
  })
})
