import { beforeEach, expect, it } from 'vitest'
import type { Store, StoreReader, StoreWriter } from '../../core/ports/store.ts'
import { refusalOf } from '../refusal.ts'
import { type Handles, ID, bytes, head, paths, version } from './samples.ts'

/** Whole or not at all, one after another, seen by whoever comes later. */
export function transactionsContract(handles: () => Handles): void {
  let store: Store
  let other: Store
  const put = (work: (rows: StoreWriter) => Promise<unknown>): Promise<unknown> => store.write(work)
  const ask = <T>(work: (rows: StoreReader) => Promise<T>): Promise<T> => store.read(work)
  beforeEach(() => {
    ;({ store, other } = handles())
  })

  it('keeps nothing of a write that rejects, and goes on working', async () => {
    await put((rows) => rows.putHead(head('kept'), { id: ID, current: 1 }))
    const failure = new Error('as planned')
    const refused = store.write(async (rows) => {
      await rows.putState({ generation: 5, accessGeneration: 5, seal: bytes('s') })
      await rows.putBlob('keyring', bytes('k'))
      await rows.putHead(head('gone'))
      await rows.removeHead('secret', 'kept')
      await rows.putVersion(version(ID, 1))
      await rows.appendOutbox({ generation: 5, event: '{}' })
      expect(paths(await rows.heads({ kind: 'secret', limit: 9 }))).toEqual(['gone'])
      throw failure
    })
    await expect(refused).rejects.toBe(failure)
    const left = await ask(async (rows) => [
      await rows.state(),
      await rows.blob('keyring'),
      paths(await rows.heads({ kind: 'secret', limit: 9 })),
      await rows.version(ID, 1),
      await rows.outbox(0, 9),
    ])
    expect(left).toEqual([undefined, undefined, ['kept'], undefined, []])
    expect(await store.write(async () => 'result')).toBe('result')
  })

  it('gives a lease to one holder until its time is over', async () => {
    expect(await store.lease('sweep', 'a', 1_000, 500)).toBe(true)
    expect(await other.lease('sweep', 'b', 1_499, 500)).toBe(false)
    expect(await other.lease('else', 'b', 1_499, 500)).toBe(true)
    expect(await store.lease('sweep', 'a', 1_499, 500)).toBe(true)
    expect(await other.lease('sweep', 'b', 1_998, 500)).toBe(false)
    expect(await other.lease('sweep', 'b', 1_999, 500)).toBe(true)
    expect(await store.lease('sweep', 'a', 2_000, 500)).toBe(false)
  })

  it('believes no lease of a clock that was ahead', async () => {
    const dayMs = 86_400_000
    expect(await store.lease('sweep', 'ahead', 1_000 + dayMs, dayMs)).toBe(true)
    expect(await other.lease('sweep', 'b', 1_000 + dayMs, dayMs)).toBe(false)
    expect(await other.lease('sweep', 'b', 1_000, dayMs)).toBe(true)
    expect(await store.lease('long', 'a', 1_000, 2 * dayMs)).toBe(true)
    expect(await other.lease('long', 'b', 1_000, 2 * dayMs)).toBe(false)
  })

  it('loses no update among a hundred writes at once', async () => {
    const count = async (rows: StoreWriter): Promise<void> => {
      const now = (await rows.state())?.generation ?? 0
      await new Promise((resolve) => setImmediate(resolve))
      await rows.putState({ generation: now + 1, accessGeneration: 0, seal: bytes('') })
    }
    await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? store : other).write(count)))
    expect((await ask((rows) => rows.state()))?.generation).toBe(100)
  })

  it('keeps nothing of those that reject among writes at once, and everything of the others', async () => {
    const write = (name: string, fails: boolean) =>
      store.write(async (rows) => {
        await rows.putHead(head(name))
        if (fails) throw new Error(name)
        return paths(await rows.heads({ kind: 'secret', limit: 9 })).join('')
      })
    const settled = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e'].map((name, i) => write(name, i % 2 === 0)),
    )
    const outcomes = settled.map((each) => ('value' in each ? each.value : String(each.reason)))
    expect(outcomes).toEqual(['Error: a', 'b', 'Error: c', 'bd', 'Error: e'])
    expect(
      await ask(async (rows) => paths(await rows.heads({ kind: 'secret', limit: 9 }))),
    ).toEqual(['b', 'd'])
  })

  it('begins no write before what an engine keeps by a revision is committed', async () => {
    const seen: unknown[] = []
    const look = (what: (rows: StoreReader) => Promise<unknown>) =>
      put(async () => seen.push(await other.read(what)))
    const policy = async (rows: StoreReader) => (await rows.head('policy', 'x'))?.path
    await Promise.all([
      put((rows) => rows.putHead(head('x', 1, 'policy'))),
      look(policy),
      put((rows) => rows.putBlob('keyring', bytes('k'))),
      look(async (rows) => (await rows.blob('keyring'))?.length),
      put((rows) => rows.removeHead('policy', 'x')),
      look(policy),
    ])
    expect(seen).toEqual(['x', 1, undefined])
  })

  it('shows one snapshot to a read, and the newest rows to whatever begins later', async () => {
    const pair = (generation: number) => async (rows: StoreWriter) => {
      await rows.putState({ generation, accessGeneration: generation, seal: bytes('s') })
      await rows.putHead(head('a', generation))
      await new Promise((resolve) => setImmediate(resolve))
      await rows.putHead(head('b', generation))
    }
    await put(pair(1))
    await ask(async (old) => {
      await put(pair(2))
      expect((await old.state())?.generation).toBe(1)
      expect((await old.heads({ kind: 'secret', limit: 9 })).map((r) => r.generation)).toEqual([
        1, 1,
      ])
      for (const handle of [store, other]) {
        expect((await handle.current('a')).generation).toBe(2)
        expect((await handle.read((rows) => rows.state()))?.generation).toBe(2)
      }
    })
    let torn = 0
    const writing = new AbortController()
    const reads = Array.from({ length: 6 }, async (_, i) => {
      while (!writing.signal.aborted) {
        await (i % 2 ? store : other).read(async (rows) => {
          const a = await rows.head('secret', 'a')
          await new Promise((resolve) => setImmediate(resolve))
          const b = await rows.head('secret', 'b')
          if (a?.generation !== b?.generation) torn += 1
        })
      }
    })
    for (let generation = 3; generation < 40; generation++) {
      await put(pair(generation))
      expect((await other.current('a')).generation).toBe(generation)
    }
    writing.abort()
    await Promise.all(reads)
    expect(torn).toBe(0)
  })

  it('answers nothing that it answered before a write, by whichever handle', async () => {
    const ask = async (handle: Store) => {
      const { generation, head, envelope } = await handle.current('a')
      const named = await handle.head('credential', 'b')
      return [generation, head?.length, envelope?.length, named.head?.length]
    }
    let generation = 0
    const change = (handle: Store, work: (rows: StoreWriter) => Promise<void>) =>
      handle.write(async (rows) => {
        generation += 1
        await rows.putState({ generation, accessGeneration: 0, seal: bytes('s') })
        await work(rows)
      })
    for (const writer of [store, other, other, store]) {
      await change(writer, async (rows) => {
        const row = version(ID, generation, 1, 'e'.repeat(generation))
        await rows.putVersion(row)
        const bytesOf = { head: bytes('h'.repeat(generation)), generation }
        await rows.putHead(
          { kind: 'secret', path: 'a', ...bytesOf },
          { id: ID, current: generation },
        )
        await rows.putHead({ kind: 'credential', path: 'b', ...bytesOf })
      })
      for (const reader of [store, other, store]) {
        expect(await ask(reader)).toEqual(Array(4).fill(generation))
      }
      await change(writer, async (rows) => {
        await rows.removeHead('secret', 'a')
        await rows.removeHead('credential', 'b')
      })
      for (const reader of [other, store, other]) {
        expect(await ask(reader)).toEqual([generation, undefined, undefined, undefined])
      }
    }
  })

  it('shares a look only until the event loop goes on, and never past a write that is known', async () => {
    const putAs = (handle: Store, generation: number) =>
      handle.write(async (rows) => {
        await rows.putState({ generation, accessGeneration: 0, seal: bytes('s') })
        await rows.putHead(head('a', generation))
      })
    await putAs(other, 1)
    store.shareLook?.()
    expect((await store.current('a')).generation).toBe(1)
    await putAs(store, 2)
    expect((await store.current('a')).generation).toBe(2)
    await putAs(other, 3)
    expect((await store.current('a', 3)).generation).toBe(3)
    await putAs(other, 4)
    store.shareLook?.()
    expect((await store.current('a')).generation).toBe(4)
    await putAs(other, 5)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await store.current('a')).generation).toBe(5)
  })

  it('refuses rows after their transaction', async () => {
    const kept = await store.write(async (rows) => rows)
    expect((await refusalOf(() => kept.putBlob('late', bytes('x')))).code).toBe('internal')
    const read = await store.read(async (rows) => rows)
    expect((await refusalOf(() => read.state())).code).toBe('internal')
    expect(await ask((rows) => rows.blob('late'))).toBeUndefined()
  })

  it('scrubs, closes twice, and refuses everything after', async () => {
    await put((rows) => rows.putVersion(version(ID, 1)))
    await put((rows) => rows.removeVersion(ID, 1))
    await store.scrub()
    await Promise.all([store.close(), store.close()])
    await store.close()
    const calls: (() => unknown)[] = [
      () => store.current('a'),
      () => store.read(async () => 1),
      () => store.write(async () => 1),
      () => store.lease('a', 'b', 1, 1),
      () => store.scrub(),
    ]
    for (const call of calls) {
      expect((await refusalOf(async () => call())).code).toBe('store_unavailable')
    }
  })
}
