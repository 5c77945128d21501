import { expect, it } from 'vitest'
import type { AuditEntry, Coffer } from '../../core/ports/coffer.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Stage } from './world.ts'
import { actorWith, revealed } from './world.ts'

type Facts = Partial<AuditEntry>

interface Row {
  readonly name: string
  readonly call: (coffer: Coffer, path: string) => Promise<unknown>
  readonly leaves: readonly Facts[]
}

const row = (name: string, call: Row['call'], ...leaves: Facts[]): Row => ({ name, call, leaves })
const allowed = (action: AuditEntry['action'], more: Facts = {}): Facts => ({
  action,
  outcome: 'allowed',
  ...more,
})
const failed = (action: AuditEntry['action'], code: string, more: Facts = {}): Facts => ({
  action,
  outcome: 'failed',
  code,
  ...more,
})

/** One secret's life, in order: each call and exactly what it leaves in the log. */
const LIFE: readonly Row[] = [
  row('read of nothing', (c, path) => c.read({ path }), failed('read', 'not_found')),
  row('describe of nothing', (c, path) => c.describe(path), failed('describe', 'not_found')),
  row('delete of nothing', (c, path) => c.delete(path), failed('delete', 'not_found')),
  row('write', (c, path) => c.write(path, { value: 'v1' }), allowed('write', { version: 1 })),
  row(
    'failing write',
    (c, path) => c.write(path, { value: 'x', ifVersion: 7 }),
    failed('write', 'conflict'),
  ),
  row('too large', (c, path) => c.write(path, { value: 'x'.repeat(70_000) }), {
    ...failed('write', 'too_large'),
  }),
  row('write again', (c, path) => c.write(path, { value: 'v2' }), allowed('write', { version: 2 })),
  row('read', (c, path) => c.read({ path }), allowed('read', { version: 2 })),
  row(
    'read by label',
    (c, path) => c.read({ path, label: 'previous' }),
    allowed('read', { version: 1, label: 'previous' }),
  ),
  row('read of a version', (c, path) => c.read({ path, version: 1 }), {
    ...allowed('read', { version: 1 }),
  }),
  row('read of no version', (c, path) => c.read({ path, version: 9 }), {
    ...failed('read', 'not_found', { version: 9 }),
  }),
  row(
    'readMany',
    (c, path) => c.readMany([{ path }, { path, version: 9 }]),
    allowed('read', { version: 2 }),
    failed('read', 'not_found', { version: 9 }),
  ),
  row('describe', (c, path) => c.describe(path), allowed('describe')),
  row('update', (c, path) => c.update(path, { owner: 'o' }), allowed('update')),
  row(
    'updateVersion',
    (c, path) => c.updateVersion(path, 1, { enabled: true }),
    allowed('update', { version: 1 }),
  ),
  row('rotate', (c, path) => c.rotate(path), allowed('rotate', { version: 3 })),
  row(
    'label',
    (c, path) => c.label(path, { label: 'blue', to: 1 }),
    allowed('label', { label: 'blue', version: 1 }),
  ),
  row(
    'rollback',
    (c, path) => c.rollback(path, 1),
    allowed('label', { label: 'current', version: 1 }),
  ),
  row('destroy', (c, path) => c.destroy(path, [2]), allowed('destroy')),
  row('read of destroyed', (c, path) => c.read({ path, version: 2 }), {
    ...failed('read', 'destroyed', { version: 2 }),
  }),
  row('delete', (c, path) => c.delete(path), allowed('delete')),
  row('read of deleted', (c, path) => c.read({ path }), failed('read', 'deleted')),
  row('undelete', (c, path) => c.undelete(path), allowed('undelete')),
  row('purge', (c, path) => c.purge(path), allowed('purge')),
]

