import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { ADMIN, admin, newHome } from '../../test/support/platform.ts'

const SECRETS = 2_000

/** How often the event loop came round while it was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let over = false
  const count = () => {
    turns += 1
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  await work()
  over = true
  return turns
}

test('work on every row leaves requests their turn', async () => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.writeMany(
    Array.from({ length: SECRETS }, (_, i) => ({ path: `many/${i}`, input: { value: 'x' } })),
  )
  const recipients = [await identityToRecipient(await generateIdentity())]
  const works: Record<string, () => Promise<unknown>> = {
    doctor: () => platform.doctor(),
    sweep: () => platform.sweep(),
    backup: () => platform.backup(join(home.dir, 'backup'), { actor: ADMIN, recipients }),
    rotate: () => platform.keys.rotate({ actor: ADMIN }),
    search: () => coffer.list({ prefix: '', where: { owner: 'nobody' } }),
  }
  const atLeast: Record<string, number> = {
    doctor: 25,
    sweep: 50,
    backup: 25,
    rotate: 4,
    search: 2,
  }
  for (const [name, work] of Object.entries(works)) {
    expect(await turnsDuring(work), name).toBeGreaterThanOrEqual(atLeast[name]!)
  }
})
