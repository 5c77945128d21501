import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { Platform } from '../../src/core/ports/platform.ts'
import type { StoreWriter } from '../../src/core/ports/store.ts'
import { ADMIN, admin, newHome, tamper, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

/** Rows of a real store are edited behind Coffer's back (laws 3, 5 and 6). */
async function stocked(key?: string): Promise<Home> {
  const home = await newHome(key)
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'a1' })
  await coffer.write('shop/a', { value: 'a2' })
  await coffer.write('shop/b', { value: 'b1' })
  await coffer.write('shop/gone', { value: 'g1' })
  await coffer.delete('shop/gone', { recoveryDays: 0 })
  await coffer.access.putActor({ name: 'service:leaver', policies: ['admin'], roles: [] })
  await platform.close()
  return home
}

interface Attack {
  readonly name: string
  /** Runs with the store closed. */
  readonly strike: (home: Home) => Promise<void>
  /** Reads that must fail, and with what. */
  readonly refused?: Readonly<Record<string, string>>
  /** Opening itself is refused. */
  readonly opens?: string
  /** The heads are what they were: only a look at the values finds it. */
  readonly valuesOnly?: true
}

const A = { kind: 'secret', path: 'shop/a' } as const
const B = { kind: 'secret', path: 'shop/b' } as const

const headOf = async (rows: StoreWriter, { kind, path }: typeof A | typeof B) =>
  (await rows.head(kind, path))!

/** `id` and number of the current version, as the head's own columns hold them. */
const idOf = async (rows: StoreWriter, at: typeof A | typeof B): Promise<string> => {
  const { head } = await headOf(rows, at)
  return (JSON.parse(Buffer.from(head.subarray(32)).toString()) as { id: string }).id
}

const versionOf = async (rows: StoreWriter, at: typeof A | typeof B, number: number) =>
  (await rows.version(await idOf(rows, at), number))!

const rowsEdited =
  (work: (rows: StoreWriter) => Promise<void>): Attack['strike'] =>
  (home) =>
    tamper(home, work)

/** What was there before `later` is there again, alone. */
const putBack =
  <T>(
    take: (rows: StoreWriter) => Promise<T>,
    later: (platform: Platform) => Promise<unknown>,
    put: (rows: StoreWriter, kept: T) => Promise<unknown>,
  ): Attack['strike'] =>
  async (home) => {
    const kept = await tamper(home, take)
    const platform = await home.open()
    await later(platform)
    await platform.close()
    await tamper(home, (rows) => put(rows, kept))
  }

