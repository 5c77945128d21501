import { expect, test } from 'vitest'
import { admin, newHome, tamper } from '../../test/support/platform.ts'
import { LIMITS } from '../core/limits.ts'
import { refusalOf } from '../testing/refusal.ts'

test('a setting is kept, listed by its beginning, and removed; only administrators change it', async () => {
  const platform = await (await newHome()).open()
  const { settings } = admin(platform)
  await settings.put('vault/mounts/kv', { type: 'kv', options: { version: '1' } })
  await settings.put('vault/mounts/secret', { type: 'kv' })
  await settings.put('vault/other', {})
  expect(await platform.settings.get('vault/mounts/kv')).toEqual({
    type: 'kv',
    options: { version: '1' },
  })
  expect((await platform.settings.list('vault/mounts/')).map(({ name }) => name)).toEqual([
    'vault/mounts/kv',
    'vault/mounts/secret',
  ])
  await settings.put('vault/mounts/kv', undefined)
  expect(await settings.get('vault/mounts/kv')).toBeUndefined()
  expect((await refusalOf(() => settings.put('vault/mounts/kv', undefined))).code).toBe('not_found')
  const nobody = platform.as('service:nobody').settings
  expect((await refusalOf(() => nobody.put('vault/other', { a: 1 }))).code).toBe('denied')
  const trail = await admin(platform).audit.query({ resource: 'setting:vault/other' })
  expect(trail.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['setting.write', 'allowed'],
    ['setting.write', 'denied'],
  ])
})

test('settings keep to their limits', async () => {
  const home = await newHome()
  const platform = await home.open()
  const { settings } = admin(platform)
  const body = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
  await settings.put('large', body(LIMITS.settingBytesMax))
  const larger = () => settings.put('larger', body(LIMITS.settingBytesMax + 1))
  expect((await refusalOf(larger)).code).toBe('too_large')
  await tamper(home, async (rows) => {
    const [row] = await rows.heads({ kind: 'setting', limit: 1 })
    for (let i = 2; i < LIMITS.settingsMax; i++) await rows.putHead({ ...row!, path: `s/${i}` })
  })
  await settings.put('last', {})
  expect((await refusalOf(() => settings.put('one-more', {}))).code).toBe('limit_exceeded')
  await settings.put('last', { changed: true })
})
