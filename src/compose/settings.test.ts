import { expect, test } from 'vitest'
import { admin, newHome } from '../../test/support/platform.ts'
import { LIMITS } from '../core/limits.ts'
import { refusalOf } from '../testing/refusal.ts'

async function opened() {
  const home = await newHome()
  const platform = await home.open()
  return { home, platform, settings: admin(platform).settings }
}

test('a setting is read back by name and by the beginning of its name', async () => {
  const { platform, settings } = await opened()
  await settings.put('vault/mount/b', { x: 1 })
  await settings.put('vault/mount/a', { y: [2] })
  await settings.put('vault/other', {})
  expect(await platform.settings.get('vault/mount/b')).toEqual({ x: 1 })
  expect(await platform.settings.get('vault/mount/c')).toBeUndefined()
  expect(await platform.settings.list('vault/mount/')).toEqual([
    { name: 'vault/mount/a', body: { y: [2] } },
    { name: 'vault/mount/b', body: { x: 1 } },
  ])
  await settings.put('vault/mount/a', undefined)
  expect(await platform.settings.list('vault/mount/')).toHaveLength(1)
  expect((await refusalOf(() => settings.put('vault/mount/a', undefined))).code).toBe('not_found')
})

test('what another process changed is seen at once, and what nobody changed is not read again', async () => {
  const { home, platform } = await opened()
  const before = await platform.settings.list('vault/')
  expect(await platform.settings.list('vault/')).toBe(before)
  const other = await home.open()
  await admin(other).settings.put('vault/x', { made: 'elsewhere' })
  expect(await platform.settings.list('vault/')).toEqual([
    { name: 'vault/x', body: { made: 'elsewhere' } },
  ])
  expect(await platform.settings.get('vault/x')).toEqual({ made: 'elsewhere' })
})

test('only administrators change one, and everybody’s try is audited', async () => {
  const { platform, settings } = await opened()
  const other = platform.as('service:other')
  expect((await refusalOf(() => other.settings.put('vault/x', {}))).code).toBe('denied')
  await settings.put('vault/x', {})
  const events = await admin(platform).audit.query({ action: 'setting.write' })
  expect(events.map(({ actor, outcome }) => [actor, outcome])).toEqual([
    ['service:other', 'denied'],
    [expect.any(String), 'allowed'],
  ])
})

test('a setting has a limit, and so has their number', async () => {
  const { settings } = await opened()
  const sized = (bytes: number) => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) })
  await settings.put('s', sized(LIMITS.settingBytesMax))
  const larger = await refusalOf(() => settings.put('s', sized(LIMITS.settingBytesMax + 1)))
  expect(larger.code).toBe('too_large')
  for (let i = 1; i < LIMITS.settingsMax; i++) await settings.put(`s${i}`, {})
  expect((await refusalOf(() => settings.put('one-more', {}))).code).toBe('limit_exceeded')
  await settings.put('s1', { changed: true })
})
