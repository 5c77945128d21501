import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestAws } from '../test-aws.ts'
import { expectFault, startTestAws, token } from '../test-aws.ts'
import type { RotationEvent } from './invoke.ts'

let aws: TestAws
let client: TestAws['client']
let handler: Server
let url: string
let seen: RotationEvent[]
/** What the function does at each step; a test replaces it. */
let work: (event: RotationEvent) => Promise<unknown>

const FUNCTION = 'arn:aws:lambda:eu-west-1:123456789012:function:rotate-db'
const NODE = process.execPath

beforeAll(async () => {
  aws = await startTestAws({ aws: { accountId: '123456789012', rotationCommands: [NODE] } })
  client = aws.client
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const event = await bodyOf(request)
    seen.push(event)
    try {
      await work(event)
      response.end('null')
    } catch {
      response.statusCode = 500
      response.end('{"errorMessage":"no"}')
    }
  }
  handler = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => handler.once('listening', resolve))
  url = `http://127.0.0.1:${(handler.address() as AddressInfo).port}/`
  await aws.coffer.settings.put('aws/rotation/rotate-db', { url })
})
afterAll(async () => {
  handler.close()
  await aws.close()
})
beforeEach(() => {
  seen = []
  work = template
})

async function bodyOf(request: IncomingMessage): Promise<RotationEvent> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text) as RotationEvent
}

