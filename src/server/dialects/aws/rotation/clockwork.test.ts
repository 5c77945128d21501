import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../../core/limits.ts'
import type { TestAws } from '../test-aws.ts'
import { startTestAws } from '../test-aws.ts'
import type { Clockwork } from './clockwork.ts'
import { createClockwork } from './clockwork.ts'
import type { Rotations } from './rotations.ts'
import { createRotations } from './rotations.ts'
import type { TestFunction } from './test-function.ts'
import { startTestFunction, template } from './test-function.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const FUNCTION = 'arn:aws:lambda:eu-west-1:123456789012:function:rotate-db'
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']

let aws: TestAws
let rotator: TestFunction
const processes: { clockwork: Clockwork; rotations: Rotations }[] = []

beforeEach(async () => {
  aws = await startTestAws()
  rotator = await startTestFunction(rotates)
  await aws.coffer.settings.put('aws/rotation/rotate-db', { url: rotator.url })
  // The first minute of a day: what a day later is due, is due a day later.
  aws.advance(DAY_MS - (aws.now() % DAY_MS))
})
afterEach(async () => {
  for (const each of processes.splice(0)) await ended(each)
  rotator.close()
  await aws.close()
})

/** The official client at the server's time; after an answer, it would believe its `Date` instead. */
const client = (): TestAws['client'] => aws.clientWith(aws.credentials)
const rotates: TestFunction['work'] = (event) => template(client)(event)
const fails: TestFunction['work'] = () => Promise.reject(new Error('no'))

/** One of the processes that serve the store. */
function aProcess() {
  const rotations = createRotations()
  const made = { clockwork: createClockwork(aws.server, rotations), rotations }
  processes.push(made)
  return made
}

async function ended({ clockwork, rotations }: (typeof processes)[number]): Promise<void> {
  await clockwork.close()
  await rotations.close()
}

async function looked({ clockwork }: { clockwork: Clockwork }): Promise<void> {
  await clockwork.look()
  await clockwork.idle()
}

/** A secret that this schedule rotates, without having been rotated now. */
async function scheduled(path: string, ScheduleExpression = 'rate(10 days)', Duration?: string) {
  await aws.coffer.write(path, { value: 'old' })
  await aws.coffer.update(path, {
    dialects: {
      aws: {
        rotation: {
          enabled: true,
          functionArn: FUNCTION,
          region: 'eu-west-1',
          rules: { ScheduleExpression, ...(Duration === undefined ? {} : { Duration }) },
          opensAt: aws.now() + DAY_MS,
          nextAt: aws.now() + DAY_MS + 3 * HOUR_MS,
        },
      },
    },
  })
}

const rotation = async (path: string) =>
  (await aws.platform.peek(path))?.dialects?.['aws']?.['rotation'] as Record<string, unknown>
const currentOf = async (path: string) => (await aws.platform.peek(path))?.labels['current']
const failures = () => aws.coffer.audit.query({ action: 'rotate', outcome: 'failed' })

