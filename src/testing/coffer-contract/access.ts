import { expect, it } from 'vitest'
import { isCofferError } from '../../core/errors.ts'
import type { Action, Rule } from '../../core/policy/policy.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Stage } from './world.ts'
import { actorWith, expectRefusal, revealed } from './world.ts'

interface Method {
  readonly name: string
  readonly action: Action
  readonly call: (coffer: Coffer, path: string) => Promise<unknown>
  /** It names a version: what rules about labels say depends on the labels it has. */
  readonly byVersion: boolean
}

const method = (name: string, action: Action, call: Method['call'], byVersion = false): Method => ({
  name,
  action,
  call,
  byVersion,
})

/** Every way to one secret, with the action that its policy must allow. */
const METHODS: readonly Method[] = [
  method('read', 'read', (c, path) => c.read({ path })),
  method('read a version', 'read', (c, path) => c.read({ path, version: 1 }), true),
  method('readMany', 'read', async (c, path) => {
    const [answer] = await c.readMany([{ path }])
    if (answer !== undefined && 'error' in answer) throw answer.error
  }),
  method('describe', 'describe', (c, path) => c.describe(path)),
  method('write', 'write', (c, path) => c.write(path, { value: 'x' })),
  method('writeMany', 'write', (c, path) => c.writeMany([{ path, input: { value: 'x' } }])),
  method('rotate', 'rotate', (c, path) => c.rotate(path)),
  method('update', 'update', (c, path) => c.update(path, { owner: 'x' })),
  method('updateVersion', 'update', (c, path) => c.updateVersion(path, 1, { enabled: true }), true),
  method('label', 'label', (c, path) => c.label(path, { label: 'current', to: 1 })),
  method('rollback', 'label', (c, path) => c.rollback(path, 1)),
  method('destroy', 'destroy', (c, path) => c.destroy(path, [1]), true),
  method('delete', 'delete', (c, path) => c.delete(path)),
  method('undelete', 'undelete', (c, path) => c.undelete(path)),
  method('purge', 'destroy', (c, path) => c.purge(path), true),
]

const allow = (actions: Rule['actions'], ...paths: string[]): Rule => ({
  effect: 'allow',
  actions,
  paths,
})
const deny = (actions: Rule['actions'], ...paths: string[]): Rule => ({
  effect: 'deny',
  actions,
  paths,
})

const RULE_SETS: Readonly<Record<string, (path: string) => readonly Rule[]>> = {
  'no rule at all': () => [],
  'everything allowed': () => [allow(['*'], '**')],
  'a deny beside everything allowed': (path) => [allow(['*'], '**'), deny(['*'], path)],
  'only reading': (path) => [allow(['read'], path)],
  'everything but reading': (path) => [allow(['*'], path), deny(['read'], '**')],
  'only writing': (path) => [allow(['write'], path)],
  'another subtree': () => [allow(['*'], 'elsewhere/**')],
  'a longer path': (path) => [allow(['*'], `${path}/**`, `${path}x`)],
  'a label that is not current': (path) => [
    { ...allow(['*'], path), conditions: { labels: ['pending'] } },
  ],
  'a deny of the label current': (path) => [
    allow(['*'], path),
    { ...deny(['*'], path), conditions: { labels: ['current'] } },
  ],
  'a window that has passed': (path) => [
    { ...allow(['*'], path), conditions: { notAfter: '2020-01-01T00:00:00Z' } },
  ],
}

const CODES_WHEN_ALLOWED = ['not_found', 'failed_precondition', 'conflict', 'deleted', 'destroyed']

