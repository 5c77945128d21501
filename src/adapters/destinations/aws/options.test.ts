import { expect, test } from 'vitest'
import { aws } from '../aws.ts'

const open = async (options: Record<string, unknown>) =>
  aws({ env: {}, options, dir: '/nowhere', environment: 'prod' })

test.each([
  [{ account: '12' }, 'account'],
  [{ prefix: '/a/../b' }, 'prefix'],
  [{ prefix: 'p'.repeat(257) }, 'prefix'],
  [{ recoveryDays: '6' }, 'recoveryDays'],
  [{ recoveryDays: '31' }, 'recoveryDays'],
  [{ region: 'EU-west-1' }, 'region'],
  [{ region: 'x.example/shop' }, 'region'],
  // What would be the id of a prefix in an account.
  [{ region: '123456789012', prefix: 'eu-west-1' }, 'region'],
  [{ profile: 'prod' }, 'profile'],
  [{ endpoint: 'http://127.0.0.1:1' }, 'endpoint'],
])('the options %j are refused', async (options, named) => {
  await expect(open(options)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(named) as string,
  })
})
