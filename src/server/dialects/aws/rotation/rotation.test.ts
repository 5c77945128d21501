import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestAws } from '../test-aws.ts'
import { expectFault, startTestAws, token } from '../test-aws.ts'
import type { TestFunction } from './test-function.ts'
import { startTestFunction, template as templateOf } from './test-function.ts'

let aws: TestAws
let client: TestAws['client']
let rotator: TestFunction
let template: TestFunction['work']

const FUNCTION = 'arn:aws:lambda:eu-west-1:123456789012:function:rotate-db'
const NODE = process.execPath
const DAY_MS = 86_400_000

beforeAll(async () => {
  aws = await startTestAws({ aws: { accountId: '123456789012', rotationCommands: [NODE] } })
  client = aws.client
  template = templateOf(() => client)
  rotator = await startTestFunction(template)
  await aws.coffer.settings.put('aws/rotation/rotate-db', { url: rotator.url })
})
afterAll(async () => {
  rotator.close()
  await aws.close()
})
beforeEach(() => {
  rotator.seen = []
  rotator.work = template
})

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
    expect(rotator.seen.map((event) => event.Step)).toEqual([
      'createSecret',
      'setSecret',
      'testSecret',
      'finishSecret',
    ])
    expect(
      new Set(
        rotator.seen.map(({ SecretId, ClientRequestToken }) => `${SecretId} ${ClientRequestToken}`),
      ),
    ).toEqual(new Set([`${made.ARN} ${rotated.VersionId}`]))
    expect(rotator.seen[0]?.RotationToken).toMatch(/^[0-9a-f-]{36}$/)
    const after = await described('app/db')
    expect(after).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: FUNCTION,
      RotationRules: days,
    })
    const today = Math.floor(aws.now() / DAY_MS) * DAY_MS
    expect(after.NextRotationDate?.getTime()).toBe(today + 31 * DAY_MS - 1_000)
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
    rotator.work = async (event) => {
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
    await until(async () => rotator.seen.length === 2)
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

  it('that is cancelled goes no further than the step it is at', async () => {
    const { promise: cancelled, resolve: goOn } = Promise.withResolvers<void>()
    rotator.work = (event) => (event.Step === 'setSecret' ? cancelled : template(event))
    await client.createSecret({ Name: 'app/stops', SecretString: 'old' })
    const input = { SecretId: 'app/stops', RotationLambdaARN: FUNCTION }
    const { VersionId = '' } = await client.rotateSecret(input)
    await until(async () => rotator.seen.length === 2)
    await client.cancelRotateSecret({ SecretId: 'app/stops' })
    goOn()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(rotator.seen.map((event) => event.Step)).toEqual(['createSecret', 'setSecret'])
    const { VersionIdsToStages, RotationEnabled } = await described('app/stops')
    expect([RotationEnabled, VersionIdsToStages?.[VersionId]]).toEqual([false, ['AWSPENDING']])
  })

  it('that failed is taken up again by the next request, which is refused', async () => {
    const input = { SecretId: 'app/mended', RotationLambdaARN: FUNCTION }
    rotator.work = () => Promise.reject(new Error('no'))
    await client.createSecret({ Name: 'app/mended', SecretString: 'old' })
    const { VersionId = '' } = await client.rotateSecret(input)
    await until(async () => rotator.seen.length === 1)
    const { promise: mended, resolve: mend } = Promise.withResolvers<void>()
    rotator.work = (event) => mended.then(() => template(event))
    await until(async () => {
      const refused = client.rotateSecret({ ...input, ClientRequestToken: token() })
      await expectFault(refused, 'InvalidRequestException', /will be reattempted/)
      return rotator.seen.length > 1
    })
    mend()
    await until(async () => (await described('app/mended')).LastRotatedDate !== undefined)
    expect((await described('app/mended')).VersionIdsToStages?.[VersionId]).toEqual(['AWSCURRENT'])
    expect(new Set(rotator.seen.map((event) => event.ClientRequestToken))).toEqual(
      new Set([VersionId]),
    )
  })

  it('of a version that is staged already is arranged as it says', async () => {
    const id = { SecretId: 'app/staged' }
    await client.createSecret({ Name: 'app/staged', SecretString: 'old' })
    const staged = { ...id, ClientRequestToken: token() }
    await client.putSecretValue({ ...staged, SecretString: 'new', VersionStages: ['AWSPENDING'] })
    rotator.work = () => Promise.reject(new Error('no'))
    for (const AutomaticallyAfterDays of [5, 7]) {
      const RotationRules = { AutomaticallyAfterDays }
      await client.rotateSecret({ ...staged, RotationLambdaARN: FUNCTION, RotationRules })
      const arranged = { RotationEnabled: true, RotationLambdaARN: FUNCTION, RotationRules }
      expect(await described('app/staged')).toMatchObject(arranged)
    }
  })

  it('is taken up again, and a stage left where it is, for those only who may do it', async () => {
    rotator.work = () => Promise.reject(new Error('no'))
    await client.createSecret({ Name: 'app/asked', SecretString: 'v' })
    const asked = { SecretId: 'app/asked', ClientRequestToken: token() }
    await client.rotateSecret({ ...asked, RotationLambdaARN: FUNCTION })
    await until(async () => rotator.seen.length === 1)
    const rules = [{ effect: 'allow', actions: ['describe'], paths: ['app/asked'] }] as const
    const onlooker = aws.clientWith(await aws.keyOf('service:onlooker', rules))
    const { VersionIdsToStages = {} } = await onlooker.describeSecret({ SecretId: 'app/asked' })
    expect(VersionIdsToStages[asked.ClientRequestToken]).toEqual(['AWSPENDING'])
    await expectFault(onlooker.rotateSecret(asked), 'AccessDeniedException')
    const stage = { SecretId: 'app/asked', MoveToVersionId: asked.ClientRequestToken }
    await expectFault(
      onlooker.updateSecretVersionStage({ ...stage, VersionStage: 'AWSPENDING' }),
      'AccessDeniedException',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(rotator.seen).toHaveLength(1)
    const denials = await aws.coffer.audit.query({ actor: 'service:onlooker', outcome: 'denied' })
    expect(denials.map(({ action }) => action).toSorted()).toEqual(['label', 'write'])
    const writer = [
      {
        effect: 'allow',
        actions: ['describe', 'write', 'label'],
        paths: ['app/asked'],
        conditions: { labels: ['current', 'pending'] },
      },
    ] as const
    const allowed = aws.clientWith(await aws.keyOf('service:rotator', writer))
    await allowed.updateSecretVersionStage({ ...stage, VersionStage: 'AWSPENDING' })
    await allowed.rotateSecret(asked)
    await until(async () => rotator.seen.length === 2)
  })

  it('that is not to begin at once is only tried', async () => {
    const made = await client.createSecret({ Name: 'app/later', SecretString: 'old' })
    const RotationRules = { ScheduleExpression: 'rate(10 days)', Duration: '3h' }
    let tried: string | undefined
    rotator.work = async ({ SecretId, ClientRequestToken: VersionId }) => {
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
      return rotator.seen.length === 1 && Object.keys(stages).length === 1
    })
    expect([rotator.seen[0]?.Step, tried]).toEqual(['testSecret', 'old'])
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
    const script = `let t='';process.stdin.on('data',d=>t+=d).on('end',()=>fetch('${rotator.url}',{method:'POST',body:t}).then(r=>process.exit(r.ok?0:1)))`
    await aws.coffer.settings.put('aws/rotation/program', { command: [NODE, '-e', script] })
    await client.createSecret({ Name: 'app/program', SecretString: 'old' })
    await client.rotateSecret({ SecretId: 'app/program', RotationLambdaARN: 'program' })
    await until(async () => (await described('app/program')).LastRotatedDate !== undefined)
    expect(rotator.seen).toHaveLength(4)
  })
})
