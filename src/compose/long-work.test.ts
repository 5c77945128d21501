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
  const items = Array.from({ length: SECRETS }, (_, i) => ({
    path: `more/${i}`,
    input: { value: 'x' },
  }))
  const works: Record<string, () => Promise<unknown>> = {
    doctor: () => platform.doctor(),
    sweep: () => platform.sweep(),
    backup: () => platform.backup(join(home.dir, 'backup'), { actor: ADMIN, recipients }),
    rotate: () => platform.keys.rotate({ actor: ADMIN }),
    search: () => coffer.list({ prefix: '', where: { owner: 'nobody' } }),
    'write many': () => coffer.writeMany(items),
  }
  const atLeast: Record<string, number> = {
    doctor: 25,
    sweep: 50,
    backup: 25,
    rotate: 4,
    search: 2,
    'write many': 25,
  }
  for (const [name, work] of Object.entries(works)) {
    expect(await turnsDuring(work), name).toBeGreaterThanOrEqual(atLeast[name]!)
  }
})

test('what a large batch has not committed is seen by nobody, and others read meanwhile', async () => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  const items = Array.from({ length: 1_000 }, (_, i) => ({
    path: `many/${i}`,
    input: { value: 'x' },
  }))
  let written = false
  const writing = coffer.writeMany(items).then(() => (written = true))
  let meanwhile = 0
  for (;;) {
    const found = await coffer.read({ path: 'many/0' })
    if (written) break
    if (found === undefined) meanwhile += 1
    else expect(await coffer.read({ path: 'many/999' })).toBeDefined()
  }
  await writing
  expect(meanwhile).toBeGreaterThan(2)
  const bad = [
    ...items.map(({ path }) => ({ path: `b/${path}`, input: { value: 'x' } })),
    items[0]!,
  ]
  const refused = { ...bad.at(-1)!, input: { value: 'x', ifVersion: 7 } }
  await expect(coffer.writeMany([...bad.slice(0, -1), refused])).rejects.toMatchObject({
    code: 'conflict',
  })
  expect((await coffer.list({ prefix: 'b' })).items).toEqual([])
})
