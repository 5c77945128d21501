import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { HeadRow, Store, StoreWriter } from '../../../core/ports/store.ts'
import { openSqliteStore } from '../sqlite.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-heads-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const head = (name: string, text = `head of ${name}`): HeadRow => ({
  kind: 'policy',
  path: name,
  head: new TextEncoder().encode(text),
  generation: 7,
})

/** A closed store with three policies, and in its file one byte that is another. */
async function damagedStore(name: string, text: RegExp, byte: number): Promise<Store> {
  const file = path.join(scratch, name)
  const store = await openSqliteStore({ file })
  await store.write(async (rows) => {
    for (const each of ['ours-1', 'ours-2', 'ours-3']) await rows.putHead(head(each))
  })
  await store.close()
  const bytes = readFileSync(file)
  const [found, ...more] = bytes.toString('latin1').matchAll(new RegExp(text, 'g'))
  expect(more).toEqual([])
  writeFileSync(file, bytes.with(found!.index + found![0].length - 1, byte))
  return openSqliteStore({ file })
}

const WORK = [
  ['removed', (rows: StoreWriter) => rows.removeHead('policy', 'ours-2')],
  ['put again', (rows: StoreWriter) => rows.putHead(head('ours-2', 'another'))],
] as const

/** A row has its generation behind its path, the index the number of the row. */
test.each([
  ['the row is of another path', /ours-2(?=\u0007)/, 0x35],
  ['the index leads to another row', /ours-2\u0002/, 3],
] as const)('where %s, no head is changed in its place', async (damage, text, byte) => {
  for (const [what, work] of WORK) {
    const store = await damagedStore(`${damage} ${what}`, text, byte)
    const others = () =>
      store.read(async (rows) => [
        await rows.head('policy', 'ours-1'),
        await rows.head('policy', 'ours-3'),
      ])
    const before = await others()
    await expect(store.write(work), what).rejects.toMatchObject({ code: 'corrupt' })
    expect(await others()).toEqual(before)
    expect(before).toEqual([head('ours-1'), head('ours-3')])
    await store.close()
  }
})
