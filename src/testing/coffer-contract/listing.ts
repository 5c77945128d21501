import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { Coffer, ListFilter, ListQuery } from '../../core/ports/coffer.ts'
import type { Stage } from './world.ts'
import { DAY_MS, actorWith, expectRefusal, revealed } from './world.ts'

/** Lists are recursive, ordered by UTF-8 bytes, bounded by whole segments, and paged. */
export function listingContract(stage: () => Stage): void {
  it('lists a subtree by whole segments, in UTF-8 order', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const below = ['b', 'b/c', 'b/c/d', 'b-x', 'bc', 'b0', 'é', '\uffee', '😀', 'B']
    await coffer.writeMany(
      below.map((name) => ({ path: `${root}/${name}`, input: { value: 'x' } })),
    )
    const names = async (prefix: string) =>
      (await all(coffer, { prefix })).map((path) => path.slice(root.length + 1))
    expect(await names(root)).toEqual(
      below.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    expect(await names(`${root}/b`)).toEqual(['b', 'b/c', 'b/c/d'])
    expect(await names(`${root}/b/`)).toEqual(['b', 'b/c', 'b/c/d'])
    expect(await names(`/${root}/b/c`)).toEqual(['b/c', 'b/c/d'])
    expect(await names(`${root}/nothing`)).toEqual([])
  })

  it('pages without losing or repeating, whatever the page size', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const paths = Array.from({ length: 23 }, (_, i) => `${root}/${String(i).padStart(2, '0')}`)
    await coffer.writeMany(paths.map((path) => ({ path, input: { value: 'x' } })))
    for (const limit of [1, 5, 22, 23, 24, LIMITS.pageSizeMax]) {
      expect(await all(coffer, { prefix: root, limit })).toEqual(paths)
    }
    const whole = await coffer.list({ prefix: root, limit: 23 })
    expect(whole.cursor).toBeUndefined()
    for (const limit of [0, -1, 1.5, LIMITS.pageSizeMax + 1, Number.NaN]) {
      await expectRefusal('invalid_argument', () => coffer.list({ prefix: root, limit }))
    }
    for (const cursor of ['', '%%%', 'a'.repeat(10_000)]) {
      await expectRefusal('invalid_argument', () => coffer.list({ prefix: root, cursor }))
    }
  })

  it('gives cursors that can be typed after an option', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const names = ['a', 'b']
    await coffer.writeMany(
      names.map((name) => ({ path: `${root}/${name}`, input: { value: 'x' } })),
    )
    for (let i = 0; i < 200; i++) {
      const { cursor } = await coffer.list({ prefix: root, limit: 1 })
      expect(cursor).toMatch(/^[^-]/)
    }
  })

  it('says that there is more to those only who may see it', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const write = (...names: string[]) =>
      coffer.writeMany(names.map((name) => ({ path: `${root}/${name}`, input: { value: 'x' } })))
    const actor = await actorWith(stage(), `pager-${root.replaceAll('/', '-')}`, [
      { effect: 'allow', actions: ['list'], paths: [`${root}/**`] },
      { effect: 'deny', actions: ['list'], paths: [`${root}/hidden-*/**`] },
    ])
    const page = async (folders: boolean) => {
      const { items, cursor } = await actor.list({ prefix: root, limit: 2, folders })
      return [items.length, cursor?.length]
    }
    await write('a', 'b')
    for (const folders of [false, true]) expect(await page(folders)).toEqual([2, undefined])
    await write('hidden-b', 'hidden-b/x', 'hidden-c')
    for (const folders of [false, true]) expect(await page(folders)).toEqual([2, undefined])
    await write('z')
    const [, length] = await page(false)
    await coffer.purge(`${root}/hidden-c`)
    expect(await page(false)).toEqual([2, length])
    expect(await all(actor, { prefix: root, limit: 1 })).toEqual(
      ['a', 'b', 'z'].map((name) => `${root}/${name}`),
    )
  })

  it('lists one level: what is directly below, and each folder that holds something listable', async () => {
    const { coffer, fresh, world } = stage()
    const root = fresh()
    const below = ['a', 'a/x', 'a/y/z', 'a-b', 'a0', 'b/1', 'b/2', 'c', 'd/gone', 'é/x']
    await coffer.writeMany(
      below.map((name) => ({ path: `${root}/${name}`, input: { value: 'x' } })),
    )
    await coffer.delete(`${root}/d/gone`)
    const level = async (on: Coffer, query: ListQuery) => {
      const [items, folders]: [string[], string[]] = [[], []]
      for (let cursor: string | undefined; ;) {
        const page = await on.list({ ...query, folders: true, cursor })
        items.push(...page.items.map(({ path }) => path.slice(root.length + 1)))
        folders.push(...(page.folders ?? []))
        cursor = page.cursor
        if (cursor === undefined) return { items, folders }
      }
    }
    for (const limit of [1, 2, 3, 100]) {
      expect(await level(coffer, { prefix: root, limit })).toEqual({
        items: ['a', 'a-b', 'a0', 'c'],
        folders: ['a', 'b', 'é'],
      })
    }
    expect(await level(coffer, { prefix: root, deleted: true })).toMatchObject({
      folders: ['a', 'b', 'd', 'é'],
    })
    expect(await level(coffer, { prefix: `${root}/a` })).toEqual({ items: ['a/x'], folders: ['y'] })
    expect(await coffer.list({ prefix: `${root}/c`, folders: true })).toEqual({
      items: [],
      folders: [],
    })

    const name = `level-${root.replaceAll('/', '-')}`
    const rules = [
      { effect: 'allow', actions: ['list'], paths: [`${root}/**`] },
      { effect: 'deny', actions: ['list'], paths: [`${root}/b/**`, `${root}/a/x`, `${root}/c`] },
    ] as const
    await coffer.access.putPolicy({ name, rules })
    await coffer.access.putActor({ name: `service:${name}`, policies: [name], roles: [] })
    expect(await level(world.as(`service:${name}`), { prefix: root, limit: 1 })).toEqual({
      items: ['a', 'a-b', 'a0'],
      folders: ['a', 'é'],
    })
  })

  it('lists folders that hold more than a page', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const paths = ['m', 'n', 'o'].flatMap((folder) =>
      Array.from({ length: 700 }, (_, i) => `${root}/${folder}/${i}`),
    )
    await coffer.writeMany(paths.map((path) => ({ path, input: { value: 'x' } })))
    await coffer.write(`${root}/z`, { value: 'x' })
    const page = await coffer.list({ prefix: root, folders: true })
    expect(page.folders).toEqual(['m', 'n', 'o'])
    expect(page.items.map(({ path }) => path)).toEqual([`${root}/z`])
  })

  it('reads everything below a prefix, page by page, each answer its own', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const paths = Array.from({ length: LIMITS.batchMax + 1 }, (_, i) => `${root}/${1_000 + i}`)
    await coffer.writeMany(paths.map((path) => ({ path, input: { value: `of ${path}` } })))
    await coffer.updateVersion(paths[3]!, 1, { enabled: false })
    await coffer.delete(paths[4]!)
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await coffer.readBelow({ prefix: root, cursor })
      expect(page.items.length).toBeLessThanOrEqual(LIMITS.batchMax)
      for (const { path, answer } of page.items) {
        seen.push(path)
        if (path === paths[3]) expect(answer).toMatchObject({ error: { code: 'disabled' } })
        else expect('value' in answer && revealed(answer.value)).toBe(`of ${path}`)
      }
      cursor = page.cursor
      if (cursor === undefined) break
    }
    expect(seen).toEqual(paths.filter((path) => path !== paths[4]))
    expect(await coffer.readBelow({ prefix: `${root}/nothing` })).toEqual({ items: [] })
  })

  it('goes on behind its cursor when rows come and go between pages', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    for (const name of ['a', 'c', 'e']) await coffer.write(`${root}/${name}`, { value: 'x' })
    const first = await coffer.list({ prefix: root, limit: 2 })
    await coffer.purge(`${root}/c`)
    await coffer.write(`${root}/b`, { value: 'x' })
    await coffer.write(`${root}/d`, { value: 'x' })
    const rest = await coffer.list({ prefix: root, limit: 9, cursor: first.cursor })
    expect(rest.items.map((item) => item.path.at(-1))).toEqual(['d', 'e'])
  })

  it('filters by tag, owner, type, classification, age, expiry and due', async () => {
    const { world, coffer, fresh } = stage()
    const root = fresh()
    await coffer.write(`${root}/old`, {
      value: 'x',
      owner: 'ann',
      tags: { team: 'web', 'a=b': 'c' },
      rotation: { everyDays: 1_000, automatic: false },
    })
    await coffer.write(`${root}/short`, {
      value: 'x',
      classification: 'high',
      rotation: { everyDays: 5, automatic: false },
    })
    world.advance(10 * DAY_MS)
    await coffer.write(`${root}/new`, {
      value: '1',
      type: { name: 'number' },
      tags: { team: 'ops' },
      expiresAt: world.now() + 5 * DAY_MS,
    })
    await coffer.write(`${root}/staged`, { labels: ['pending'] })
    const found = async (where: ListFilter) =>
      (await all(coffer, { prefix: root, where })).map((path) => path.slice(root.length + 1))
    expect(await found({ tag: 'team' })).toEqual(['new', 'old'])
    expect(await found({ tag: 'team=ops' })).toEqual(['new'])
    expect(await found({ tag: 'team=' })).toEqual([])
    expect(await found({ owner: 'ann' })).toEqual(['old'])
    expect(await found({ type: 'number' })).toEqual(['new'])
    expect(await found({ classification: 'high' })).toEqual(['short'])
    expect(await found({ olderThanDays: 9 })).toEqual(['old', 'short'])
    expect(await found({ olderThanDays: 10 })).toEqual([])
    expect(await found({ expiresWithinDays: 5 })).toEqual(['new'])
    expect(await found({ expiresWithinDays: 4 })).toEqual([])
    expect(await found({ due: true })).toEqual(['short'])
    expect(await found({ due: false })).toEqual(['new', 'old', 'staged'])
    expect(await found({ owner: 'ann', tag: 'team=ops' })).toEqual([])
    for (const where of [
      { nonsense: 1 },
      { tag: 5 },
      { olderThanDays: 'x' },
      { toString: 1 },
      { type: 'nope' },
    ]) {
      await expectRefusal('invalid_argument', () =>
        coffer.list({ prefix: root, where: where as never }),
      )
      await expectRefusal('invalid_argument', () =>
        coffer.list({ prefix: `${root}/nothing`, where: where as never }),
      )
    }
  })
}

/** Every path of every page. */
async function all(coffer: Coffer, query: ListQuery): Promise<string[]> {
  const paths: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await coffer.list({ ...query, cursor })
    paths.push(...page.items.map((item) => item.path))
    cursor = page.cursor
    if (cursor === undefined) return paths
  }
}