/** One decision for all ways in: what the policy says of an action is what every method does. */
export function accessContract(stage: () => Stage): void {
  it.each(Object.entries(RULE_SETS))('obeys %s in every method', async (name, rules) => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/secret`
    const who = name.replaceAll(' ', '-').slice(0, 40)
    const actor = await actorWith(stage(), who, rules(path))
    const aboutLabels = rules(path).some((rule) => rule.conditions?.labels !== undefined)
    for (const { name: title, action, call, byVersion } of METHODS) {
      if (byVersion && aboutLabels) continue
      for (const exists of [false, true]) {
        if (exists && (await coffer.describe(path)) === undefined) {
          await coffer.writeMany(['a', 'b'].map((value) => ({ path, input: { value } })))
        } else if (!exists && (await coffer.describe(path)) !== undefined) {
          await coffer.purge(path)
        }
        const { allowed } = await coffer.access.test({ actor: actor.actor, action, path })
        const code = await codeOf(() => call(actor, path))
        const seen = `${title} ${exists ? 'of what exists' : 'of what is absent'}: ${code}`
        if (allowed) expect([undefined, ...CODES_WHEN_ALLOWED], seen).toContain(code)
        else expect(code, seen).toBe('denied')
      }
    }
    const { allowed } = await coffer.access.test({ actor: actor.actor, action: 'list', path })
    await coffer.write(path, { value: 'x' }).catch(() => coffer.undelete(path))
    const page = await actor.list({ prefix: path, deleted: true })
    expect(page.items).toHaveLength(allowed ? 1 : 0)
  })

  it('answers the denied alike, whether the thing exists or not', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    await coffer.write(`${root}/there`, { value: 'x' })
    await coffer.write(`${root}/there`, { value: 'y' })
    const actor = await actorWith(stage(), 'curious', [
      { ...allow(['read'], `${root}/**`), conditions: { labels: ['current'] } },
    ])
    for (const ref of [{ version: 1 }, { version: 9 }, { label: 'previous' }, { label: 'other' }]) {
      const answers = await actor.readMany([
        { path: `${root}/there`, ...ref },
        { path: `${root}/absent`, ...ref },
      ])
      for (const answer of answers) expect(answer).toMatchObject({ error: { code: 'denied' } })
    }
    expect(revealed(await actor.read({ path: `${root}/there` }))).toBe('y')
  })

  it('lets a rule about labels decide what a write, rotation and label may move', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    const actor = await actorWith(stage(), 'stager', [
      {
        ...allow(['write', 'label', 'rotate', 'read'], path),
        conditions: { labels: ['pending'] },
      },
    ])
    await expectRefusal('denied', () => actor.write(path, { value: 'b' }))
    await expectRefusal('denied', () =>
      actor.write(path, { value: 'b', labels: ['pending', 'current'] }),
    )
    await expectRefusal('denied', () => actor.write(path, { value: 'b', labels: [] }))
    await expectRefusal('denied', () => actor.rotate(path))
    await expectRefusal('denied', () => actor.label(path, { label: 'current', to: 1 }))
    await expectRefusal('denied', () => actor.rollback(path, 1))
    await actor.write(path, { value: 'b', labels: ['pending'] })
    await actor.rotate(path, { labels: ['pending'] })
    await actor.label(path, { label: 'pending', to: 2 })
    expect(revealed(await actor.read({ path, label: 'pending' }))).toBe('b')
    expect((await coffer.describe(path))?.labels).toEqual({ current: 1, pending: 2 })
  })

  it('lists exactly what may be listed, page by page', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const names = Array.from({ length: 30 }, (_, i) => `${root}/${i % 3}/${i}`)
    await coffer.writeMany(names.map((path) => ({ path, input: { value: 'x' } })))
    const actor = await actorWith(stage(), 'lister', [
      allow(['list'], `${root}/*/1*`, `${root}/2/**`),
      deny(['list'], `${root}/2/2*`),
    ])
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await actor.list({ prefix: root, limit: 2, cursor })
      seen.push(...page.items.map((item) => item.path))
      cursor = page.cursor
      if (cursor === undefined) break
    }
    const wanted = names.filter((path) => {
      const [group, name = ''] = path.slice(root.length + 1).split('/')
      return (name.startsWith('1') || group === '2') && !(group === '2' && name.startsWith('2'))
    })
    expect(seen.toSorted()).toEqual(wanted.toSorted())
  })

  it('reads below a prefix what may be listed, each value only where it may be read', async () => {
    const { coffer, world, fresh } = stage()
    const root = fresh()
    const names = ['hidden', 'listed', 'read', 'previous-only', 'off', 'none']
    await coffer.writeMany(
      names.map((name) => ({
        path: `${root}/${name}`,
        input: name === 'none' ? { labels: [] } : { value: `of ${name}` },
      })),
    )
    await coffer.updateVersion(`${root}/off`, 1, { enabled: false })
    const actor = await actorWith(stage(), 'below', [
      allow(['list'], `${root}/**`),
      deny(['list'], `${root}/hidden`),
      allow(['read'], `${root}/read`, `${root}/off`, `${root}/none`),
      { ...allow(['read'], `${root}/previous-only`), conditions: { labels: ['previous'] } },
    ])
    const page = await actor.readBelow({ prefix: root })
    const answers = page.items.map(({ path, answer }) => [
      path.slice(root.length + 1),
      'error' in answer ? (answer.error as { code: string }).code : revealed(answer.value),
    ])
    expect(page.cursor).toBeUndefined()
    expect(Object.fromEntries(answers)).toEqual({
      listed: 'denied',
      read: 'of read',
      'previous-only': 'denied',
      off: 'disabled',
      none: undefined,
    })
    const trail = await coffer.audit.query({ actor: actor.actor, limit: 1_000 })
    expect(trail.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'list allowed',
      'read denied',
      'read failed',
      'read failed',
      'read denied',
      'read allowed',
    ])
    expect((await world.as('service:nobody').readBelow({ prefix: root })).items).toEqual([])
  })

  it('takes effect at once, also for a Coffer that is in use', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const actor = world.as('service:late')
    await expectRefusal('denied', () => actor.read({ path }))
    await actorWith(stage(), 'late', [allow(['read'], path)])
    expect(revealed(await actor.read({ path }))).toBe('x')
    await coffer.access.deleteActor('service:late')
    await expectRefusal('denied', () => actor.read({ path }))
  })

  it('watches for those who may read, and for nobody else', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const told: unknown[] = []
    let changes = 0
    const stop = world.as('service:spy').watch(
      path,
      () => (changes += 1),
      (error) => told.push(error),
    )
    await expect.poll(() => told.length, { timeout: 2_000, interval: 20 }).toBeGreaterThan(0)
    expect(told[0]).toMatchObject({ code: 'denied' })
    // A client that took long to begin says so, whoever it is, since it cannot know.
    const before = changes
    await coffer.write(path, { value: 'y' })
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(changes).toBe(before)
    stop()
  })

  it('tells a watcher that may read again of what changed while it might not', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const actor = 'service:on-and-off'
    await actorWith(stage(), 'on-and-off', [allow(['read'], path)])
    const told: unknown[] = []
    let changes = 0
    const stop = world.as(actor).watch(
      path,
      () => (changes += 1),
      (error) => told.push(error),
    )
    await new Promise((resolve) => setTimeout(resolve, 600))
    await coffer.access.deleteActor(actor)
    await coffer.write(path, { value: 'y' })
    await expect
      .poll(() => told, { timeout: 2_000, interval: 20 })
      .toMatchObject([{ code: 'denied' }])
    await actorWith(stage(), 'on-and-off', [allow(['read'], path)])
    await expect.poll(() => changes, { timeout: 2_000, interval: 20 }).toBe(1)
    stop()
  })
}

async function codeOf(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    if (isCofferError(error)) return error.code
    throw error
  }
}
