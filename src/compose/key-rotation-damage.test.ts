import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ADMIN, admin, newHome, tamper, valueAt } from '../../test/support/platform.ts'
import type { Home } from '../../test/support/platform.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { VersionRow } from '../core/ports/store.ts'
import { refusalOf } from '../testing/refusal.ts'

const DAY_MS = 86_400_000
const [WRAP_BYTE, TERM_BYTE] = [20, 4]

async function stocked(count: number) {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  const coffer = admin(platform)
  await coffer.writeMany(
    Array.from({ length: count }, (_, i) => ({ path: `many/${i}`, input: { value: `v${i}` } })),
  )
  return { home, clock, platform, coffer }
}

/** Changes the row of a secret's first version behind Coffer's back. */
async function change(
  home: Home,
  coffer: Coffer,
  path: string,
  changed: (row: VersionRow) => Partial<VersionRow>,
): Promise<void> {
  const { id } = (await coffer.describe(path))!
  await tamper(home, async (rows) => {
    const row = (await rows.version(id, 1))!
    await rows.putVersion({ ...row, ...changed(row) })
  })
}

const flipped =
  (at: number) =>
  ({ envelope }: VersionRow): Partial<VersionRow> => ({
    envelope: envelope.map((byte, i) => (i === at ? byte ^ 1 : byte)),
  })

const terms = async (platform: Platform) =>
  (await platform.keys.status()).terms.map(({ state, versions }) => [state, versions])

test('what is damaged keeps no other from its new wrap, holds up no new term, and is named', async () => {
  const { home, platform, coffer, clock } = await stocked(1_100)
  const damaged = ['many/1', 'many/2', 'many/700', 'many/9']
  for (const path of damaged) {
    await change(home, coffer, path, flipped(path === 'many/2' ? TERM_BYTE : WRAP_BYTE))
  }
  const names = damaged.map((path) => `${path} v1`)
  for (const term of [2, 3]) {
    const { code, message, details } = await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))
    expect(code).toBe('corrupt')
    expect(message).toContain(`Term ${term} is active`)
    expect(details).toMatchObject({ term, damaged: expect.arrayContaining(names) as unknown })
    for (const name of names) expect(message).toContain(name)
  }
  expect(await terms(platform)).toEqual([
    ['retiring', 4],
    ['retiring', 0],
    ['active', 1_096],
  ])
  expect(await valueAt(coffer, 'many/1099')).toBe('v1099')
  clock.now += 365 * DAY_MS
  expect(await platform.sweep(ADMIN)).toMatchObject({
    failed: [{ path: 'store:keys', code: 'corrupt' }],
    keyTerm: 4,
  })
  expect(await platform.sweep(ADMIN)).not.toHaveProperty('keyTerm')
  expect(await platform.sweep('local:other')).toMatchObject({ failed: [], failedUnnamed: 1 })
  expect((await terms(platform)).at(-1)).toEqual(['active', 1_096])
  expect((await platform.keys.status()).activeTerm).toBe(4)
  for (const path of damaged) await coffer.destroy(path, [1])
  expect(await platform.sweep(ADMIN)).toMatchObject({ failed: [], failedUnnamed: 0, keyTerm: 4 })
  expect((await terms(platform)).map(([state]) => state)).toEqual([
    'destroyed',
    'destroyed',
    'destroyed',
    'active',
  ])
})

test.each([
  ['a later term', { term: 2 }],
  ['a term that never was', { term: 77 }],
  ['no term', { term: 0 }],
  ['another path', { path: 'many/other' }],
  ['another path and a later term', { path: 'many/other', term: 2 }],
])('what opens outlives a rotation though its row says %s', async (_, changed) => {
  const { home, platform, coffer } = await stocked(3)
  await change(home, coffer, 'many/1', () => changed)
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({ term: 2, retired: [1] })
  for (const i of [0, 1, 2]) expect(await valueAt(coffer, `many/${i}`)).toBe(`v${i}`)
  expect(await terms(platform)).toEqual([
    ['destroyed', 0],
    ['active', 3],
  ])
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('a term that only the damaged row still names is kept', async () => {
  const { home, platform, coffer } = await stocked(3)
  await change(home, coffer, 'many/1', flipped(TERM_BYTE))
  expect((await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))).code).toBe('corrupt')
  await change(home, coffer, 'many/1', flipped(TERM_BYTE))
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({ made: false, retired: [1] })
})