/** Nothing is done, refused or failed without exactly one event for it, and none holds a value. */
export function auditContract(stage: () => Stage): void {
  it('leaves exactly the right events for each call of a secret’s life', async () => {
    const { coffer, world, fresh } = stage()
    const path = fresh()
    let seen = 0
    for (const { name, call, leaves } of LIFE) {
      await call(coffer, path).catch(() => {})
      const trail = await coffer.audit.query({ resource: path, limit: 1_000 })
      const left = trail.slice(seen)
      expect(left, name).toHaveLength(leaves.length)
      left.forEach((entry, i) => {
        expect(entry, name).toMatchObject({ actor: world.admin, resource: path, ...leaves[i] })
        if (leaves[i]?.version === undefined) expect(entry, name).not.toHaveProperty('label')
        if (leaves[i]?.code === undefined) expect(entry, name).not.toHaveProperty('code')
      })
      seen = trail.length
    }
  })

  it('leaves a denial for every denied call, naming what was asked for', async () => {
    const { coffer, world, fresh } = stage()
    const [path, other] = [fresh(), fresh()]
    await coffer.write(path, { value: 'x' })
    const nobody = world.as('service:denied')
    const calls: Readonly<Record<string, (c: Coffer) => Promise<unknown>>> = {
      read: (c) => c.read({ path }),
      write: (c) => c.writeMany([other, path].map((p) => ({ path: p, input: { value: 'x' } }))),
      describe: (c) => c.describe(path),
      update: (c) => c.update(path, { owner: 'x' }),
      label: (c) => c.rollback(path, 1),
      rotate: (c) => c.rotate(path),
      delete: (c) => c.delete(path),
      undelete: (c) => c.undelete(path),
      destroy: (c) => c.destroy(path, [1]),
      purge: (c) => c.purge(path),
    }
    const writer = await actorWith(stage(), 'one-of-two', [
      { effect: 'allow', actions: ['write'], paths: [other] },
    ])
    for (const [action, call] of Object.entries(calls)) {
      const actor = action === 'write' ? writer : nobody
      await expect(call(actor), action).rejects.toMatchObject({ code: 'denied' })
      const left = await coffer.audit.query({ actor: actor.actor, action, limit: 10 })
      expect(left, action).toMatchObject([{ outcome: 'denied', code: 'denied', resource: path }])
    }
    await nobody.list({ prefix: path })
    const listed = await coffer.audit.query({ actor: 'service:denied', action: 'list' })
    expect(listed).toMatchObject([{ outcome: 'allowed', reason: '0 listed' }])
  })

  it('leaves an event for each change of access, and for looking at the log', async () => {
    const { coffer } = stage()
    const last = async () => (await coffer.audit.query({ limit: 2 }))[0]
    const { access } = coffer
    await access.putPolicy({ name: 'p', rules: [] })
    expect(await last()).toMatchObject({ action: 'policy.write', resource: 'policy:p' })
    await access.putRole({ name: 'r', policies: ['p'] })
    expect(await last()).toMatchObject({ action: 'role.write', resource: 'role:r' })
    await access.putActor({ name: 'service:a', policies: [], roles: ['r'] })
    expect(await last()).toMatchObject({ action: 'actor.write', resource: 'actor:service:a' })
    await access.test({ actor: 'service:a', action: 'read', path: 'x' })
    expect(await last()).toMatchObject({ action: 'describe', resource: 'actor:service:a' })
    await access.test({ actor: coffer.actor, action: 'read', path: 'x' })
    expect(await last()).toMatchObject({ action: 'describe', resource: `actor:${coffer.actor}` })
    await access.deleteActor('service:a')
    expect(await last()).toMatchObject({ action: 'actor.delete', resource: 'actor:service:a' })
    await access.deleteRole('r')
    expect(await last()).toMatchObject({ action: 'role.delete', outcome: 'allowed' })
    await access.deletePolicy('p')
    expect(await last()).toMatchObject({ action: 'policy.delete', outcome: 'allowed' })
    await coffer.audit.verify()
    expect(await last()).toMatchObject({ action: 'audit.read', resource: 'audit:log' })
  })

  it('gives every committed change the next generation', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.writeMany([1, 2, 3].map((n) => ({ path, input: { value: `${n}` } })))
    await coffer.update(path, { owner: 'x' })
    const trail = await coffer.audit.query({ resource: path, limit: 10 })
    const first = trail[0]?.generation ?? 0
    expect(trail.map((e) => e.generation)).toEqual([first, first + 1, first + 2, first + 3])
    expect((await coffer.describe(path))?.generation).toBe(first + 3)
  })

  it('answers a batch as large as may be asked for, however odd the text in it', async () => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/${'é'.repeat(200)}`
    await coffer.write(path, { value: 'x' })
    const label = 'l'.repeat(LIMITS.labelCharsMax)
    await coffer.label(path, { label, to: 1 })
    expect(revealed(await coffer.read({ path, label }))).toBe('x')
    const [entry] = await coffer.audit.query({ resource: path, action: 'read' })
    expect(entry).toMatchObject({ label, resource: path })
  })

  it('verifies, and holds no value', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'CANARY-VALUE' })
    await coffer.read({ path })
    await coffer.write(path, { value: 'CANARY-VALUE'.repeat(10_000) }).catch(() => {})
    await coffer.read({ path, label: 'CANARY VALUE' }).catch(() => {})
    expect(await coffer.audit.verify()).toMatchObject({ ok: true, unsigned: 0 })
    let text = ''
    for await (const chunk of coffer.audit.export()) text += Buffer.from(chunk).toString()
    expect(text).toContain(path)
    expect(text).not.toContain('CANARY')
  })
}
