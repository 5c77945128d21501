import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { SealContext } from '../../core/ports/seal.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { sealContract } from '../../testing/seal-contract.ts'
import { sealWorld } from '../../testing/seal-world.ts'
import { environment } from './environment.ts'

sealContract('environment', environment, () =>
  sealWorld({ COFFER_MASTER_KEY: randomBytes(32).toString('base64') }),
)

const A = '0a'.repeat(32)
const B = '0b'.repeat(32)
const world = (env: Record<string, string>, options: Record<string, string> = {}): SealContext => ({
  env,
  options,
  dataDir: '/nowhere/data',
  configDir: '/nowhere/config',
  random: () => {
    throw new Error('This seal makes no key.')
  },
})
const keyIn = async (context: SealContext): Promise<string> =>
  Buffer.from((await environment.establish(context)).rootKey).toString('hex')

test('COFFER_MASTER_KEY comes first, then OBSERVABILITY_MASTER_KEY', async () => {
  expect(await keyIn(world({ COFFER_MASTER_KEY: A, OBSERVABILITY_MASTER_KEY: B }))).toBe(A)
  expect(await keyIn(world({ OBSERVABILITY_MASTER_KEY: B }))).toBe(B)
})

test('a malformed first variable is refused, never skipped', async () => {
  for (const bad of ['', 'not-a-key', `${A}0`]) {
    const context = world({ COFFER_MASTER_KEY: bad, OBSERVABILITY_MASTER_KEY: B })
    expect(environment.ready(context)).toBe(true)
    const error = await refusalOf(() => environment.unseal({}, context))
    expect(error.code).toBe('invalid_key')
    expect(error.message).toContain('COFFER_MASTER_KEY')
  }
})

test('the option `variable` names another, which then stands alone', async () => {
  expect(await keyIn(world({ COFFER_MASTER_KEY: A, SHOP_KEY: B }, { variable: 'SHOP_KEY' }))).toBe(
    B,
  )
  const absent = world({ COFFER_MASTER_KEY: A }, { variable: 'SHOP_KEY' })
  expect(environment.ready(absent)).toBe(false)
  const error = await refusalOf(() => environment.establish(absent))
  expect(error.code).toBe('sealed')
  expect(error.message).toContain('SHOP_KEY')
  const second = world({ COFFER_MASTER_KEY: A }, { variable: 'OBSERVABILITY_MASTER_KEY' })
  expect((await refusalOf(() => environment.establish(second))).code).toBe('sealed')
})

test('a variable of the user is remembered; one of ours is looked up in order again', async () => {
  const env = { COFFER_MASTER_KEY: A, SHOP_KEY: B }
  const { params } = await environment.establish(world(env, { variable: 'SHOP_KEY' }))
  expect(Buffer.from(await environment.unseal(params, world(env))).toString('hex')).toBe(B)
  const ours = { variable: 'OBSERVABILITY_MASTER_KEY' }
  expect(Buffer.from(await environment.unseal(ours, world(env))).toString('hex')).toBe(A)
})

test.each(['', '1KEY', 'A=B', 'A\nB', 'x'.repeat(129), '__proto__ '])(
  'the variable name %j is refused',
  async (variable) => {
    const error = await refusalOf(() => environment.unseal({}, world({}, { variable })))
    expect(error.code).toBe('invalid_argument')
  },
)

test('a variable that is not set is `sealed`', async () => {
  const error = await refusalOf(() => environment.unseal({}, world({})))
  expect(error.code).toBe('sealed')
  expect(error.message).toContain('COFFER_MASTER_KEY')
})
