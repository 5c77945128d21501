import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  ADMIN,
  admin,
  copyFolder,
  homeAt,
  newHome,
  temporary,
  valueAt,
} from '../../test/support/platform.ts'
import type { Home } from '../../test/support/platform.ts'
import type { Platform } from '../core/ports/platform.ts'
import { KEYRING } from '../engine/keys/holder.ts'
import { refusalOf } from '../testing/refusal.ts'

const paths = Array.from({ length: 40 }, (_, i) => `many/${i}`)
const GONE = 'does not open'

async function stocked() {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.writeMany(paths.map((path) => ({ path, input: { value: `value of ${path}` } })))
  const { id } = (await coffer.describe('many/7'))!
  await platform.close()
  return { home, id }
}

/** A copy of the store for each place where its file says `text`, with the first byte of it changed. */
function damagedCopies(home: Home, text: string): Home[] {
  const whole = readFileSync(home.db)
  const places = [...whole.toString('latin1').matchAll(new RegExp(text, 'g'))]
  return places.flatMap(({ index }) =>
    [1, 128].map((bit) => {
      const copy = homeAt(temporary(), home.options.env['COFFER_MASTER_KEY'])
      copyFolder(home.dataDir, copy.dataDir)
      writeFileSync(copy.db, whole.with(index, whole[index]! ^ bit))
      return copy
    }),
  )
}

const valuesOf = (platform: Platform) =>
  Promise.all(paths.map((path) => valueAt(admin(platform), path).catch(() => GONE)))

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  )

test('where an index and its rows disagree nothing is rotated, and what could be read still can', async () => {
  const { home, id } = await stocked()
  const copies = damagedCopies(home, id)
  expect(copies.length).toBeGreaterThan(4)
  let refused = 0
  for (const copy of copies) {
    const damaged = await copy.open()
    const before = await valuesOf(damaged)
    const error = await errorOf(damaged.keys.rotate({ actor: ADMIN }))
    if (error?.message.startsWith('The key was not rotated.') === true) refused += 1
    const after = await valuesOf(damaged)
    expect(before.filter((value, i) => value !== GONE && value !== after[i])).toEqual([])
    await damaged.close()
  }
  expect(refused).toBeGreaterThan(2)
})

test('a store whose index has lost the keyring opens, and no other keyring is put beside it', async () => {
  const { home } = await stocked()
  const copies = damagedCopies(home, KEYRING)
  expect(copies.length).toBeGreaterThan(2)
  for (const copy of copies) {
    const damaged = await copy.open()
    const { fingerprint } = await damaged.keys.status()
    expect(await valuesOf(damaged)).toEqual(paths.map((path) => `value of ${path}`))
    const rotated = await refusalOf(() => damaged.keys.rotate({ actor: ADMIN }))
    const resealed = await refusalOf(() =>
      damaged.keys.reseal({
        actor: ADMIN,
        seal: 'shamir',
        sealOptions: { shares: '2', threshold: '2' },
      }),
    )
    expect([rotated.code, resealed.code]).toEqual(['corrupt', 'corrupt'])
    expect(resealed.message).toMatch(/^The keyring was not re-sealed\. The store .+ is damaged/)
    expect(resealed.remedy).toContain('docs/runbooks/damage.md')
    expect((await damaged.keys.status()).fingerprint).toBe(fingerprint)
    await damaged.close()
    expect(await valuesOf(await copy.open())).not.toContain(GONE)
  }
})

test('no backup is written of a file that contradicts itself, unless it is asked for', async () => {
  const { home, id } = await stocked()
  let refused = 0
  for (const copy of damagedCopies(home, id)) {
    const damaged = await copy.open()
    const { checks } = await damaged.doctor()
    const ok = checks.every(({ name, ok: isSound }) => name !== 'surroundings' || isSound)
    const file = join(copy.dir, 'backup.age')
    const asked = { actor: ADMIN, passphrase: 'some words' }
    const error = await errorOf(damaged.backup(file, asked))
    if (!ok) {
      expect(error).toMatchObject({ code: 'corrupt' })
      expect(error?.message).toMatch(
        /^No backup was written, since a restore might refuse it\. The store/,
      )
      expect(existsSync(file)).toBe(false)
      expect(await damaged.backup(file, { ...asked, withDamaged: true })).toMatchObject({
        secrets: 40,
      })
      refused += 1
    }
    await damaged.close()
  }
  expect(refused).toBeGreaterThan(2)
})
