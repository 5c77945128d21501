import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acceptRestored, restorePlatform } from '../../src/compose.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import { ADMIN, admin, homeAt, newHome, temporary } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

/** What operators do is audited under a name that is theirs, and shows them what they may see. */
const DAY_MS = 86_400_000
const NOBODY = 'service:nobody'
const PASSPHRASE = 'long enough words'

const operations = (home: Home, actor: string, via?: string) => {
  const by = { actor, via }
  return {
    'key.rotate': (p: Platform) => p.keys.rotate(by),
    'key.reseal': (p: Platform) =>
      p.keys.reseal({ ...by, seal: 'key-file', sealOptions: { file: join(home.dir, 'new.key') } }),
    backup: (p: Platform) => p.backup(join(home.dir, 'backup'), { ...by, passphrase: PASSPHRASE }),
    sweep: (p: Platform) => p.sweep(actor, via),
    describe: (p: Platform) => p.doctor(by),
  }
}

test('no operator passes for Coffer itself, or for nothing that could be an actor', async () => {
  const home = await newHome()
  const platform = await home.open()
  for (const actor of ['system:coffer', 'system:x', 'alice', 'local:a\nb', '']) {
    for (const [name, call] of Object.entries(operations(home, actor))) {
      await expect(call(platform), `${name} as ${actor}`).rejects.toMatchObject({
        code: 'invalid_argument',
      })
    }
    await expect(acceptRestored({ ...home.options, actor })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    const there = homeAt(temporary()).options
    await expect(restorePlatform('none', { ...there, actor })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  }
  expect(await admin(platform).audit.query({ actor: 'system:coffer' })).toEqual([])
})

test('every operation names the way in, which says who really sat there', async () => {
  const home = await newHome()
  const platform = await home.open()
  const calls = operations(home, ADMIN, 'cli by local:mallory')
  for (const [action, call] of Object.entries(calls)) {
    await call(platform)
    const [event] = await admin(platform).audit.query({ action, limit: 1 })
    expect(event, action).toMatchObject({ actor: ADMIN, via: 'cli by local:mallory' })
  }
  const by = { actor: ADMIN, via: 'cli by local:mallory' }
  const options = { ...home.options, sealOptions: { file: join(home.dir, 'new.key') } }
  await platform.close()
  await acceptRestored({ ...options, ...by })
  const [epoch] = await admin(await home.open(options)).audit.query({ action: 'store.epoch' })
  expect(epoch).toMatchObject(by)
})

test('a sweep does the work for all, and names only what its actor may list', async () => {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  const coffer = admin(platform)
  await coffer.write('shop/gone', { value: 'x' })
  await coffer.delete('shop/gone', { recoveryDays: 0 })
  await coffer.write('shop/due', { value: 'x', rotation: { everyDays: 1, automatic: false } })
  clock.now += 2 * DAY_MS
  const nothing = { purged: [], rotated: [], due: [], failed: [], failedUnnamed: 0, digestOk: true }
  expect(await platform.sweep(NOBODY)).toEqual(nothing)
  await coffer.access.putPolicy({
    name: 'lists-due',
    rules: [{ effect: 'allow', actions: ['list'], paths: ['shop/due'] }],
  })
  await coffer.access.putActor({ name: NOBODY, policies: ['lists-due'], roles: [] })
  expect(await platform.sweep(NOBODY)).toEqual({ ...nothing, due: ['shop/due'] })
  expect(await platform.sweep(ADMIN)).toEqual({
    ...nothing,
    purged: ['shop/gone'],
    due: ['shop/due'],
  })
})

test('doctor finds that nothing can be read when the log takes no event', async () => {
  const home = await newHome()
  const lock = join(home.auditDir, 'lock')
  writeFileSync(lock, 'junk')
  const platform = await home.open()
  await expect(admin(platform).list()).rejects.toMatchObject({ code: 'audit_unavailable' })
  const { ok, checks } = await platform.doctor({ actor: ADMIN })
  expect(ok).toBe(false)
  expect(checks.filter((check) => !check.ok)).toMatchObject([{ code: 'audit_unavailable' }])
  writeFileSync(lock, '')
  expect(await platform.doctor({ actor: ADMIN })).toMatchObject({ ok: true })
})
