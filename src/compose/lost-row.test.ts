import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ADMIN, admin, newHome, valueAt } from '../../test/support/platform.ts'
import { refusalOf } from '../testing/refusal.ts'

async function withoutRow(statement: string) {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.write('a/b', { value: 'kept' })
  const db = new DatabaseSync(home.db)
  expect(db.prepare(statement).run().changes).toBe(1)
  const rows = () => db.prepare('SELECT count(*) AS count FROM state').get()
  return { home, platform, coffer, rows, close: () => db.close() }
}

test('where the state is gone, a running process writes none, and none opens', async () => {
  const { home, platform, coffer, rows, close } = await withoutRow('DELETE FROM state')
  const work = [
    () => coffer.write('a/b', { value: 'lost' }),
    () => coffer.write('a/new', { value: 'lost' }),
    () => coffer.read({ path: 'a/b' }),
    () => platform.keys.rotate({ actor: ADMIN }),
  ]
  const codes = []
  for (const each of work) codes.push((await refusalOf(each)).code)
  expect(codes).toEqual(work.map(() => 'store_rolled_back'))
  expect(rows()).toEqual({ count: 0 })
  close()
  await platform.close()
  const { code, message, remedy } = await refusalOf(() => home.open())
  expect([code, message]).toEqual(['corrupt', 'The state of the store is gone.'])
  expect(remedy).toContain('docs/runbooks/damage.md')
})

test('where the keyring is gone, what a running process holds still opens, and no other is made', async () => {
  const { home, platform, coffer, close } = await withoutRow(
    "DELETE FROM slots WHERE id = 'keyring'",
  )
  close()
  expect(await valueAt(coffer, 'a/b')).toBe('kept')
  const refused = await refusalOf(() => platform.keys.rotate({ actor: ADMIN }))
  expect([refused.code, refused.message]).toEqual(['corrupt', 'The keyring of the store is gone.'])
  await platform.close()
  const { code, message, remedy } = await refusalOf(() => home.open())
  expect([code, message]).toEqual(['corrupt', 'The keyring of the store is gone.'])
  expect(remedy).toContain('docs/runbooks/damage.md')
})
