import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { admin, newHome, tamper, valueAt } from '../../test/support/platform.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { overriddenStore } from '../testing/overridden-store.ts'
import { openPlatform } from './open.ts'

const DAY_MS = 86_400_000

async function swept(prepare: (coffer: Coffer) => Promise<unknown>) {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  await prepare(admin(platform))
  return { home, platform, coffer: admin(platform), clock }
}

test('what is past its recovery window is purged at its instant, and not before', async () => {
  const { platform, coffer, clock } = await swept(async (c) => {
    await c.write('shop/a', { value: 'x' })
    await c.write('shop/b', { value: 'x' })
    await c.delete('shop/a', { recoveryDays: 7 })
  })
  clock.now += 7 * DAY_MS - 1
  expect(await platform.sweep()).toMatchObject({ purged: [], digestOk: true })
  clock.now += 1
  expect(await platform.sweep()).toMatchObject({ purged: ['shop/a'], digestOk: true })
  expect(await coffer.describe('shop/a')).toBeUndefined()
  expect(await coffer.describe('shop/b')).toBeDefined()
  const trail = await coffer.audit.query({ actor: 'system:coffer' })
  expect(trail.map((e) => [e.action, e.resource, e.reason])).toEqual([
    ['sweep', 'store:data', '0 purged, 0 rotated, 0 due'],
    ['purge', 'shop/a', undefined],
    ['sweep', 'store:data', '1 purged, 0 rotated, 0 due'],
  ])
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('what is brought back between the sweep’s look and its purge stays', async () => {
  const { home, coffer, clock } = await swept(async (c) => {
    await c.write('shop/a', { value: 'x' })
    await c.delete('shop/a', { recoveryDays: 0 })
  })
  let between: (() => Promise<unknown>) | undefined
  const platform = await openPlatform(
    { ...home.options, clock: () => clock.now },
    {
      store: (store) =>
        overriddenStore(store, {
          async write(work) {
            const first = between
            between = undefined
            await first?.()
            return store.write(work)
          },
        }),
    },
  )
  clock.now += DAY_MS
  between = () => coffer.undelete('shop/a')
  expect(await platform.sweep()).toMatchObject({ purged: [], failed: [] })
  expect(await valueAt(coffer, 'shop/a')).toBe('x')
  await platform.close()
})

test('what is due is rotated when Coffer may, and told of when it may not', async () => {
  const { platform, coffer, clock } = await swept(async (c) => {
    const rotation = { everyDays: 5, automatic: true }
    await c.write('due/auto', { value: 'old', type: { name: 'password' }, rotation })
    await c.write('due/by-hand', { value: 'old', rotation: { ...rotation, automatic: false } })
    await c.write('due/not-ours', { value: 'https://a.example', type: { name: 'url' }, rotation })
    await c.write('due/later', { value: 'old' })
    await c.write('due/staged', { labels: ['pending'], rotation })
    await c.write('due/gone', { value: 'old', rotation })
    await c.delete('due/gone')
  })
  clock.now += 5 * DAY_MS - 1
  expect(await platform.sweep()).toMatchObject({ rotated: [], due: [] })
  clock.now += 1
  const report = await platform.sweep()
  expect(report.rotated).toEqual(['due/auto'])
  expect(report.due).toEqual(['due/by-hand', 'due/not-ours'])
  expect(await coffer.read({ path: 'due/auto' })).toMatchObject({ version: 2 })
  expect(await valueAt(coffer, 'due/auto', 1)).toBe('old')
  expect(await platform.sweep()).toMatchObject({ rotated: [] })
})

test('two sweeps at once rotate what is due once', async () => {
  const { home, platform, coffer, clock } = await swept((c) =>
    c.write('due/auto', {
      value: 'old',
      type: { name: 'password' },
      rotation: { everyDays: 1, automatic: true },
    }),
  )
  clock.now += 2 * DAY_MS
  const other = await home.open({ clock: () => clock.now })
  const reports = await Promise.all([platform.sweep(), other.sweep()])
  expect(reports.flatMap((report) => report.rotated)).toEqual(['due/auto'])
  expect((await coffer.describe('due/auto'))?.versions).toHaveLength(2)
})

test('of many processes one sweeps, and another goes on when it has gone', async () => {
  const { home, platform, coffer, clock } = await swept((c) => c.write('a', { value: 'x' }))
  const other = await home.open({ clock: () => clock.now })
  const sweeps = async () => (await coffer.audit.query({ action: 'sweep' })).length
  const stops = [platform, other].map((each) => each.startSweeping(30))
  await expect.poll(sweeps, { timeout: 3_000 }).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(await sweeps()).toBe(1)
  await stops[0]?.()
  clock.now += 130_000
  await expect.poll(sweeps, { timeout: 3_000 }).toBe(2)
  await stops[1]?.()
})

test('a pass that fails leaves its event', async () => {
  const { home, platform, coffer } = await swept((c) => c.write('a', { value: 'x' }))
  const state = await tamper(home, async (rows) => {
    const kept = (await rows.state())!
    await rows.putState({ ...kept, seal: kept.seal.toReversed() })
    return kept
  })
  await expect(platform.sweep()).rejects.toMatchObject({ code: 'corrupt' })
  await tamper(home, (rows) => rows.putState(state))
  expect(await coffer.audit.query({ action: 'sweep' })).toMatchObject([
    { outcome: 'failed', code: 'corrupt', actor: 'system:coffer' },
  ])
  expect(await platform.sweep()).toMatchObject({ digestOk: true })
})

test('one damaged secret keeps no other from its rotation', async () => {
  const rotation = { everyDays: 1, automatic: true }
  const { home, platform, clock } = await swept(async (c) => {
    for (const path of ['a', 'b', 'c']) {
      await c.write(path, { value: 'old', type: { name: 'password' }, rotation })
    }
  })
  await tamper(home, async (rows) => {
    const head = (await rows.head('secret', 'b'))!
    await rows.putHead({ ...head, head: head.head.toReversed() })
  })
  clock.now += 2 * DAY_MS
  expect(await platform.sweep()).toMatchObject({
    rotated: ['a', 'c'],
    failed: [{ path: 'b', code: 'corrupt' }],
    digestOk: false,
  })
})

test.each(['compose/open-coffer.ts', 'cli/run/keeper.ts', 'cli/commands/audit-tail.ts'])(
  '%s is a process that stays: it takes its turn at the sweep',
  (file) => {
    const code = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    expect(code).toMatch(/\.startSweeping\(\)/)
  },
)

test('credentials that ended are removed by a sweep, and by a process that stays', async () => {
  const { platform, coffer, clock } = await swept(async () => {})
  const { record } = await coffer.identities.createToken({ policies: ['none'], ttlSeconds: 60 })
  expect(await platform.identities.tidy()).toBe(0)
  clock.now += 60_000
  await platform.sweep()
  const [event] = (await coffer.audit.query({ action: 'sweep' })).filter(
    ({ resource }) => resource === 'store:credentials',
  )
  expect(event?.reason).toBe('1 credentials that had ended')
  expect(await platform.identities.tidy()).toBe(0)
  await coffer.identities.createToken({ policies: ['none'], ttlSeconds: 60 })
  clock.now += 60_000
  const stop = platform.startSweeping(20)
  await expect
    .poll(async () => (await coffer.audit.query({ resource: 'store:credentials' })).length)
    .toBe(2)
  await stop()
  expect(await platform.identities.tidy()).toBe(0)
  expect(await coffer.identities.lookupToken({ accessor: record.accessor })).toBeUndefined()
  expect(await platform.doctor()).toMatchObject({ ok: true })
})
