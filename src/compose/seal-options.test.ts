import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ADMIN, newHome, temporary } from '../../test/support/platform.ts'
import { refusal } from '../testing/refusal.ts'
import { sealWorld } from '../testing/seal-world.ts'
import { initPlatform } from './init.ts'
import { sealFor } from './seal-options.ts'

const KEY = '0'.repeat(64)
const world = (options: Record<string, string>, env: Record<string, string> = {}) => ({
  ...sealWorld(),
  env,
  options,
})

test.each([
  [{}, {}, 'key-file'],
  [{}, { COFFER_MASTER_KEY: KEY }, 'environment'],
  [{ file: '/k' }, { COFFER_MASTER_KEY: KEY }, 'key-file'],
  [{ passphraseFile: '/p' }, { COFFER_MASTER_KEY: KEY }, 'passphrase'],
])('with the options %j and the environment %j it is %s', (options, env, kind) => {
  expect(sealFor(undefined, world(options, env)).kind).toBe(kind)
})

test.each([
  [undefined, { share: '7' }, 'No seal has an option share.', 'shamir: shares and threshold'],
  ['shamir', { file: '/k' }, 'The seal shamir has no option file.', 'key-file takes file'],
  [undefined, { shares: '7' }, 'is of the seal shamir', '--seal shamir'],
  [undefined, { shares: '7', file: '/k' }, 'No seal takes all of shares, file.', '--seal'],
  ['shamr', {}, 'There is no seal shamr.', 'shamir'],
])('--seal %s with %j is refused', (kind, options, message, remedy) => {
  const refused = refusal(() => sealFor(kind, world(options)))
  expect(refused.code).toBe('invalid_argument')
  expect(refused.message).toContain(message)
  expect(refused.remedy).toContain(remedy)
})

test('an option that no seal knows is refused where a store is opened or re-sealed', async () => {
  const home = await newHome()
  const misspelt = { sealOptions: { fil: '/k' } }
  await expect(home.open(misspelt)).rejects.toMatchObject({ code: 'invalid_argument' })
  const platform = await home.open()
  await expect(
    platform.keys.reseal({ actor: ADMIN, seal: 'key-file', ...misspelt }),
  ).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('a store that cannot be sealed as was asked leaves no file', async () => {
  const dataDir = join(temporary(), 'data')
  const init = initPlatform({ dataDir, env: {}, seal: 'shamir', sealOptions: { share: '7' } })
  await expect(init).rejects.toMatchObject({ code: 'invalid_argument' })
  expect(existsSync(dataDir)).toBe(false)
})

test('an empty variable names no directory', async () => {
  const home = await newHome()
  const env = { ...home.options.env, COFFER_AUDIT_DIR: '' }
  const platform = await home.open({ env })
  expect(await platform.doctor({ actor: ADMIN })).toMatchObject({ ok: true })
})
