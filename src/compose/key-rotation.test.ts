import { expect, test } from 'vitest'
import { ADMIN, admin, newHome, tamper, valueAt } from '../../test/support/platform.ts'
import type { Home } from '../../test/support/platform.ts'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Platform } from '../core/ports/platform.ts'
import { KEY_ROTATION } from '../core/ports/settings.ts'
import type { Store } from '../core/ports/store.ts'
import { faultyStore } from '../testing/faulty-store.ts'
import type { FaultyStore } from '../testing/faulty-store.ts'
import { overriddenStore } from '../testing/overridden-store.ts'
import { refusalOf } from '../testing/refusal.ts'
import { openPlatform } from './open.ts'

const DAY_MS = 86_400_000

async function stocked() {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  await admin(platform).writeMany([
    { path: 'shop/a', input: { value: 'one' } },
    { path: 'shop/b', input: { value: 'two' } },
  ])
  return { home, clock, platform }
}

const every = (platform: Platform, everyDays: unknown) =>
  admin(platform).settings.put(KEY_ROTATION, { everyDays } as { everyDays: number })

async function expectTerms(platform: Platform, ...states: string[]): Promise<void> {
  const { terms } = await platform.keys.status()
  expect(terms.map(({ state }) => state)).toEqual(states)
  expect(await valueAt(admin(platform), 'shop/a')).toBe('one')
  expect(await platform.doctor()).toMatchObject({ ok: true })
}

test('a sweep rotates a key that is a year old, and not before', async () => {
  const { platform, clock } = await stocked()
  const { rotation, terms } = await platform.keys.status()
  expect(rotation).toEqual({ everyDays: 365, dueAt: terms[0]!.createdAt + 365 * DAY_MS })
  clock.now = rotation.dueAt! - 1
  expect(await platform.sweep()).not.toHaveProperty('keyTerm')
  clock.now += 1
  expect(await platform.sweep()).toMatchObject({ keyTerm: 2, failed: [] })
  await expectTerms(platform, 'destroyed', 'active')
  expect(await platform.sweep()).not.toHaveProperty('keyTerm')
  const trail = await admin(platform).audit.query({ actor: 'system:coffer' })
  expect(trail.map(({ action, reason }) => [action, reason])).toEqual(
    expect.arrayContaining([
      ['key.rotate', 'term 2'],
      ['key.retire', 'terms 1 after 2 re-wraps'],
    ]),
  )
})

test('a term that was made by a clock that was ahead ends all the same', async () => {
  const { platform, clock } = await stocked()
  const now = clock.now
  clock.now = now + 3_650 * DAY_MS
  await platform.keys.rotate({ actor: ADMIN })
  clock.now = now
  expect(await platform.doctor()).toMatchObject({
    checks: expect.arrayContaining([
      expect.objectContaining({
        name: 'key rotation',
        detail: expect.stringContaining('a clock that was ahead') as string,
      }),
    ]) as unknown,
  })
  expect(await platform.sweep()).toMatchObject({ keyTerm: 3 })
  expect(await platform.sweep()).not.toHaveProperty('keyTerm')
  await expectTerms(platform, 'destroyed', 'destroyed', 'active')
})

test('what a reader keeps from being erased is erased by the next sweep', async () => {
  const { home, platform, clock } = await stocked()
  await platform.close()
  let held = true
  let scrubs = 0
  const opened = await opening(home, clock, (store) =>
    overriddenStore(store, {
      async scrub() {
        if (held) throw new CofferError('store_busy', 'A reader holds an old snapshot.')
        scrubs += 1
        return store.scrub()
      },
    }),
  )
  const refused = await refusalOf(() => opened.keys.rotate({ actor: ADMIN }))
  expect([refused.code, refused.remedy]).toEqual([
    'store_busy',
    expect.stringContaining('coffer sweep'),
  ])
  expect(refused.message).toContain('Term 2 is active')
  expect(await opened.sweep(ADMIN)).toMatchObject({
    failed: [{ path: 'store:data', code: 'store_busy' }],
  })
  held = false
  expect(await opened.sweep(ADMIN)).toMatchObject({ failed: [] })
  expect(scrubs).toBe(1)
  await expectTerms(opened, 'destroyed', 'active')
  await opened.close()
})

