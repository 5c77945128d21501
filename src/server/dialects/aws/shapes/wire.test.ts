import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../../core/limits.ts'
import type { TestAws } from '../test-aws.ts'
import { startTestAws, token } from '../test-aws.ts'
import { post, signed } from '../test-signature.ts'

let aws: TestAws
beforeAll(async () => {
  aws = await startTestAws()
})
afterAll(() => aws.close())

async function ask(operation: string, body: unknown): Promise<[number, string, string]> {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const headers = { 'x-amz-target': operation, 'content-type': 'application/x-amz-json-1.1' }
  const answer = await post(
    aws.url,
    signed(aws.url, aws.credentials, text, { at: aws.now(), headers }),
    text,
  )
  const said = JSON.parse(answer.text || '{}') as Record<string, string>
  const { __type: type = '', message = said['Message'] ?? '' } = said
  return [answer.status, type, message]
}

const create = (body: unknown) => ask('secretsmanager.CreateSecret', body)

describe('what is asked for', () => {
  it('is an operation of the service, by its exact name', async () => {
    for (const target of [
      'secretsmanager.Nothing',
      'secretsmanager.constructor',
      'GetSecretValue',
      'secretsmanager.getsecretvalue',
      'ssm.GetParameter',
    ]) {
      expect((await ask(target, {})).slice(0, 2)).toEqual([400, 'UnknownOperationException'])
    }
    const plain = await post(aws.url, {}, '{}')
    expect([plain.status, plain.text]).toEqual([
      400,
      expect.stringContaining('UnknownOperationException'),
    ])
  })

  it('has every constraint that it breaks named at once, and no value that is secret', async () => {
    const canary = 'c4n4ry'.repeat(12_000)
    expect(
      await create({ SecretString: canary, ClientRequestToken: 'short', Tags: [{ Key: '' }] }),
    ).toEqual([
      400,
      'ValidationException',
      [
        "4 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        "Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32",
        "Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
        "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ].join('; '),
    ])
    expect(await ask('secretsmanager.ListSecrets', { MaxResults: 101 })).toEqual([
      400,
      'ValidationException',
      "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
    ])
  })

  it('is JSON of the right kinds', async () => {
    const bad: unknown[] = [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"Name":1}',
      '{"Name":["x"]}',
      '{"Name":{}}',
      '{"Name":"a","Name":"b"}',
      '{"Name":"x","SecretBinary":"*"}',
      '{"Name":"x","Description":"\\ud800"}',
      '{"Name":"x","Tags":{}}',
      '{"Name":"x","Tags":["x"]}',
      '{"Name":"x","ForceOverwriteReplicaSecret":"yes"}',
      new Uint8Array([0x7b, 0xff, 0x7d]),
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    ]
    for (const body of bad) {
      expect((await create(body)).slice(0, 2)).toEqual([400, 'SerializationException'])
    }
    expect((await ask('secretsmanager.GetRandomPassword', { PasswordLength: '8' }))[2]).toMatch(
      /^STRING_VALUE can not/,
    )
  })

  it('may hold members that nobody knows, and null for what is left out', async () => {
    const made = await create({
      Name: 'lenient',
      Description: null,
      Unknown: { deep: [1] },
      ClientRequestToken: token(),
    })
    expect(made[0]).toBe(200)
  })

  it('is too large past its limit, and the server goes on', async () => {
    const padded = (bytes: number) => ask('secretsmanager.GetRandomPassword', '{}'.padEnd(bytes))
    expect((await padded(LIMITS.awsRequestBodyBytesMax))[0]).toBe(200)
    const past = await padded(LIMITS.awsRequestBodyBytesMax + 1)
    expect(past.slice(0, 2)).toEqual([413, 'RequestEntityTooLargeException'])
    expect((await ask('secretsmanager.GetRandomPassword', {}))[0]).toBe(200)
  })

  it('needs a client request token where the SDKs give one', async () => {
    const text = 'You must provide a ClientRequestToken value. We recommend a UUID-type value.'
    expect(await create({ Name: 'x', SecretString: 'v' })).toEqual([
      400,
      'InvalidRequestException',
      text,
    ])
    const id = { SecretId: 'lenient' }
    expect(await ask('secretsmanager.PutSecretValue', { ...id, SecretString: 'v' })).toEqual([
      400,
      'InvalidRequestException',
      text,
    ])
    expect(await ask('secretsmanager.UpdateSecret', { ...id, SecretString: 'v' })).toEqual([
      400,
      'InvalidRequestException',
      text,
    ])
    expect(await ask('secretsmanager.RotateSecret', id)).toEqual([
      400,
      'InvalidParameterException',
      text,
    ])
    expect((await ask('secretsmanager.UpdateSecret', { ...id, Description: 'd' }))[0]).toBe(200)
  })
})
