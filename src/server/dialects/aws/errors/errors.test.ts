import { afterEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../../core/errors.ts'
import { CofferError, ERRORS } from '../../../../core/errors.ts'
import type { Guard } from '../../../server.ts'
import type { TestAws } from '../test-aws.ts'
import { failureOf, startTestAws } from '../test-aws.ts'
import { post } from '../test-signature.ts'
import { AwsFault, FAULTS } from './fault.ts'
import { faults } from './faults.ts'
import { faultOf } from './translate.ts'

const ASKED = { operation: 'GetSecretValue', principal: 'arn:aws:iam::1:user/a', resource: 'app/x' }

describe('errors', () => {
  it('every one of ours has one of AWS’s; what nobody expected says nothing', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const fault = faultOf(new CofferError(code, 'our words'), ASKED)
      expect(Object.keys(FAULTS)).toContain(fault.type)
      expect(fault.status).toBe(FAULTS[fault.type].status)
    }
    for (const error of [new Error('a path, a secret'), 'text', undefined]) {
      const { type, message, status } = faultOf(error, ASKED)
      expect([type, message, status]).toEqual([
        'InternalServiceError',
        'An error occurred on the server side.',
        500,
      ])
    }
  })

  it('the service’s own say why in Message, those of every service in message', () => {
    expect(faults.noSecret().toJson()).toBe(
      '{"__type":"ResourceNotFoundException","Message":"Secrets Manager can\'t find the specified secret."}',
    )
    expect(new AwsFault('ValidationException', 'w').toJson()).toBe(
      '{"__type":"ValidationException","message":"w"}',
    )
  })

  it('a limit is a mistake in what is asked where the service has no error for limits', () => {
    const error = new CofferError('limit_exceeded', 'Too many.')
    expect(
      ['PutSecretValue', 'TagResource'].map(
        (operation) => faultOf(error, { ...ASKED, operation }).type,
      ),
    ).toEqual(['LimitExceededException', 'InvalidParameterException'])
  })

  it('what passes by itself is told as such', () => {
    for (const code of ['sealed', 'store_busy', 'audit_unavailable'] as const) {
      expect(faultOf(new CofferError(code, ''), ASKED)).toMatchObject({ status: 503 })
    }
    const details = { retryAfterSeconds: 7 }
    expect(faultOf(new CofferError('throttled', '', { details }), ASKED)).toMatchObject({
      type: 'ThrottlingException',
      message: 'Rate exceeded',
      retryAfterSeconds: 7,
    })
  })
})

describe('the guard', () => {
  const running = new Set<TestAws>()
  afterEach(async () => {
    for (const aws of running) await aws.close()
    running.clear()
  })
  const open: Guard = {
    admitAddress() {},
    admit() {},
    admitLogin() {},
    loginEnded() {},
    refused() {},
  }
  const start = async (guard: Partial<Guard>) => {
    const aws = await startTestAws({}, { ...open, ...guard })
    running.add(aws)
    return aws
  }
  const throttle = () => {
    throw new CofferError('throttled', 'Slow down.', { details: { retryAfterSeconds: 3 } })
  }

  it('limits actors and addresses in AWS’s words, with the time to wait', async () => {
    const limited = await start({ admit: throttle })
    const { client } = limited
    expect(await failureOf(client.listSecrets())).toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 429 },
    })
    const flooded = await start({ admitAddress: throttle })
    const headers = { 'x-amz-target': 'secretsmanager.ListSecrets' }
    const answer = await post(flooded.url, headers, '{}')
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '3'])
    expect(JSON.parse(answer.text)).toMatchObject({ __type: 'ThrottlingException' })
  })

  it('is told of everything that carries no good signature, and of what makes no sense', async () => {
    const refused: unknown[] = []
    const aws = await start({ refused: (...given) => void refused.push(given.slice(1)) })
    await failureOf(aws.clientWith({ accessKeyId: 'AKIAX', secretAccessKey: 'x' }).listSecrets())
    await post(aws.url, { 'x-amz-target': 'secretsmanager.ListSecrets' }, '{}')
    await post(aws.url, { 'x-amz-target': 'secretsmanager.Nothing' }, '{}')
    expect(refused).toEqual([
      ['aws', 'unauthenticated'],
      ['aws', 'unauthenticated'],
      ['aws', 'invalid_argument'],
    ])
  })
})
