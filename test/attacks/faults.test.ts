import { expect, test } from 'vitest'
import { CofferError } from '../../src/core/errors.ts'
import type { Fault, FaultyStore } from '../../src/testing/faulty-store.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { faultyFs } from '../audit/faulty-fs.ts'
import { survives, template } from './faults.ts'

const SLOW = process.env['COFFER_SLOW_TESTS'] === '1'
/** The default suite takes every so-manyth call, shifted for each kind of fault. */
const STRIDE = SLOW ? 1 : 7

const FAULTS: Readonly<Record<string, Fault>> = {
  'fails before it is done': { when: 'before' },
  'fails after it is done': { when: 'after' },
  'finds the disk full for good': {
    when: 'before',
    times: Infinity,
    error: new CofferError('store_full', 'Full, as planned.'),
  },
}

test.each(Object.entries(FAULTS))('every call of the store that %s', async (name, fault) => {
  const from = await template()
  let store: FaultyStore | undefined
  const run = async (failAt: number) => {
    await survives(from, { store: (inner) => (store = faultyStore(inner, { ...fault, failAt })) })
    return store?.calls ?? 0
  }
  const calls = await run(0)
  expect(calls).toBeGreaterThan(100)
  for (let n = 1 + (name.length % STRIDE); n <= calls; n += STRIDE) await run(n)
})

test.each(['EIO', 'ENOSPC'])('every operation on the log that answers %s', async (errno) => {
  const from = await template()
  const run = async (failAt: number, times: number) => {
    const disk = faultyFs()
    if (failAt > 0) disk.fail(errno, failAt, times)
    await survives(from, { logFs: disk.fs })
    return disk.calls
  }
  const calls = await run(0, 0)
  expect(calls).toBeGreaterThan(50)
  for (let n = 1; n <= calls; n += STRIDE) await run(n, n % 2 === 0 ? 1 : Infinity)
})
