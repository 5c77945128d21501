import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openPlatform } from '../../src/compose/open.ts'
import { CofferError } from '../../src/core/errors.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { quickFs } from '../audit/scratch-log.ts'
import { ADMIN, admin, newHome, valueAt } from '../support/platform.ts'

/** Whoever fills the disk keeps no administrator out. */
const opened: Platform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

const YEAR_MS = 365 * 86_400_000
const POLICY = { name: 'nothing', rules: [] }

test('once the reserve was used, nothing ordinary is committed, and administrators go on', async () => {
  const home = await newHome()
  let full = false
  const logFs: typeof quickFs = {
    ...quickFs,
    open(file, how) {
      if (full && how === 'replace') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return quickFs.open(file, how)
    },
  }
  const clock = { now: Date.now() }
  const options = { ...home.options, clock: () => clock.now }
  const platform = await openPlatform(options, { logFs })
  opened.push(platform)
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'v1' })
  await coffer.write('shop/b', { value: 'v1' })
  full = true
  rmSync(path.join(home.auditDir, 'reserve'))
  const other = await openPlatform(options, { logFs })
  opened.push(other)
  for (const each of [coffer, admin(other)]) {
    for (const call of [
      () => each.read({ path: 'shop/a' }),
      () => each.write('shop/a', { value: 'v2' }),
      () => each.rotate('shop/a'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'audit_unavailable' })
    }
    await each.access.putPolicy(POLICY)
  }
  await coffer.delete('shop/b')
  // Nor does Coffer's own rotation of its key, which an administrator's may.
  clock.now += YEAR_MS
  await platform.sweep().catch(() => {})
  expect((await platform.keys.status()).activeTerm).toBe(1)
  await platform.keys.rotate({ actor: ADMIN })
  expect((await platform.keys.status()).activeTerm).toBe(2)
  full = false
  expect(await valueAt(coffer, 'shop/a')).toBe('v1')
  await coffer.write('shop/a', { value: 'v2' })
  expect(existsSync(path.join(home.auditDir, 'reserve'))).toBe(true)
})

test('where the store finds no room the reserve is given up, for administrators only', async () => {
  const home = await newHome()
  const reserve = path.join(home.auditDir, 'reserve')
  let full = false
  const store = (inner: Store): Store =>
    new Proxy(inner, {
      get(target, name) {
        const write: Store['write'] = (work) =>
          full && existsSync(reserve)
            ? Promise.reject(new CofferError('store_full', 'Full, as planned.'))
            : target.write(work)
        if (name === 'write') return write
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  const clock = { now: Date.now() }
  const options = { ...home.options, clock: () => clock.now }
  const platform = await openPlatform(options, { store, logFs: quickFs })
  opened.push(platform)
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'v1' })
  full = true
  await expect(coffer.write('shop/a', { value: 'v2' })).rejects.toMatchObject({
    code: 'store_full',
  })
  clock.now += YEAR_MS
  expect(await platform.sweep(ADMIN)).toMatchObject({
    failed: [{ path: 'store:keys', code: 'store_full' }],
  })
  expect(existsSync(reserve)).toBe(true)
  expect((await platform.keys.status()).activeTerm).toBe(1)
  await coffer.access.putPolicy(POLICY)
  expect((await coffer.access.policies()).map(({ name }) => name)).toContain(POLICY.name)
})
