import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { ADMIN, admin, homeAt, newHome, tamper, valueAt } from '../../test/support/platform.ts'
import type { Home } from '../../test/support/platform.ts'
import type { HeadKind, StoreWriter } from '../core/ports/store.ts'
import { acceptRestored, restorePlatform } from './restore.ts'

const identity = await generateIdentity()
const TO = { actor: ADMIN, recipients: [await identityToRecipient(identity)] }

async function stocked() {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  for (const path of ['shop/a', 'shop/b', 'shop/c']) {
    await coffer.write(path, { value: `old ${path}` })
    await coffer.write(path, { value: `new ${path}` })
  }
  await coffer.access.putPolicy({
    name: 'nobody',
    rules: [{ effect: 'deny', actions: ['*'], paths: ['shop/**'] }],
  })
  const idOf = async (path: string) => (await coffer.describe(path))!.id
  return { home, platform, coffer, idOf, file: join(home.dir, 'backup.age') }
}

/** Where a backup of `home` is restored to. */
function elsewhere(home: Home): Home {
  const key = home.options.env['COFFER_MASTER_KEY']
  return homeAt(join(home.dir, 'elsewhere'), key)
}

const restored = (home: Home, file: string, withoutDamaged?: boolean) =>
  restorePlatform(file, {
    ...elsewhere(home).options,
    actor: ADMIN,
    identities: [identity],
    withoutDamaged,
  })

async function flipEnvelope(rows: StoreWriter, id: string, version: number): Promise<void> {
  const row = (await rows.version(id, version))!
  const envelope = Uint8Array.from(row.envelope)
  envelope[envelope.length - 1]! ^= 1
  await rows.putVersion({ ...row, envelope })
}

async function flipHead(rows: StoreWriter, kind: HeadKind, path: string): Promise<void> {
  const row = (await rows.head(kind, path))!
  const head = Uint8Array.from(row.head)
  head[40]! ^= 1
  await rows.putHead({ ...row, head })
}

test('what cannot be restored is not backed up, and the last whole backup stays', async () => {
  const { home, platform, coffer, idOf, file } = await stocked()
  expect(await platform.backup(file, TO)).toMatchObject({ secrets: 3, versions: 6, damaged: 0 })
  const whole = readFileSync(file)
  const id = await idOf('shop/b')
  await tamper(home, (rows) => flipEnvelope(rows, id, 1))

  await expect(platform.backup(file, TO)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('secret shop/b cannot be opened') as string,
    details: { damaged: ['secret shop/b'] },
  })
  expect(readFileSync(file).equals(whole)).toBe(true)
  const [event] = await coffer.audit.query({ action: 'backup', outcome: 'failed' })
  expect(event).toMatchObject({ code: 'corrupt', resource: 'store:backup' })

  await coffer.destroy('shop/b', [1])
  expect(await platform.backup(file, TO)).toMatchObject({ versions: 5, damaged: 0 })
})

test('a damaged value is left out when that is asked for, and stays in the history', async () => {
  const { home, platform, idOf, file } = await stocked()
  const id = await idOf('shop/b')
  await tamper(home, (rows) => flipEnvelope(rows, id, 2))
  expect(await platform.backup(file, { ...TO, withDamaged: true })).toMatchObject({ damaged: 1 })

  await expect(restored(home, file)).rejects.toMatchObject({
    code: 'corrupt',
    remedy: expect.stringContaining('--without-damaged') as string,
    details: { damaged: ['secret shop/b'] },
  })
  expect(existsSync(elsewhere(home).dataDir)).toBe(false)
  expect(await restored(home, file, true)).toMatchObject({
    secrets: 3,
    versions: 5,
    leftOut: ['shop/b v2'],
    digestOk: true,
  })
  const after = await elsewhere(home).open()
  const coffer = admin(after)
  expect(await after.doctor()).toMatchObject({ ok: true })
  expect((await coffer.describe('shop/b'))!.versions.map(({ state }) => state)).toEqual([
    'live',
    'destroyed',
  ])
  expect(await valueAt(coffer, 'shop/b', 1)).toBe('old shop/b')
  await expect(coffer.read({ path: 'shop/b' })).rejects.toMatchObject({ code: 'destroyed' })
  expect(await valueAt(coffer, 'shop/c')).toBe('new shop/c')
  const [event] = await coffer.audit.query({ action: 'store.restore' })
  expect(event?.reason).toContain('without what is damaged: shop/b v2')
  await coffer.write('shop/b', { value: 'third' })
  expect(await valueAt(coffer, 'shop/b')).toBe('third')
})

test('a value that opens is not left out for what its row says of it', async () => {
  const { home, platform, idOf, file } = await stocked()
  const ids = await Promise.all(['shop/a', 'shop/b', 'shop/c'].map(idOf))
  await tamper(home, async (rows) => {
    for (const [at, changed] of [{ term: 9 }, { term: 0 }, { path: 'shop/x' }].entries()) {
      const row = (await rows.version(ids[at]!, 1))!
      await rows.putVersion({ ...row, ...changed })
    }
  })
  expect(await platform.backup(file, { ...TO, withDamaged: true })).toMatchObject({ damaged: 3 })
  await expect(restored(home, file)).rejects.toMatchObject({ code: 'corrupt' })
  expect(await restored(home, file, true)).toMatchObject({ versions: 6, leftOut: [] })
  const after = await elsewhere(home).open()
  expect(await after.doctor()).toMatchObject({ ok: true })
  expect(await valueAt(admin(after), 'shop/c', 1)).toBe('old shop/c')
})

