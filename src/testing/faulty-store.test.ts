import { expect, it } from 'vitest'
import { createMemoryStore } from '../adapters/stores/memory.ts'
import type { Store } from '../core/ports/store.ts'
import { type Fault, faultyStore } from './faulty-store.ts'

const planned = new Error('as planned')

const work = async (store: Store): Promise<void> => {
  await store.write(async (rows) => {
    await rows.putBlob('a', new Uint8Array(1))
    await rows.putBlob('b', new Uint8Array(1))
  })
  await store.read((rows) => rows.blob('a'))
  await store.current('x')
  await store.lease('name', 'me', 0, 1)
}

/** Runs the work with a fault: what it threw, and which blobs are there afterwards. */
async function run(fault: Fault): Promise<{ failed: boolean; threw: boolean; blobs: boolean[] }> {
  const inner = createMemoryStore()
  const store = faultyStore(inner, { error: planned, ...fault })
  let threw = false
  await work(store).catch((error: unknown) => {
    if (error !== planned) throw error
    threw = true
  })
  const blobs = await inner.read(async (rows) => [
    (await rows.blob('a')) !== undefined,
    (await rows.blob('b')) !== undefined,
  ])
  return { failed: store.failed, threw, blobs }
}

it('counts calls and changes nothing without a fault', async () => {
  const store = faultyStore(createMemoryStore())
  await work(store)
  // write, two puts, commit; read, blob; current; lease
  expect(store.calls).toBe(8)
  expect(store.failed).toBe(false)
})

it('fails exactly the n-th call, for every n, and none past the last', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let failAt = 1; failAt <= 8; failAt++) {
      const { failed, threw, blobs } = await run({ failAt, when })
      expect([failed, threw]).toEqual([true, true])
      // the commit is call 4: done when it fails after, undone when it fails before
      const kept = when === 'after' ? failAt >= 4 || failAt === 1 : failAt > 4
      expect(blobs, `${when} ${failAt}`).toEqual([kept, kept])
    }
    expect(await run({ failAt: 9, when })).toEqual({
      failed: false,
      threw: false,
      blobs: [true, true],
    })
  }
})

it('does not commit a transaction that hides a failure', async () => {
  const inner = createMemoryStore()
  const store = faultyStore(inner, { failAt: 2, error: planned })
  const hiding = store.write(async (rows) => {
    await rows.putBlob('a', new Uint8Array(1)).catch(() => {})
    await rows.putBlob('b', new Uint8Array(1))
  })
  await expect(hiding).rejects.toBe(planned)
  expect(await inner.read((rows) => rows.blob('b'))).toBeUndefined()
})

it('stays broken for as many calls as asked', async () => {
  const store = faultyStore(createMemoryStore(), { failAt: 1, times: 2 })
  await expect(store.read(async () => 1)).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(store.read(async () => 1)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await store.read(async () => 1)).toBe(1)
})
