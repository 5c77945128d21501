import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { CurrentRow, Store } from '../../../core/ports/store.ts'
import { openSqliteStore } from '../sqlite.ts'
import { SeenRows } from './seen.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-seen-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const row = (bytes: number): CurrentRow => ({
  generation: 1,
  accessGeneration: 1,
  head: new Uint8Array(bytes),
})

describe('rows that were seen', () => {
  it('are kept up to their number, and then begin anew', () => {
    const seen = new SeenRows()
    for (let i = 0; i < 16_384; i++) seen.add('current', `${i}`, row(1))
    expect(seen.get('current', '0')).toBeDefined()
    expect(seen.get('current', '16383')).toBeDefined()
    seen.add('current', 'more', row(1))
    expect(seen.get('current', '0')).toBeUndefined()
    expect(seen.get('current', 'more')).toBeDefined()
  })

  it('are kept up to their bytes, those of paths and envelopes too', () => {
    const seen = new SeenRows()
    for (let i = 100; i < 356; i++) {
      const envelope = new Uint8Array(1_000)
      seen.add('current', `${i}`, { ...row(2 ** 16 - envelope.length - 3), envelope })
    }
    expect(seen.get('current', '100')).toBeDefined()
    expect(seen.get('current', '355')).toBeDefined()
    seen.add('current', 'x', row(1))
    expect(seen.get('current', '355')).toBeUndefined()
    expect(seen.get('current', 'x')).toBeDefined()
  })

  it('are no longer than 64 KiB, and never absent ones but settings', () => {
    const seen = new SeenRows()
    seen.add('current', 'a', row(2 ** 16 - 1))
    seen.add('current', 'b', row(2 ** 16))
    const none = { generation: 1, accessGeneration: 1 }
    for (const asked of ['current', 'credential', 'secret', 'setting'] as const) {
      seen.add(asked, 'none', none)
    }
    expect(seen.get('current', 'a')).toBeDefined()
    expect(seen.get('current', 'b')).toBeUndefined()
    expect(seen.get('current', 'none')).toBeUndefined()
    expect(seen.get('credential', 'none')).toBeUndefined()
    expect(seen.get('secret', 'none')).toBeUndefined()
    expect(seen.get('setting', 'none')).toBe(none)
  })

  it('of one kind are not those of another', () => {
    const seen = new SeenRows()
    seen.add('current', 'a', row(1))
    expect(seen.get('secret', 'a')).toBeUndefined()
  })
})

describe('a store that has answered before', () => {
  let store: Store
  let file: string
  let made = 0
  beforeEach(async () => {
    file = path.join(scratch, `${++made}`, 'coffer.db')
    store = await openSqliteStore({ file })
    await put(store, 1)
    return () => store.close()
  })

  const put = (by: Store, generation: number) =>
    by.write(async (rows) => {
      await rows.putState({ generation, accessGeneration: 0, seal: new Uint8Array() })
      const head = new Uint8Array(generation)
      await rows.putHead({ kind: 'secret', path: 'a', head, generation })
    })

  it('hands out the very same row until something is committed', async () => {
    const first = await store.current('a')
    expect(await store.current('a')).toBe(first)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await store.current('a')).toBe(first)
    await put(store, 2)
    expect((await store.current('a')).head).toHaveLength(2)
  })

  it('sees what another program did to its file, whatever that was', async () => {
    expect((await store.current('a')).head).toHaveLength(1)
    const other = new DatabaseSync(file)
    other.exec(`UPDATE heads SET head = x'0102030405'`)
    expect((await store.current('a')).head).toHaveLength(5)
    other.exec('BEGIN IMMEDIATE')
    other.exec('DELETE FROM heads')
    expect((await store.current('a')).head).toHaveLength(5)
    other.exec('COMMIT')
    expect((await store.current('a')).head).toBeUndefined()
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    other.close()
    await put(store, 7)
    expect((await store.current('a')).head).toHaveLength(7)
  })

  it('shares one look among all that is done before the event loop goes on', async () => {
    const other = await openSqliteStore({ file })
    const seen: number[] = []
    const ask = async () => seen.push((await store.current('a')).generation)
    store.shareLook?.()
    await ask()
    await put(other, 2)
    await ask()
    await Promise.resolve().then(ask)
    store.shareLook?.()
    await ask()
    await put(other, 3)
    await new Promise((resolve) => setImmediate(resolve))
    await ask()
    expect(seen).toEqual([1, 1, 1, 2, 3])
    await other.close()
  })
})
