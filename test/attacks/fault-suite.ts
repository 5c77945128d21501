import { expect, test } from 'vitest'
import { CofferError } from '../../src/core/errors.ts'
import type { Fault, FaultyStore } from '../../src/testing/faulty-store.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { faultyFs } from '../audit/faulty-fs.ts'
import { survives, template } from './faults.ts'

const FAULTS: Readonly<Record<string, Fault>> = {
  'fails before it is done': { when: 'before' },
  'fails after it is done': { when: 'after' },
  'finds the disk full for good': {
    when: 'before',
    times: Infinity,
    error: new CofferError('store_full', 'Full, as planned.'),
  },
}

/** A fault at every call, or at every `stride`-th, shifted for each kind of fault. */
export function faultSuite(stride: number, timeoutMs: number): void {
  test.each(Object.entries(FAULTS))(
    'every call of the store that %s',
    async (name, fault) => {
      const from = await template()
      let store: FaultyStore | undefined
      const run = async (failAt: number) => {
        await survives(from, {
          store: (inner) => (store = faultyStore(inner, { ...fault, failAt })),
        })
        return store?.calls ?? 0
      }
      const calls = await run(0)
      expect(calls).toBeGreaterThan(100)
      for (let n = 1 + (name.length % stride); n <= calls; n += stride) await run(n)
    },
    timeoutMs,
  )

  test.each(['EIO', 'ENOSPC'])(
    'every operation on the log that answers %s',
    async (errno) => {
      const from = await template()
      const run = async (failAt: number, times: number) => {
        const disk = faultyFs()
        if (failAt > 0) disk.fail(errno, failAt, times)
        await survives(from, { logFs: disk.fs })
        return disk.calls
      }
      const calls = await run(0, 0)
      expect(calls).toBeGreaterThan(20)
      for (let n = 1; n <= calls; n += Math.ceil(stride / 3))
        await run(n, n % 2 === 0 ? 1 : Infinity)
    },
    timeoutMs,
  )
}
