import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import type { Store, StoreWriter } from '../../../core/ports/store.ts'
import { openSqliteStore } from '../sqlite.ts'
import { STATEMENTS } from './schema.sql.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-slots-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const version = (bytes: number) => ({
  id: 'aa',
  version: 1,
  path: 'a',
  term: 1,
  envelope: new Uint8Array(bytes).fill(7),
})

async function stored(name: string) {
  const file = path.join(scratch, name)
  const store = await openSqliteStore({ file })
  await store.write((rows) => rows.putVersion(version(60)))
  const db = new DatabaseSync(file)
  const slots = () => db.prepare('SELECT slot, id, length(body) AS bytes FROM slots').all()
  const close = async () => {
    db.close()
    await store.close()
  }
  return { store, db, slots, close }
}

test.each(['a search', 'its place'])(
  'a version that grew, found by %s, gets another slot, and the old one keeps its size',
  async (by) => {
    const { store, slots, close } = await stored(by)
    const [before] = slots()
    const place = by === 'its place' ? Number(before?.['slot']) : undefined
    // The first looks for room, the second knows that something is replaced.
    await store.write(async (rows) => {
      await rows.putVersion(version(60))
      await rows.putVersion({ ...version(600), place })
    })
    const after = slots()
    expect(after.map(({ bytes }) => bytes)).toEqual([before?.['bytes'], 640])
    expect(after[0]?.['slot']).toBe(before?.['slot'])
    expect(after.map(({ id }) => id === 'aa')).toEqual([false, true])
    await close()
  },
)

const [ONE, TWO, THREE] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [
  string,
  string,
  string,
]
/** Number 1 in four bytes, as rows and indexes have it. */
const NUMBER = '\u0001\0\0\u0001'

/** A closed store with three versions, and in its file one byte that is another. */
async function damagedStore(name: string, text: RegExp, byte: number): Promise<Store> {
  const file = path.join(scratch, name)
  const store = await openSqliteStore({ file })
  await store.write(async (rows) => {
    for (const id of [ONE, TWO, THREE]) await rows.putVersion({ ...version(60), id })
  })
  await store.close()
  const bytes = readFileSync(file)
  const [found, ...more] = bytes.toString('latin1').matchAll(new RegExp(text, 'g'))
  expect(more).toEqual([])
  writeFileSync(file, bytes.with(found!.index + found![0].length - 1, byte))
  return openSqliteStore({ file })
}

const WORK = [
  ['erased', (rows: StoreWriter) => rows.removeVersion(TWO, 1)],
  ['put again', (rows: StoreWriter) => rows.putVersion({ ...version(61), id: TWO })],
  ['put larger', (rows: StoreWriter) => rows.putVersion({ ...version(600), id: TWO })],
] as const

test.each([
  ['the row is of another id', new RegExp(`${TWO.slice(1)}.(?=${NUMBER}${NUMBER})`), 0x65],
  ['the index leads to another row', new RegExp(`${TWO}${NUMBER}\u0002`), 3],
] as const)('where %s, none is changed in its place', async (damage, text, byte) => {
  for (const [what, work] of WORK) {
    const store = await damagedStore(`${damage} ${what}`, text, byte)
    const all = () => store.read(async (rows) => [...(await rows.versions(undefined, 9)).rows])
    const before = await all()
    await expect(store.write(work), what).rejects.toMatchObject({ code: 'corrupt' })
    expect(await all()).toEqual(before)
    await store.close()
  }
})

test('a free slot is found by the index of free slots alone', async () => {
  const { db, close } = await stored('plan')
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${STATEMENTS.freeSlot}`).all(-1)
  expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH slots USING INDEX slots_free (term=?)'])
  await close()
})