/** What the rotation functions do that AWS gives away, with the checks that they make. */
async function template({ Step, SecretId, ClientRequestToken: id }: RotationEvent): Promise<void> {
  const described = await client.describeSecret({ SecretId })
  if (described.RotationEnabled !== true) throw new Error('not enabled')
  const versions = described.VersionIdsToStages ?? {}
  if (versions[id]?.includes('AWSCURRENT') === true) return
  if (versions[id]?.includes('AWSPENDING') !== true) throw new Error('not staged')
  const pending = { SecretId, VersionId: id, VersionStage: 'AWSPENDING' }
  if (Step === 'createSecret') {
    await expectFault(client.getSecretValue(pending), 'ResourceNotFoundException')
    const { RandomPassword } = await client.getRandomPassword({ PasswordLength: 20 })
    await client.putSecretValue({
      SecretId,
      ClientRequestToken: id,
      SecretString: RandomPassword,
      VersionStages: ['AWSPENDING'],
    })
  } else if (Step === 'testSecret') {
    await client.getSecretValue(pending)
  } else if (Step === 'finishSecret') {
    const [current] =
      Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT')) ?? []
    await client.updateSecretVersionStage({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: id,
      RemoveFromVersionId: current,
    })
    await client.updateSecretVersionStage({
      SecretId,
      VersionStage: 'AWSPENDING',
      RemoveFromVersionId: id,
    })
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('It did not come to that.')
}

const described = (SecretId: string) => client.describeSecret({ SecretId })

describe('rotation', () => {
  it('is four calls of the function; the new version is current, the old one previous', async () => {
    const made = await client.createSecret({ Name: 'app/db', SecretString: 'old' })
    const days = { AutomaticallyAfterDays: 30 }
    const rotated = await client.rotateSecret({
      SecretId: 'app/db',
      RotationLambdaARN: FUNCTION,
      RotationRules: days,
    })
    await until(async () => (await described('app/db')).LastRotatedDate !== undefined)
    expect(seen.map((event) => event.Step)).toEqual([
      'createSecret',
      'setSecret',
      'testSecret',
      'finishSecret',
    ])
    expect(
      new Set(seen.map(({ SecretId, ClientRequestToken }) => `${SecretId} ${ClientRequestToken}`)),
    ).toEqual(new Set([`${made.ARN} ${rotated.VersionId}`]))
    expect(seen[0]?.RotationToken).toMatch(/^[0-9a-f-]{36}$/)
    const after = await described('app/db')
    expect(after).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: FUNCTION,
      RotationRules: days,
    })
    expect(after.NextRotationDate?.getTime()).toBe(aws.now() + 30 * 86_400_000)
    expect(after.VersionIdsToStages).toEqual({
      [made.VersionId ?? '']: ['AWSPREVIOUS'],
      [rotated.VersionId ?? '']: ['AWSCURRENT'],
    })
    expect((await client.getSecretValue({ SecretId: 'app/db' })).SecretString).toHaveLength(20)
    const cancelled = await client.cancelRotateSecret({ SecretId: 'app/db' })
    expect(cancelled.VersionId).toBeUndefined()
    const off = await described('app/db')
    expect(off).toMatchObject({
      RotationEnabled: false,
      RotationLambdaARN: FUNCTION,
      RotationRules: days,
    })
    expect(off.NextRotationDate).toBeUndefined()
    const again = await client.rotateSecret({ SecretId: 'app/db' })
    await until(async () => {
      const { VersionIdsToStages: stages = {} } = await described('app/db')
      return stages[again.VersionId ?? '']?.join() === 'AWSCURRENT'
    })
  })

  it('that fails leaves its version pending, and the next one waits for it', async () => {
    work = async (event) => {
      if (event.Step === 'setSecret') throw new Error('the database is away')
      await template(event)
    }
    await client.createSecret({ Name: 'app/fails', SecretString: 'old' })
    const input = {
      SecretId: 'app/fails',
      RotationLambdaARN: FUNCTION,
      ClientRequestToken: token(),
    }
    await client.rotateSecret(input)
    await until(async () => seen.length === 2)
    const { VersionIdsToStages: stages = {} } = await described('app/fails')
    expect(stages[input.ClientRequestToken]).toEqual(['AWSPENDING'])
    expect((await client.getSecretValue({ SecretId: 'app/fails' })).SecretString).toBe('old')
    await expectFault(
      client.rotateSecret({ ...input, ClientRequestToken: token() }),
      'InvalidRequestException',
      "A previous rotation isn't complete. That rotation will be reattempted.",
    )
    const cancelled = await client.cancelRotateSecret({ SecretId: 'app/fails' })
    expect(cancelled.VersionId).toBe(input.ClientRequestToken)
  })

  it('that failed is taken up again by the next request, which is refused', async () => {
    const input = { SecretId: 'app/mended', RotationLambdaARN: FUNCTION }
    work = () => Promise.reject(new Error('no'))
    await client.createSecret({ Name: 'app/mended', SecretString: 'old' })
    const { VersionId = '' } = await client.rotateSecret(input)
    await until(async () => seen.length === 1)
    const { promise: mended, resolve: mend } = Promise.withResolvers<void>()
    work = (event) => mended.then(() => template(event))
    await until(async () => {
      const refused = client.rotateSecret({ ...input, ClientRequestToken: token() })
      await expectFault(refused, 'InvalidRequestException', /will be reattempted/)
      return seen.length > 1
    })
    mend()
    await until(async () => (await described('app/mended')).LastRotatedDate !== undefined)
    expect((await described('app/mended')).VersionIdsToStages?.[VersionId]).toEqual(['AWSCURRENT'])
    expect(new Set(seen.map((event) => event.ClientRequestToken))).toEqual(new Set([VersionId]))
  })

  it('that is not to begin at once is only tried', async () => {
    const made = await client.createSecret({ Name: 'app/later', SecretString: 'old' })
    const RotationRules = { ScheduleExpression: 'rate(10 days)', Duration: '3h' }
    let tried: string | undefined
    work = async ({ SecretId, ClientRequestToken: VersionId }) => {
      const pending = await client.getSecretValue({
        SecretId,
        VersionId,
        VersionStage: 'AWSPENDING',
      })
      tried = pending.SecretString
    }
    await client.rotateSecret({
      SecretId: 'app/later',
      RotationLambdaARN: FUNCTION,
      RotationRules,
      RotateImmediately: false,
    })
    await until(async () => {
      const { VersionIdsToStages: stages = {} } = await described('app/later')
      return seen.length === 1 && Object.keys(stages).length === 1
    })
    expect([seen[0]?.Step, tried]).toEqual(['testSecret', 'old'])
    expect(await described('app/later')).toMatchObject({
      RotationEnabled: true,
      RotationRules,
      VersionIdsToStages: { [made.VersionId ?? '']: ['AWSCURRENT'] },
    })
  })

  it('needs a function, and one that something stands for', async () => {
    await client.createSecret({ Name: 'app/none', SecretString: 'v' })
    const id = { SecretId: 'app/none' }
    await expectFault(
      client.rotateSecret(id),
      'InvalidRequestException',
      'No Lambda rotation function ARN is associated with this secret.',
    )
    await expectFault(
      client.rotateSecret({
        ...id,
        RotationLambdaARN: 'arn:aws:lambda:eu-west-1:1:function:other',
      }),
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
    )
    await aws.coffer.settings.put('aws/rotation/wild', { command: ['/bin/sh', '-c', 'true'] })
    await expectFault(
      client.rotateSecret({ ...id, RotationLambdaARN: 'wild' }),
      'AccessDeniedException',
    )
    for (const RotationRules of [
      { ScheduleExpression: 'rate(1 hours)' },
      { ScheduleExpression: 'cron(0 8 1 * MON *)' },
      { ScheduleExpression: 'rate(10 days)', AutomaticallyAfterDays: 1 },
    ]) {
      const rotate = client.rotateSecret({ ...id, RotationLambdaARN: FUNCTION, RotationRules })
      await expectFault(rotate, 'InvalidParameterException')
    }
    await expectFault(client.cancelRotateSecret(id), 'InvalidRequestException')
    expect((await described('app/none')).RotationEnabled).toBeUndefined()
  })

  it('may be a program that the operator allowed: the event is on its standard input', async () => {
    const script = `let t='';process.stdin.on('data',d=>t+=d).on('end',()=>fetch('${url}',{method:'POST',body:t}).then(r=>process.exit(r.ok?0:1)))`
    await aws.coffer.settings.put('aws/rotation/program', { command: [NODE, '-e', script] })
    await client.createSecret({ Name: 'app/program', SecretString: 'old' })
    await client.rotateSecret({ SecretId: 'app/program', RotationLambdaARN: 'program' })
    await until(async () => (await described('app/program')).LastRotatedDate !== undefined)
    expect(seen).toHaveLength(4)
  })
})