/** What a plain read does not ask, and a walk through the file may go by. */
test.each([
  ['where the row is', 'UPDATE slots SET slot = -5 WHERE id = ?'],
  ['a term that is no number of ours', 'UPDATE slots SET term = 9007199254740993 WHERE id = ?'],
  ['a negative term', 'UPDATE slots SET term = -16777500 WHERE id = ?'],
])('what opens outlives a rotation, whatever was done to %s', async (_, statement) => {
  const { home, platform, coffer } = await stocked(3)
  const { id } = (await coffer.describe('many/1'))!
  const db = new DatabaseSync(home.db)
  expect(db.prepare(statement).run(id).changes).toBe(1)
  db.close()
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({ term: 2, retired: [1] })
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('a version that is found only by hints beside its head keeps its key', async () => {
  const { home, platform, coffer } = await stocked(3)
  const { id } = (await coffer.describe('many/1'))!
  const db = new DatabaseSync(home.db)
  db.prepare('UPDATE slots SET version = version - 1 WHERE id = ?').run(id)
  db.prepare('UPDATE heads SET current = 0 WHERE id = ?').run(id)
  db.close()
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
  const { code, message } = await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))
  expect([code, message]).toEqual(['corrupt', expect.stringContaining('many/1 v1')])
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
})

test('an envelope of which the term cannot be told keeps every key', async () => {
  const { home, platform, coffer } = await stocked(3)
  const broken = (row: VersionRow) => ({ ...flipped(0)(row), term: 2 })
  await change(home, coffer, 'many/1', broken)
  expect((await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))).code).toBe('corrupt')
  await change(home, coffer, 'many/1', flipped(0))
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
})

test('any number of versions whose rows say the wrong path is put right', async () => {
  const { home, platform, coffer } = await stocked(1_100)
  await tamper(home, async (rows) => {
    for (const row of (await rows.versions(undefined, 5_000)).rows) {
      await rows.putVersion({ ...row, path: `not/${row.path}` })
    }
  })
  const report = await platform.keys.rotate({ actor: ADMIN })
  expect(report).toMatchObject({ rewrapped: 1_100, retired: [1] })
  expect(await valueAt(coffer, 'many/1099')).toBe('v1099')
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('a later rotation finds what an earlier one was kept from', async () => {
  const { home, platform, coffer } = await stocked(3)
  await change(home, coffer, 'many/1', () => ({ term: 3 }))
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({ term: 2, retired: [1] })
  expect(await platform.keys.rotate({ actor: ADMIN })).toMatchObject({ term: 3, retired: [2] })
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
})

test('a version of no secret is named, with what takes it away', async () => {
  const { home, platform, coffer } = await stocked(2)
  const { id } = (await coffer.describe('many/1'))!
  await tamper(home, async (rows) => {
    const row = (await rows.version(id, 1))!
    await rows.putVersion({ ...row, id: 'e'.repeat(32) })
  })
  const { message, remedy } = await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))
  expect(message).toContain(`the secret with the id ${'e'.repeat(32)} v1`)
  expect(remedy).toContain('restore --without-damaged')
  expect(await valueAt(coffer, 'many/1')).toBe('v1')
})

test('a store in which hardly anything opens has what does under the new term', async () => {
  const { home, platform, coffer } = await stocked(502)
  await tamper(home, async (rows) => {
    for (const row of (await rows.versions(undefined, 1_000)).rows) {
      await rows.putVersion({ ...row, ...flipped(WRAP_BYTE)(row) })
    }
  })
  await coffer.write('one/more', { value: 'sound' })
  const { code, message, details } = await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))
  expect([code, details?.['term']]).toEqual(['corrupt', 2])
  expect(message).toContain('and 492 more')
  expect(details?.['damaged']).toHaveLength(500)
  expect(await valueAt(coffer, 'one/more')).toBe('sound')
  expect(await terms(platform)).toEqual([
    ['retiring', 502],
    ['active', 1],
  ])
})