const ATTACKS: readonly Attack[] = [
  {
    name: 'envelopes of two secrets exchanged',
    strike: rowsEdited(async (rows) => {
      const [a, b] = [await versionOf(rows, A, 2), await versionOf(rows, B, 1)]
      await rows.putVersion({ ...a, envelope: b.envelope })
      await rows.putVersion({ ...b, envelope: a.envelope })
    }),
    refused: { 'shop/a': 'corrupt', 'shop/b': 'corrupt' },
    valuesOnly: true,
  },
  {
    name: 'envelopes of two versions exchanged',
    strike: rowsEdited(async (rows) => {
      const [one, two] = [await versionOf(rows, A, 1), await versionOf(rows, A, 2)]
      await rows.putVersion({ ...one, envelope: two.envelope })
      await rows.putVersion({ ...two, envelope: one.envelope })
    }),
    refused: { 'shop/a': 'corrupt' },
    valuesOnly: true,
  },
  {
    name: 'a head moved to another path',
    strike: rowsEdited(async (rows) => {
      await rows.putHead({ ...(await headOf(rows, A)), path: 'shop/c' })
      await rows.removeHead('secret', 'shop/a')
    }),
    refused: { 'shop/c': 'corrupt' },
  },
  {
    name: 'a head copied over another',
    strike: rowsEdited(async (rows) => {
      await rows.putHead({ ...(await headOf(rows, A)), head: (await headOf(rows, B)).head })
    }),
    refused: { 'shop/a': 'corrupt' },
  },
  {
    name: 'an actor’s head passed off as a secret’s',
    strike: rowsEdited(async (rows) => {
      const { head } = (await rows.head('actor', ADMIN))!
      await rows.putHead({ ...(await headOf(rows, A)), head })
    }),
    refused: { 'shop/a': 'corrupt' },
  },
  {
    name: 'the row of the current version removed',
    strike: rowsEdited(async (rows) => rows.removeVersion(await idOf(rows, A), 2)),
    refused: { 'shop/a': 'corrupt' },
    valuesOnly: true,
  },
  {
    name: 'the row of an older version removed',
    strike: rowsEdited(async (rows) => rows.removeVersion(await idOf(rows, A), 1)),
    valuesOnly: true,
  },
  {
    name: 'the row of a version left over',
    strike: rowsEdited(async (rows) =>
      rows.putVersion({ ...(await versionOf(rows, A, 1)), id: 'f'.repeat(32) }),
    ),
    valuesOnly: true,
  },
  {
    name: 'an older head put back alone',
    strike: putBack(
      (rows) => headOf(rows, B),
      (platform) => admin(platform).write('shop/b', { value: 'b2' }),
      async (rows, head) => rows.putHead(head, { id: await idOf(rows, B), current: 1 }),
    ),
  },
  {
    name: 'a whole secret put back',
    strike: putBack(
      async (rows) => ({ head: await headOf(rows, B), version: await versionOf(rows, B, 1) }),
      (platform) => admin(platform).purge('shop/b'),
      async (rows, { head, version }) => {
        await rows.putVersion(version)
        await rows.putHead(head, { id: version.id, current: 1 })
      },
    ),
  },
  {
    name: 'a secret removed as a whole',
    strike: rowsEdited(async (rows) => {
      await rows.removeVersion(await idOf(rows, B), 1)
      await rows.removeHead('secret', 'shop/b')
    }),
  },
  {
    name: 'a grant that was taken away put back',
    strike: putBack(
      async (rows) => (await rows.head('actor', 'service:leaver'))!,
      (platform) => admin(platform).access.deleteActor('service:leaver'),
      (rows, head) => rows.putHead(head),
    ),
  },
  {
    name: 'the row of a destroyed version put back',
    strike: putBack(
      (rows) => versionOf(rows, A, 1),
      (platform) => admin(platform).destroy('shop/a', [1]),
      (rows, version) => rows.putVersion(version),
    ),
    valuesOnly: true,
  },
  {
    name: 'an older state put back alone',
    strike: putBack(
      async (rows) => (await rows.state())!,
      (platform) => admin(platform).write('shop/b', { value: 'b2' }),
      (rows, state) => rows.putState(state),
    ),
    opens: 'store_rolled_back',
  },
  {
    name: 'an older keyring put back alone',
    strike: putBack(
      async (rows) => (await rows.blob('keyring'))!,
      (platform) => platform.keys.rotate({ actor: ADMIN }),
      (rows, keyring) => rows.putBlob('keyring', keyring),
    ),
    opens: 'corrupt',
  },
  {
    name: 'the generation counted up',
    strike: rowsEdited(async (rows) => {
      const state = (await rows.state())!
      await rows.putState({ ...state, generation: state.generation + 1 })
    }),
    opens: 'corrupt',
  },
  {
    name: 'the access generation changed',
    strike: rowsEdited(async (rows) => {
      const state = (await rows.state())!
      await rows.putState({ ...state, accessGeneration: state.accessGeneration - 1 })
    }),
    opens: 'corrupt',
  },
  {
    name: 'the generation of a head changed',
    strike: rowsEdited(async (rows) => {
      const version = { id: await idOf(rows, A), current: 2 }
      await rows.putHead({ ...(await headOf(rows, A)), generation: 1 }, version)
    }),
  },
  {
    name: 'the term of a version changed',
    strike: rowsEdited(async (rows) =>
      rows.putVersion({ ...(await versionOf(rows, A, 1)), term: 7 }),
    ),
    valuesOnly: true,
  },
  {
    name: 'the path of a version changed',
    strike: rowsEdited(async (rows) =>
      rows.putVersion({ ...(await versionOf(rows, A, 1)), path: 'shop/b' }),
    ),
    valuesOnly: true,
  },
  {
    name: 'current leading to an older version',
    strike: rowsEdited(async (rows) =>
      rows.putHead(await headOf(rows, A), { id: await idOf(rows, A), current: 1 }),
    ),
    refused: { 'shop/a': 'corrupt' },
    valuesOnly: true,
  },
  {
    name: 'current leading to another secret',
    strike: rowsEdited(async (rows) =>
      rows.putHead(await headOf(rows, A), { id: await idOf(rows, B), current: 1 }),
    ),
    refused: { 'shop/a': 'corrupt' },
    valuesOnly: true,
  },
]

test.each(ATTACKS)('$name', async ({ strike, refused = {}, opens }) => {
  const home = await stocked()
  await strike(home)
  if (opens !== undefined) {
    await expect(home.open()).rejects.toMatchObject({ code: opens })
    return
  }
  const platform = await home.open()
  const coffer = admin(platform)
  for (const [path, code] of Object.entries(refused)) {
    await expect(coffer.read({ path }), path).rejects.toMatchObject({ code })
    await expect(platform.as('service:nobody').read({ path })).rejects.toMatchObject({
      code: 'denied',
    })
  }
  const right: Readonly<Record<string, unknown[]>> = {
    'shop/a': ['a2', 'a1', undefined],
    'shop/b': ['b1', 'b2', undefined],
  }
  for (const [path, values] of Object.entries(right)) {
    const value = await valueAt(coffer, path).catch((error: { code: string }) => {
      expect(error.code).toBe('corrupt')
    })
    expect(values, path).toContain(value)
  }
  const report = await platform.doctor()
  expect(report.ok).toBe(false)
  expect(report.checks.filter((check) => !check.ok)).toMatchObject([{ name: 'secrets and keys' }])
})