test('a secret whose head is damaged is left out with its versions', async () => {
  const { home, platform, idOf, file } = await stocked()
  const id = await idOf('shop/c')
  await tamper(home, async (rows) => {
    await flipHead(rows, 'secret', 'shop/b')
    await flipEnvelope(rows, id, 1)
  })
  expect(await platform.backup(file, { ...TO, withDamaged: true })).toMatchObject({ damaged: 2 })
  await expect(restored(home, file)).rejects.toMatchObject({
    code: 'corrupt',
    message: 'The secret shop/b in the backup is damaged.',
  })
  expect(await restored(home, file, true)).toMatchObject({
    secrets: 2,
    versions: 3,
    leftOut: ['shop/b', 'shop/c v1'],
    digestOk: false,
  })
  const after = await elsewhere(home).open()
  expect(await after.doctor()).toMatchObject({ ok: true })
  expect((await after.keys.status()).terms[0]).toMatchObject({ versions: 3 })
  expect(await admin(after).describe('shop/b')).toBeUndefined()
  expect(await valueAt(admin(after), 'shop/a')).toBe('new shop/a')
})

test('what decides over access is never left out', async () => {
  const { home, platform, file } = await stocked()
  await tamper(home, (rows) => flipHead(rows, 'policy', 'nobody'))
  await platform.backup(file, { ...TO, withDamaged: true })
  for (const withoutDamaged of [false, true]) {
    await expect(restored(home, file, withoutDamaged)).rejects.toMatchObject({
      code: 'corrupt',
      details: { damaged: ['policy nobody'] },
    })
  }
  expect(existsSync(elsewhere(home).dataDir)).toBe(false)
})

test('what decides over access is mended in place, and the rest accepted', async () => {
  const { home, platform, coffer } = await stocked()
  const { access } = coffer
  await access.putRole({ name: 'dev', policies: ['nobody'] })
  await access.putActor({ name: 'service:ci', policies: ['nobody'], roles: [] })
  await tamper(home, async (rows) => {
    await flipHead(rows, 'policy', 'nobody')
    await flipHead(rows, 'role', 'dev')
    await flipHead(rows, 'actor', 'service:ci')
  })
  await expect(access.putRole({ name: 'other', policies: ['nobody'] })).rejects.toMatchObject({
    code: 'corrupt',
  })
  const rules = [{ effect: 'deny' as const, actions: ['*' as const], paths: ['shop/**'] }]
  await access.putPolicy({ name: 'nobody', rules })
  await access.deleteRole('dev')
  await access.deleteActor('service:ci')
  await access.putActor({ name: 'service:ci', policies: ['nobody'], roles: [] })
  const check = async () =>
    (await platform.doctor()).checks.find(({ name }) => name === 'secrets and keys')
  expect(await check()).toMatchObject({
    ok: false,
    detail: 'rows were put back, removed or exchanged behind our back',
  })
  await platform.close()
  expect(await acceptRestored({ ...home.options, actor: ADMIN })).toMatchObject({ ok: true })
})

test('rows that are each authentic, and not together, are no backup and no damage to leave out', async () => {
  const { home, platform, coffer, idOf, file } = await stocked()
  const id = await idOf('shop/a')
  const old = await tamper(home, async (rows) => (await rows.head('secret', 'shop/a'))!)
  await coffer.label('shop/a', { label: 'stable', to: 1 })
  await tamper(home, (rows) => rows.putHead(old, { id, current: 2 }))
  for (const withDamaged of [false, true]) {
    await expect(platform.backup(file, { ...TO, withDamaged })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('put back, removed or exchanged') as string,
    })
  }
})

test('a row that cannot even be taken apart is the damage of one value', async () => {
  const { home, platform, coffer, idOf, file } = await stocked()
  const id = await idOf('shop/b')
  const db = new DatabaseSync(home.db)
  const { slot, body } = db
    .prepare('SELECT slot, body FROM slots WHERE id = ? ORDER BY version DESC')
    .get(id) as { slot: number; body: Uint8Array }
  body[0]! ^= 0xff
  db.prepare('UPDATE slots SET body = ? WHERE slot = ?').run(body, slot)
  db.close()

  await expect(coffer.read({ path: 'shop/b' })).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('shop/b v2') as string,
  })
  await expect(platform.keys.rotate({ actor: ADMIN })).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('shop/b v2 cannot be opened') as string,
  })
  expect((await platform.keys.status()).terms.map(({ versions }) => versions)).toEqual([1, 5])
  await platform.backup(file, { ...TO, withDamaged: true })
  expect(await restored(home, file, true)).toMatchObject({ leftOut: ['shop/b v2'] })
})