describe('a scheduled rotation', () => {
  it('begins when its window opens, not before, and says when it was and when the next is', async () => {
    await scheduled('app/db')
    const server = aProcess()
    aws.advance(DAY_MS - 1)
    await looked(server)
    expect(rotator.seen).toEqual([])
    aws.advance(1)
    await looked(server)
    expect(rotator.seen.map(({ Step }) => Step)).toEqual(STEPS)
    expect(rotator.seen[0]?.SecretId).toMatch(/^arn:aws:secretsmanager:eu-west-1:123456789012:/)
    expect(await currentOf('app/db')).toBe(2)
    const facts = await client().describeSecret({ SecretId: 'app/db' })
    expect(facts.LastRotatedDate?.getTime()).toBe(aws.now())
    expect(facts.NextRotationDate?.getTime()).toBe(aws.now() + 11 * DAY_MS - 1_000)
    await looked(server)
    expect(rotator.seen).toHaveLength(4)
    expect(await failures()).toEqual([])
  })

  it('is what RotateSecret arranges, on every day of its schedule', async () => {
    await client().createSecret({ Name: 'app/daily', SecretString: 'old' })
    await client().rotateSecret({
      SecretId: 'app/daily',
      RotationLambdaARN: FUNCTION,
      RotationRules: { ScheduleExpression: 'rate(1 day)' },
    })
    await expect.poll(() => rotator.seen.length).toBe(4)
    await expect.poll(async () => (await rotation('app/daily'))['lastRotatedAt']).toBeDefined()
    const server = aProcess()
    for (let day = 1; day <= 3; day++) {
      aws.advance(DAY_MS)
      await looked(server)
      expect(rotator.seen).toHaveLength(4 + 4 * day)
    }
    expect(await currentOf('app/daily')).toBe(5)
  })

  it('is done once, however many processes look', async () => {
    await scheduled('app/db')
    const servers = [aProcess(), aProcess(), aProcess()]
    aws.advance(DAY_MS)
    await Promise.all(servers.map(looked))
    expect(rotator.seen).toHaveLength(4)
    aws.advance(3 * LIMITS.scheduledRotationsEveryMs)
    await Promise.all(servers.map(looked))
    expect(rotator.seen).toHaveLength(4)
    expect((await aws.platform.peek('app/db'))?.versions).toHaveLength(2)
  })

  it('that a process began and did not end is taken up by the next one', async () => {
    await scheduled('app/db')
    const begun = Promise.withResolvers<void>()
    rotator.work = async (event) => {
      if (event.Step === 'createSecret') return rotates(event)
      begun.resolve()
      return new Promise(() => {})
    }
    const first = aProcess()
    aws.advance(DAY_MS)
    await first.clockwork.look()
    await begun.promise
    await ended(first)
    expect(await currentOf('app/db')).toBe(1)

    const second = aProcess()
    rotator.work = (event) => (event.Step === 'createSecret' ? Promise.resolve() : rotates(event))
    await looked(second)
    expect(await currentOf('app/db')).toBe(1)
    aws.advance(2 * LIMITS.scheduledRotationsEveryMs)
    await looked(second)
    expect(await currentOf('app/db')).toBe(2)
    expect(new Set(rotator.seen.map((event) => event.ClientRequestToken)).size).toBe(1)
    expect(await failures()).toEqual([])
  })

  it('that ended, and whose process ended before it said so, is not done again', async () => {
    await scheduled('app/db')
    aws.advance(DAY_MS)
    await looked(aProcess())
    const { lastRotatedAt: _, ...rest } = await rotation('app/db')
    const unsaid = { ...rest, opensAt: aws.now(), nextAt: aws.now() + 3 * HOUR_MS }
    await aws.coffer.update('app/db', { dialects: { aws: { rotation: unsaid } } })
    aws.advance(2 * LIMITS.scheduledRotationsEveryMs)
    await looked(aProcess())
    expect(rotator.seen).toHaveLength(4)
    expect((await rotation('app/db'))['lastRotatedAt']).toBe(aws.now())
    expect(await currentOf('app/db')).toBe(2)
  })

  it('that fails is audited and tried again, ever later, until its window closes', async () => {
    await scheduled('app/db')
    rotator.work = fails
    const server = aProcess()
    aws.advance(DAY_MS)
    const begins: number[] = []
    for (let minute = 0; minute < 240; minute++) {
      const before = rotator.seen.length
      await looked(server)
      if (rotator.seen.length > before) begins.push(minute)
      aws.advance(MINUTE_MS)
    }
    expect(begins).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    expect(await failures()).toHaveLength(begins.length)
    expect((await failures())[0]).toMatchObject({
      actor: 'system:coffer',
      resource: 'app/db',
      reason: 'scheduled rotation: its function failed',
    })
    const { opensAt, tries } = await rotation('app/db')
    expect([opensAt, tries]).toEqual([aws.now() - 4 * HOUR_MS + 10 * DAY_MS, undefined])
    expect((await aws.platform.peek('app/db'))?.versions).toHaveLength(2)

    aws.advance(Number(opensAt) - aws.now())
    rotator.work = rotates
    await looked(server)
    expect(await currentOf('app/db')).toBe(2)
  })

  it('whose window was missed is caught up once', async () => {
    await scheduled('app/db')
    await scheduled('app/fails')
    aws.advance(45 * DAY_MS)
    const server = aProcess()
    rotator.work = (event) =>
      event.SecretId.includes('app/fails') ? Promise.reject(new Error('no')) : rotates(event)
    await looked(server)
    expect(await currentOf('app/db')).toBe(2)
    expect(rotator.seen).toHaveLength(5)
    for (let minute = 0; minute < 90; minute++) {
      aws.advance(MINUTE_MS)
      await looked(server)
    }
    expect(rotator.seen).toHaveLength(5)
    expect(Number((await rotation('app/fails'))['opensAt'])).toBeGreaterThan(aws.now())
  })

  it('needs a function that something stands for, and is told when nothing does', async () => {
    await scheduled('app/db')
    await aws.coffer.settings.put('aws/rotation/rotate-db', undefined)
    aws.advance(DAY_MS)
    await looked(aProcess())
    expect((await failures()).map(({ reason }) => reason)).toEqual([
      'scheduled rotation: nothing stands for its function, or nothing that may',
    ])
    expect((await aws.platform.peek('app/db'))?.versions).toHaveLength(1)
  })

  it(`is one of ${LIMITS.scheduledRotationsMax} at most, and the others follow`, async () => {
    const most = LIMITS.scheduledRotationsMax
    for (let i = 0; i <= most; i++) await scheduled(`app/s${i}`)
    const release = Promise.withResolvers<void>()
    rotator.work = () => release.promise.then(() => Promise.reject(new Error('no')))
    const { clockwork } = aProcess()
    aws.advance(DAY_MS)
    await clockwork.look()
    await expect.poll(() => rotator.seen.length).toBe(most)
    await clockwork.look()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(rotator.seen).toHaveLength(most)
    release.resolve()
    await expect.poll(() => rotator.seen.length).toBe(most + 1)
    await clockwork.idle()
  })

  it('is not of a secret that was deleted, or whose rotation was cancelled', async () => {
    await scheduled('app/gone')
    await scheduled('app/off')
    await aws.coffer.delete('app/gone')
    await client().cancelRotateSecret({ SecretId: 'app/off' })
    aws.advance(DAY_MS)
    await looked(aProcess())
    expect(rotator.seen).toEqual([])
  })

  it('of rules that somebody wrote by another way in, and that are none, keeps no other from its turn', async () => {
    await scheduled('app/bad', 'every now and then', '99h')
    await scheduled('app/db')
    aws.advance(DAY_MS)
    const server = aProcess()
    await looked(server)
    expect(await currentOf('app/db')).toBe(2)
    aws.advance(DAY_MS)
    await looked(server)
    expect((await rotation('app/bad'))['enabled']).toBe(false)
  })
})

it('a value that somebody writes counts as a rotation, where days are counted', async () => {
  await client().createSecret({ Name: 'app/days', SecretString: 'old' })
  await client().rotateSecret({
    SecretId: 'app/days',
    RotationLambdaARN: FUNCTION,
    RotationRules: { AutomaticallyAfterDays: 3, Duration: '2h' },
  })
  await expect.poll(async () => (await rotation('app/days'))['lastRotatedAt']).toBeDefined()
  const rotatedAt = aws.now()
  aws.advance(2 * DAY_MS)
  await client().putSecretValue({ SecretId: 'app/days', SecretString: 'by hand' })
  const { NextRotationDate } = await client().describeSecret({ SecretId: 'app/days' })
  expect(NextRotationDate?.getTime()).toBe(rotatedAt + 5 * DAY_MS + 2 * HOUR_MS)
  const server = aProcess()
  rotator.seen = []
  aws.advance(DAY_MS)
  await looked(server)
  expect(rotator.seen).toEqual([])
  aws.advance(2 * DAY_MS)
  await looked(server)
  expect(rotator.seen).toHaveLength(4)
})
