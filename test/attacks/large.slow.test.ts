import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { admin, newHome } from '../support/platform.ts'

test('the largest import is one transaction, and a page past it leaks no name', async () => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  const items = Array.from({ length: LIMITS.writeManyMax }, (_, i) => ({
    path: `hidden/${String(i).padStart(5, '0')}`,
    input: { value: `value ${i}` },
  }))
  expect(await coffer.writeMany(items)).toHaveLength(LIMITS.writeManyMax)
  await coffer.writeMany([
    { path: 'hidden/more', input: { value: 'x' } },
    { path: 'open/one', input: { value: 'x' } },
  ])
  expect(await platform.doctor()).toMatchObject({ ok: true })
  await coffer.access.putPolicy({
    name: 'not-hidden',
    rules: [
      { effect: 'allow', actions: ['list'], paths: ['**'] },
      { effect: 'deny', actions: ['list'], paths: ['hidden/**'] },
    ],
  })
  await coffer.access.putActor({ name: 'service:x', policies: ['not-hidden'], roles: [] })
  const actor = platform.as('service:x')
  const seen: string[] = []
  let pages = 0
  for (let cursor: string | undefined; ; pages++) {
    const page = await actor.list({ cursor })
    seen.push(...page.items.map((item) => item.path))
    cursor = page.cursor
    if (cursor === undefined) break
    expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('hidden')
  }
  expect(seen).toEqual(['open/one'])
  expect(pages).toBeGreaterThan(0)
  const { rewrapped } = await platform.keys.rotate({ actor: coffer.actor })
  expect(rewrapped).toBe(LIMITS.writeManyMax + 2)
  expect(await platform.doctor()).toMatchObject({ ok: true })
}, 120_000)
