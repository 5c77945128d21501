import { expect, test } from 'vitest'
import { ADMIN, admin, newHome, valueAt } from '../../test/support/platform.ts'
import type { Home } from '../../test/support/platform.ts'
import { CofferError } from '../core/errors.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { Store } from '../core/ports/store.ts'
import { overriddenStore } from '../testing/overridden-store.ts'
import { refusalOf } from '../testing/refusal.ts'
import { openPlatform } from './open.ts'

const YEAR_MS = 365 * 86_400_000

async function stocked(count: number) {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  const items = Array.from({ length: count }, (_, i) => ({
    path: `many/${1_000 + i}`,
    input: { value: `v${i}` },
  }))
  await admin(platform).writeMany(items)
  return { home, clock, platform, coffer: admin(platform) }
}

/** A second process, whose n-th write of the store from now on is preceded by something. */
async function hooked(home: Home, clock: { readonly now: number }) {
  let writes = 0
  const hook: { at: number; work: () => Promise<unknown> } = { at: 0, work: async () => {} }
  const write = (store: Store): Store['write'] => {
    return async (work) => {
      writes += 1
      if (writes === hook.at) await hook.work()
      return store.write(work)
    }
  }
  const options = { ...home.options, clock: () => clock.now }
  const platform = await openPlatform(options, {
    store: (store) => overriddenStore(store, { write: write(store) }),
  })
  const before = (at: number, work: () => Promise<unknown>) => {
    writes = 0
    Object.assign(hook, { at, work })
  }
  return { platform, before }
}

/** A rotation that dies once it has made its term. */
async function halfRotated(home: Home, clock: { readonly now: number }): Promise<void> {
  let cut = false
  const dying = await openPlatform(
    { ...home.options, clock: () => clock.now },
    {
      store: (store) =>
        overriddenStore(store, {
          async write(work) {
            if (cut) throw new CofferError('store_unavailable', 'Cut off.')
            return store.write((rows) => {
              const put = rows.putBlob.bind(rows)
              rows.putBlob = (...blob) => {
                cut = true
                return put(...blob)
              }
              return work(rows)
            })
          },
        }),
    },
  )
  const { code } = await refusalOf(() => dying.keys.rotate({ actor: ADMIN }))
  expect(code).toBe('store_unavailable')
  await dying.close()
}

const states = async (platform: Platform) =>
  (await platform.keys.status()).terms.map(({ state }) => state)

test('a rotation that was cut off is finished, by a process with an older keyring as well', async () => {
  const { home, platform, clock, coffer } = await stocked(3)
  await halfRotated(home, clock)
  expect(await platform.sweep(ADMIN)).toMatchObject({ keyTerm: 2, failed: [] })
  await halfRotated(home, clock)
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({
    term: 3,
    made: false,
    rewrapped: 3,
    retired: [2],
  })
  expect(await states(platform)).toEqual(['destroyed', 'destroyed', 'active'])
  expect(await valueAt(coffer, 'many/1002')).toBe('v2')
})

test('a sweep tells of no term that another made', async () => {
  const { home, platform, clock } = await stocked(3)
  clock.now += YEAR_MS
  const other = await hooked(home, clock)
  other.before(1, () => platform.sweep(ADMIN))
  expect(await other.platform.sweep(ADMIN)).not.toHaveProperty('keyTerm')
  expect(await states(platform)).toEqual(['destroyed', 'active'])
  await other.platform.close()
})

test('no key is destroyed that another rotation has just begun to replace', async () => {
  const { home, platform, clock, coffer } = await stocked(3)
  const other = await hooked(home, clock)
  // Who it is, a term, what it wraps: the fourth would retire.
  other.before(4, async () => {
    expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({
      made: false,
      retired: [1],
    })
    await halfRotated(home, clock)
  })
  expect(await other.platform.keys.rotate({ actor: ADMIN })).toMatchObject({ retired: [] })
  expect(await states(platform)).toEqual(['destroyed', 'retiring', 'active'])
  for (const i of [0, 1, 2]) expect(await valueAt(coffer, `many/${1_000 + i}`)).toBe(`v${i}`)
  await other.platform.close()
})

test('what comes into a page while it is looked at pushes no other version out', async () => {
  const { home, clock, coffer } = await stocked(600)
  await coffer.destroy('many/1007', [1])
  const other = await hooked(home, clock)
  other.before(3, () => coffer.write('many/2000', { value: 'x1' }))
  expect(await other.platform.keys.rotate({ actor: ADMIN })).toMatchObject({
    rewrapped: 599,
    retired: [1],
  })
  for (let i = 0; i < 600; i++) {
    if (i !== 7) expect(await valueAt(coffer, `many/${1_000 + i}`)).toBe(`v${i}`)
  }
  await other.platform.close()
})
