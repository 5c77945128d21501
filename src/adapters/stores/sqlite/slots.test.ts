import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
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

test('a free slot is found by the index of free slots alone', async () => {
  const { db, close } = await stored('plan')
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${STATEMENTS.freeSlot}`).all(-1)
  expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH slots USING INDEX slots_free (term=?)'])
  await close()
})
