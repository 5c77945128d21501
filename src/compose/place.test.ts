import { expect, test, vi } from 'vitest'
import { refusalOf } from '../testing/refusal.ts'
import { placeOf } from './place.ts'

vi.mock(import('node:os'), async (original) => ({
  ...(await original()),
  homedir: () => {
    throw new Error('no entry for this user')
  },
}))

test('a user without a home misses it only where a key file is looked for', async () => {
  const context = placeOf({ env: {} }).sealContext()
  expect(context.env).toEqual({})
  expect(await refusalOf(async () => context.configDir)).toMatchObject({ code: 'sealed' })
  const env = { COFFER_CONFIG_DIR: '/etc/coffer' }
  expect(placeOf({ env }).sealContext().configDir).toBe('/etc/coffer')
})