test('a store that nobody touched is found sound, and swept', async () => {
  const home = await stocked()
  const platform = await home.open()
  expect(await platform.doctor()).toMatchObject({ ok: true })
  expect(await platform.sweep()).toMatchObject({ digestOk: true, purged: ['shop/gone'] })
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test.each(ATTACKS.filter(({ opens, valuesOnly }) => opens === undefined && valuesOnly !== true))(
  'the sweep purges nothing after: $name',
  async ({ strike }) => {
    const home = await stocked()
    await strike(home)
    const platform = await home.open()
    expect(await platform.sweep()).toMatchObject({ digestOk: false, purged: [] })
    const [event] = await admin(platform).audit.query({ action: 'sweep' })
    expect(event).toMatchObject({ outcome: 'failed', code: 'corrupt' })
  },
)

test('what another store wrote opens nowhere else, under the same root key too', async () => {
  const key = '11'.repeat(32)
  const [home, other] = [await stocked(key), await stocked(key)]
  const theirs = await tamper(other, async (rows) => ({
    head: await headOf(rows, A),
    version: await versionOf(rows, A, 2),
  }))
  await tamper(home, async (rows) => {
    await rows.putVersion({ ...theirs.version, id: await idOf(rows, A) })
  })
  const platform = await home.open()
  await expect(admin(platform).read(A)).rejects.toMatchObject({ code: 'corrupt' })
  expect(await valueAt(admin(platform), 'shop/b')).toBe('b1')
  await platform.close()
  await tamper(home, async (rows) => {
    await rows.putVersion(theirs.version)
    await rows.putHead(theirs.head, { id: theirs.version.id, current: 2 })
  })
  await expect(admin(await home.open()).read(A)).rejects.toMatchObject({ code: 'corrupt' })
})

test('events that wait in the outbox can be neither dropped nor reworded into the log', async () => {
  const home = await stocked()
  await tamper(home, async (rows) => {
    const { generation } = (await rows.state())!
    await rows.trimOutbox(generation)
    const event = JSON.stringify({ at: 0, actor: 'a:b', action: 'purge', outcome: 'allowed' })
    await rows.appendOutbox({ generation: generation + 1, event })
  })
  const platform = await home.open()
  const coffer = admin(platform)
  const error = await coffer.write('shop/new', { value: 'x' }).catch((e: unknown) => e)
  expect(await coffer.audit.query({ actor: 'a:b' })).toEqual([])
  expect(error).toMatchObject({ code: 'corrupt' })
})

test('a store that holds code of its own is not opened', async () => {
  const sql = {
    trigger:
      'CREATE TRIGGER keep BEFORE UPDATE ON slots BEGIN INSERT INTO leases VALUES (OLD.id, hex(OLD.body), 0); END',
    view: 'ALTER TABLE heads RENAME TO kept; CREATE VIEW heads AS SELECT * FROM kept',
  }
  for (const [name, statement] of Object.entries(sql)) {
    const home = await stocked()
    const database = new DatabaseSync(home.db)
    database.exec(statement)
    database.close()
    await expect(home.open(), name).rejects.toMatchObject({ code: 'corrupt' })
  }
})

test('a store whose keyring is gone is damaged, and not missing', async () => {
  const home = await stocked()
  const database = new DatabaseSync(home.db)
  database.exec("DELETE FROM slots WHERE id = 'keyring'")
  expect(database.prepare('SELECT changes() AS n').get()).toEqual({ n: 1 })
  database.close()
  await expect(home.open()).rejects.toMatchObject({ code: 'corrupt' })
})

test('a clock beyond what the log can say changes nothing, and works again when it is right', async () => {
  const home = await newHome()
  const clock = { now: Date.now() }
  const platform = await home.open({ clock: () => clock.now })
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'right' })
  const right = clock.now
  for (const now of [NaN, -1, Infinity, Date.UTC(10_000, 0, 1)]) {
    clock.now = now
    const code = 'invalid_argument'
    await expect(coffer.write('shop/a', { value: 'wrong' })).rejects.toMatchObject({ code })
    await expect(coffer.read({ path: 'shop/a' })).rejects.toMatchObject({ code })
    clock.now = right
    expect(await valueAt(coffer, 'shop/a')).toBe('right')
  }
  clock.now = Date.UTC(10_000, 0, 1) - 1
  expect(await coffer.write('shop/a', { value: 'last' })).toMatchObject({ version: 2 })
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('a file that another tool put into another journal mode opens at once', async () => {
  const home = await stocked()
  const database = new DatabaseSync(home.db)
  database.exec('PRAGMA journal_mode = DELETE')
  database.close()
  const platform = await home.open()
  expect(await valueAt(admin(platform), 'shop/a')).toBe('a2')
  expect(await platform.doctor()).toMatchObject({ ok: true })
})
