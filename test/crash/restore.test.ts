import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { ADMIN, admin, homeAt, newHome, temporary, valueAt } from '../support/platform.ts'
import { delay } from './herd.ts'
import { startRestore } from './script.ts'

test('killed at a random moment, a restore is repeated, or is done and sound', async () => {
  const key = '9'.repeat(64)
  const home = await newHome(key)
  const platform = await home.open()
  const paths = Array.from({ length: 1_500 }, (_, i) => `shop/s${i}`)
  await admin(platform).writeMany(paths.map((path) => ({ path, input: { value: `of ${path}` } })))
  const identity = await generateIdentity()
  const file = join(home.dir, 'backup.age')
  await platform.backup(file, { actor: ADMIN, recipients: [await identityToRecipient(identity)] })
  let interrupted = 0
  for (let round = 0; round < 5; round++) {
    const target = homeAt(temporary(), key)
    const restore = () => startRestore(target.options.env, target.dataDir, file, identity)
    const killed = restore()
    while (killed.out() === '') await delay(2)
    await delay((round + Math.random()) * 60)
    killed.child.kill('SIGKILL')
    await killed.over
    if (!existsSync(target.db)) {
      interrupted += 1
      const again = restore()
      expect(await again.over, again.errors()).toBe(0)
    }
    const restored = await target.open()
    expect(await valueAt(admin(restored), 'shop/s1234')).toBe('of shop/s1234')
    expect(await restored.doctor()).toMatchObject({ ok: true })
    const [first] = await admin(restored).audit.query({ limit: 1_000 })
    expect(first).toMatchObject({ action: 'store.restore' })
    await restored.close()
  }
  expect(interrupted).toBeGreaterThan(0)
}, 60_000)
