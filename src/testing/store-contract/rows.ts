import { beforeEach, expect, it } from 'vitest'
import type { HeadKind, Store, StoreReader, StoreWriter } from '../../core/ports/store.ts'
import { refusalOf } from '../refusal.ts'
import { type Handles, ID, bytes, head, numbers, paths, version } from './samples.ts'

/** What is put is found, as the port says, and in the order it says. */
export function rowsContract(handles: () => Handles): void {
  let store: Store
  let other: Store
  const put = (work: (rows: StoreWriter) => Promise<unknown>): Promise<unknown> => store.write(work)
  const ask = <T>(work: (rows: StoreReader) => Promise<T>): Promise<T> => store.read(work)
  beforeEach(() => {
    ;({ store, other } = handles())
  })

  it('answers undefined or nothing for what is absent', async () => {
    expect(await store.current('a')).toMatchObject({ generation: 0, accessGeneration: 0 })
    expect((await store.current('a')).head).toBeUndefined()
    const singles = await ask(async (rows) => [
      await rows.state(),
      await rows.blob('keyring'),
      await rows.head('secret', 'a'),
      await rows.version(ID, 1),
    ])
    expect(singles).toEqual([undefined, undefined, undefined, undefined])
    const lists = await ask(async (rows) => [
      await rows.heads({ kind: 'secret', limit: 1 }),
      (await rows.versions(undefined, 1)).rows,
      await rows.terms(),
      await rows.outbox(0, 1),
    ])
    expect(lists.flat()).toEqual([])
    await put(async (rows) => {
      await rows.removeHead('secret', 'a')
      await rows.removeVersion(ID, 1)
      await rows.trimOutbox(9)
    })
  })

  it('gives back what was put, whole, to every handle', async () => {
    const state = { generation: 2 ** 53 - 1, accessGeneration: 0, seal: new Uint8Array() }
    const large = Uint8Array.from({ length: 1_048_576 + 200 }, (_, i) => (i * 7) & 0xff)
    await put(async (rows) => {
      await rows.putState({ ...state, generation: 1 })
      await rows.putState(state)
      await rows.putBlob('keyring', large)
      await rows.putHead(head('a/b', 7))
      await rows.putVersion({ ...version(ID, 1), envelope: large })
      expect(await rows.state()).toEqual(state)
    })
    for (const handle of [store, other]) {
      const found = await handle.read(async (rows) => ({
        state: await rows.state(),
        blob: await rows.blob('keyring'),
        head: await rows.head('secret', 'a/b'),
        version: await rows.version(ID, 1),
      }))
      expect(found.state).toEqual(state)
      expect(found.head).toEqual(head('a/b', 7))
      expect(Buffer.compare(found.blob!, large)).toBe(0)
      expect(Buffer.compare(found.version!.envelope, large)).toBe(0)
    }
  })

  it('keeps its own copy of bytes', async () => {
    const mine = bytes('before')
    await put((rows) => rows.putBlob('keyring', mine))
    mine.fill(0)
    const first = await ask((rows) => rows.blob('keyring'))
    expect(first).toEqual(bytes('before'))
    first!.fill(0)
    expect(await ask((rows) => rows.blob('keyring'))).toEqual(bytes('before'))
  })

  it('lists heads of one kind in UTF-8 byte order, between the bounds', async () => {
    const sorted = ['a', 'a-b', 'a/b', 'a0', 'b', 'é', '\uE000', '\uFF5E', '😀', '\u{10FFFF}']
    await put(async (rows) => {
      for (const path of sorted.toReversed()) await rows.putHead(head(path))
      await rows.putHead(head('a1', 1, 'policy'))
    })
    const list = (range: object, limit = 99): Promise<string[]> =>
      ask(async (rows) => paths(await rows.heads({ kind: 'secret', limit, ...range })))
    expect(await list({})).toEqual(sorted)
    expect(await list({ after: 'a/b' })).toEqual(sorted.slice(3))
    expect(await list({ from: 'a/b' })).toEqual(sorted.slice(2))
    expect(await list({ from: 'a/', before: 'a0' })).toEqual(['a/b'])
    expect(await list({ after: 'a', from: 'a0', before: '\uFF5E' })).toEqual(sorted.slice(3, 7))
    expect(await list({ after: 'b', from: 'a', before: '😀' })).toEqual(sorted.slice(5, 8))
    expect(await list({ after: 'b', from: 'b' })).toEqual(sorted.slice(5))
    expect(await list({ from: 'b', before: 'b' })).toEqual([])
    expect(await list({ after: '\u{10FFFF}' })).toEqual([])
    expect(await list({ kind: 'policy' })).toEqual(['a1'])
    expect(await list({ kind: 'role' })).toEqual([])
    for (const limit of [1, 9, 10, 11]) {
      expect(await list({}, limit)).toEqual(sorted.slice(0, limit))
    }
  })

  it('refuses a limit that is not a whole number from 1', async () => {
    await put((rows) => rows.putHead(head('a')))
    for (const limit of [0, -1, 1.5, Number.NaN, Infinity]) {
      const refused = await refusalOf(() => ask((rows) => rows.heads({ kind: 'secret', limit })))
      expect(refused.code).toBe('invalid_argument')
      const also = await refusalOf(() => ask((rows) => rows.outbox(0, limit)))
      expect(also.code).toBe('invalid_argument')
    }
  })

  it('finds the head and its current envelope in one query', async () => {
    const look = async (path: string): Promise<(string | undefined)[]> => {
      const row = await store.current(path)
      const text = (b?: Uint8Array): string | undefined => b && Buffer.from(b).toString()
      return [text(row.head), text(row.envelope)]
    }
    await put((rows) => rows.putState({ generation: 3, accessGeneration: 2, seal: bytes('s') }))
    expect(await store.current('a')).toMatchObject({ generation: 3, accessGeneration: 2 })

    // the head may be put before its version
    await put(async (rows) => {
      await rows.putHead(head('a'), { id: ID, current: 2 })
      await rows.putVersion(version(ID, 1))
      await rows.putVersion(version(ID, 2))
      await rows.putHead(head('bare'))
      await rows.putHead(head('empty'), { id: ID, current: undefined })
      await rows.putHead(head('only-a-policy', 1, 'policy'), { id: ID, current: 1 })
    })
    expect(await look('a')).toEqual(['head of a', `${ID} 2`])
    expect(await look('bare')).toEqual(['head of bare', undefined])
    expect(await look('empty')).toEqual(['head of empty', undefined])
    expect(await look('only-a-policy')).toEqual([undefined, undefined])

    await put((rows) => rows.putHead(head('a'), { id: ID, current: 1 }))
    expect(await look('a')).toEqual(['head of a', `${ID} 1`])
    await put((rows) => rows.putVersion(version(ID, 1, 2, 'again')))
    expect(await look('a')).toEqual(['head of a', 'again'])

    // a version that goes and comes back, another taking its room meanwhile
    await put((rows) => rows.removeVersion(ID, 1))
    expect(await look('a')).toEqual(['head of a', undefined])
    await put(async (rows) => {
      await rows.removeVersion(ID, 2)
      await rows.putVersion(version('f'.repeat(32), 1))
      await rows.putVersion(version(ID, 1, 2, 'back'))
    })
    expect(await look('a')).toEqual(['head of a', 'back'])

    await put(async (rows) => {
      await rows.removeHead('secret', 'a')
      await rows.putHead(head('moved'), { id: ID, current: 1 })
    })
    expect(await look('a')).toEqual([undefined, undefined])
    expect(await look('moved')).toEqual(['head of moved', 'back'])
  })

  it('answers for one head of any kind without a transaction', async () => {
    await put(async (rows) => {
      await rows.putHead(head('a', 1, 'credential'))
      await rows.putHead(head('b'), { id: ID, current: 1 })
    })
    expect(await store.head('credential', 'a')).toEqual({ generation: 0, accessGeneration: 0 })
    await put((rows) => rows.putState({ generation: 3, accessGeneration: 2, seal: bytes('s') }))
    for (const handle of [store, other]) {
      const look = async (kind: HeadKind, path: string): Promise<string | undefined> => {
        const answer = await handle.head(kind, path)
        expect(answer).toMatchObject({ generation: 3, accessGeneration: 2 })
        return answer.head && Buffer.from(answer.head).toString()
      }
      expect(await look('credential', 'a')).toBe('head of a')
      expect(await look('secret', 'a')).toBeUndefined()
      expect(await look('secret', 'b')).toBe('head of b')
    }
  })

  it('pages versions, each of them once', async () => {
    const all = ['0a 1', '0a 2', '0a 10', '0b 1', 'ff 3']
    await put(async (rows) => {
      for (const each of all.toReversed()) {
        const [id, number] = each.split(' ')
        await rows.putVersion(version(id!, Number(number)))
      }
      await rows.putBlob('keyring', bytes('no version'))
      await rows.putVersion(version('0c', 1))
      await rows.removeVersion('0c', 1)
    })
    for (const limit of [1, 2, all.length, 99]) {
      const found: string[] = []
      let after: string | undefined
      do {
        const page = await ask((rows) => rows.versions(after, limit))
        expect(page.rows.length).toBeLessThanOrEqual(limit)
        found.push(...numbers(page.rows))
        after = page.end
      } while (after !== undefined)
      expect(found.toSorted()).toEqual(all.toSorted())
    }
  })

  it('re-wraps by pages, each in a transaction of its own', async () => {
    const count = 25
    await put(async (rows) => {
      for (let i = 0; i < count; i++) {
        await rows.putVersion(version(`0${i % 4}`, 1 + i, 1 + (i % 3)))
      }
    })
    expect(await ask((rows) => rows.terms())).toEqual([
      { term: 1, versions: 9 },
      { term: 2, versions: 8 },
      { term: 3, versions: 8 },
    ])
    let pages = 0
    let after: string | undefined
    do {
      after = await store.write(async (rows) => {
        const page = await rows.versions(after, 4)
        for (const row of page.rows) await rows.putVersion({ ...row, term: 4 })
        return page.end
      })
      pages += 1
      await put((rows) => rows.putVersion(version('new', pages, 4)))
    } while (after !== undefined && pages < count)
    const terms = await ask((rows) => rows.terms())
    expect(terms.map(({ term }) => term)).toEqual([4])
    expect(terms[0]!.versions).toBeGreaterThan(count)
  })

  it('takes a place for a hint, and puts each version under its own id and number', async () => {
    await put(async (rows) => {
      for (const n of [1, 2, 3]) await rows.putVersion(version(ID, n))
    })
    const text = async (n: number): Promise<string> =>
      Buffer.from((await ask((rows) => rows.version(ID, n)))!.envelope).toString()
    const page = await ask((rows) => rows.versions(undefined, 9))
    const [first, second] = [1, 2].map((n) => page.rows.find((row) => row.version === n)!)
    await put(async (rows) => {
      await rows.putVersion({ ...version(ID, 1, 2, 'first'), place: second!.place })
      await rows.putVersion({ ...version(ID, 2, 2, 'larger'.repeat(99)), place: second!.place })
      await rows.removeVersion(ID, 3)
      await rows.putVersion({ ...version(ID, 4), place: first!.place })
    })
    expect([await text(1), await text(2)]).toEqual(['first', 'larger'.repeat(99)])
    expect(await ask((rows) => rows.version(ID, 3))).toBeUndefined()
    expect(await text(4)).toBe(`${ID} 4`)
  })

  it('keeps the outbox in order until it is trimmed, one event per generation', async () => {
    await put(async (rows) => {
      for (const generation of [3, 1, 2]) {
        await rows.appendOutbox({ generation, event: `{"é":${generation}}` })
      }
    })
    const outbox = (after: number, limit = 9): Promise<number[]> =>
      ask(async (rows) => (await rows.outbox(after, limit)).map((row) => row.generation))
    expect(await outbox(0)).toEqual([1, 2, 3])
    expect(await outbox(1, 1)).toEqual([2])
    const twice = store.write((rows) => rows.appendOutbox({ generation: 2, event: '{}' }))
    await expect(twice).rejects.toMatchObject({ code: 'internal' })
    await put((rows) => rows.trimOutbox(2))
    expect(await ask((rows) => rows.outbox(0, 9))).toEqual([{ generation: 3, event: '{"é":3}' }])
  })
}