test('doctor tells when, and that nothing has done it', async () => {
  const { platform, clock } = await stocked()
  const told = async () =>
    (await platform.doctor()).checks.find(({ name }) => name === 'key rotation')
  clock.now = Date.UTC(2030, 0, 1)
  await platform.keys.rotate({ actor: ADMIN })
  expect(await told()).toMatchObject({ ok: true, detail: 'term 2, the next one on 2031-01-01' })
  clock.now = Date.UTC(2031, 0, 1)
  const { ok, detail } = (await told())!
  expect([ok, detail.split(':')[0]]).toEqual([true, 'term 2, overdue since 2031-01-01'])
  await every(platform, null)
  expect((await told())?.detail).toContain('only by `coffer key rotate`')
})

test('as often as was said, or never', async () => {
  const { platform, clock } = await stocked()
  await every(platform, 30)
  clock.now += 30 * DAY_MS
  expect(await platform.sweep()).toMatchObject({ keyTerm: 2 })
  await every(platform, null)
  expect((await platform.keys.status()).rotation).toEqual({})
  clock.now += 4_000 * DAY_MS
  expect(await platform.sweep()).not.toHaveProperty('keyTerm')
  await expectTerms(platform, 'destroyed', 'active')
})

test.each([0, -1, 1.5, LIMITS.keyRotateEveryDaysMax + 1, '30', undefined])(
  'every %j days is refused, and changes nothing',
  async (days) => {
    const { platform } = await stocked()
    await every(platform, LIMITS.keyRotateEveryDaysMax)
    await expect(every(platform, days)).rejects.toMatchObject({ code: 'invalid_value' })
    const { everyDays } = (await platform.keys.status()).rotation
    expect(everyDays).toBe(LIMITS.keyRotateEveryDaysMax)
  },
)

test('who may not administer is told nothing of keys, and sets nothing', async () => {
  const { platform, clock } = await stocked()
  clock.now += 400 * DAY_MS
  await expect(
    platform.as('local:other').settings.put(KEY_ROTATION, { everyDays: null }),
  ).rejects.toMatchObject({ code: 'denied' })
  expect(await platform.sweep('local:other')).not.toHaveProperty('keyTerm')
  await expectTerms(platform, 'destroyed', 'active')
})

test('no key is destroyed while the store is not what it was', async () => {
  const { home, platform, clock } = await stocked()
  clock.now += 400 * DAY_MS
  const head = await tamper(home, async (rows) => {
    const kept = (await rows.head('secret', 'shop/b'))!
    await rows.putHead({ ...kept, head: kept.head.toReversed() })
    return kept
  })
  expect(await platform.sweep()).toMatchObject({ digestOk: false })
  expect((await platform.keys.status()).activeTerm).toBe(1)
  await tamper(home, (rows) => rows.putHead(head))
  expect(await platform.sweep()).toMatchObject({ digestOk: true, keyTerm: 2 })
})

test('two sweeps at once make one term', async () => {
  const { home, platform, clock } = await stocked()
  clock.now += 400 * DAY_MS
  const other = await home.open({ clock: () => clock.now })
  const reports = await Promise.all([platform.sweep(), other.sweep()])
  expect(reports.map(({ keyTerm }) => keyTerm)).toContain(2)
  await expectTerms(platform, 'destroyed', 'active')
  await expectTerms(other, 'destroyed', 'active')
})

test('cut off at any call of the store, it is finished by the next sweep, with one new term', async () => {
  const calls = await cutOff(Infinity)
  expect(calls).toBeGreaterThan(20)
  for (let failAt = 1; failAt <= calls; failAt++) await cutOff(failAt)
})

/** Sweeps on a store whose n-th call fails, and again; returns the calls of the first. */
async function cutOff(failAt: number): Promise<number> {
  const { home, clock, platform } = await stocked()
  clock.now += 365 * DAY_MS
  await platform.close()
  let store: FaultyStore | undefined
  const opened = await opening(home, clock, (made) => (store = faultyStore(made)))
  await opened.close()
  const before = store!.calls
  const cut = await opening(
    home,
    clock,
    (made) => (store = faultyStore(made, { failAt: before + failAt })),
  )
  await cut.sweep().catch(() => {})
  const calls = store!.calls - before
  await cut.close().catch(() => {})
  const after = await home.open({ clock: () => clock.now })
  await after.sweep()
  await expectTerms(after, 'destroyed', 'active')
  await after.close()
  return calls
}

const opening = (home: Home, clock: { readonly now: number }, store: (made: Store) => Store) =>
  openPlatform({ ...home.options, clock: () => clock.now }, { store })
