import { expect, it } from 'vitest'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Stage } from './world.ts'
import { actorWith, expectRefusal } from './world.ts'

const READER: Policy = {
  name: 'reader',
  rules: [{ effect: 'allow', actions: ['read'], paths: ['shop/**'] }],
}

const ADMIN_CALLS: Readonly<Record<string, (coffer: Coffer) => Promise<unknown>>> = {
  policies: (c) => c.access.policies(),
  putPolicy: (c) => c.access.putPolicy(READER),
  deletePolicy: (c) => c.access.deletePolicy('reader'),
  roles: (c) => c.access.roles(),
  putRole: (c) => c.access.putRole({ name: 'team', policies: ['none'] }),
  deleteRole: (c) => c.access.deleteRole('team'),
  actors: (c) => c.access.actors(),
  putActor: (c) => c.access.putActor({ name: 'service:x', policies: [], roles: [] }),
  deleteActor: (c) => c.access.deleteActor('service:x'),
  'test of another': (c) =>
    c.access.test({ actor: 'service:someone', action: 'read', path: 'shop/a' }),
  who: (c) => c.access.who('read', 'shop/a'),
  query: (c) => c.audit.query({}),
  verify: (c) => c.audit.verify(),
  head: (c) => c.audit.head(),
  export: async (c) => {
    for await (const _ of c.audit.export()) return
  },
  follow: (c) =>
    new Promise((_, reject) => {
      const stop = c.audit.follow(
        () => {},
        (error) => {
          stop()
          reject(error)
        },
      )
    }),
}

/** Policies, roles and actors: changed by administrators only, and never so that none is left. */
export function accessAdminContract(stage: () => Stage): void {
  it.each(Object.entries(ADMIN_CALLS))(
    '%s is denied to all but administrators',
    async (_, call) => {
      const { world, coffer } = stage()
      await expectRefusal('denied', () => call(world.as('service:nobody')))
      const everySecret = await actorWith(stage(), 'every-secret', [
        { effect: 'allow', actions: ['*'], paths: ['**'] },
      ])
      await expectRefusal('denied', () => call(everySecret))
      expect((await coffer.access.policies()).some((p) => p.name === 'reader')).toBe(false)
    },
  )

  it('keeps policies, roles and actors, and gives them back', async () => {
    const { coffer } = stage()
    await coffer.access.putPolicy(READER)
    await coffer.access.putRole({ name: 'crew', policies: ['reader', 'reader'] })
    await coffer.access.putActor({ name: 'service:ci', policies: [], roles: ['crew'] })
    expect(await coffer.access.policies()).toContainEqual(READER)
    expect(await coffer.access.roles()).toContainEqual({ name: 'crew', policies: ['reader'] })
    const ask = { actor: 'service:ci', action: 'read', path: 'shop/a' }
    expect((await coffer.access.test(ask)).allowed).toBe(true)
    const answers = await coffer.access.who('read', 'shop/a')
    expect(answers.find(({ actor }) => actor === 'service:ci')?.answer.allowed).toBe(true)
    await coffer.access.deleteRole('crew')
    expect((await coffer.access.test(ask)).allowed).toBe(false)
    await coffer.access.deleteActor('service:ci')
    await coffer.access.deletePolicy('reader')
    expect((await coffer.access.policies()).some((p) => p.name === 'reader')).toBe(false)
  })

  it('lets an actor ask about itself only', async () => {
    const { world } = stage()
    const actor = world.as('service:self')
    const question = { actor: 'service:self', action: 'read', path: 'shop/a' }
    expect((await actor.access.test(question)).allowed).toBe(false)
    await expectRefusal('denied', () => actor.access.test({ ...question, actor: 'service:other' }))
  })

  it('refuses what is malformed, built in or absent', async () => {
    const { coffer } = stage()
    const { access } = coffer
    const long = 'x'.repeat(100_000)
    await expectRefusal('invalid_policy', () => access.putPolicy({ ...READER, name: 'admin' }))
    await expectRefusal('invalid_policy', () => access.putPolicy({ ...READER, name: 'A b' }))
    await expectRefusal('invalid_policy', () => access.putPolicy({ name: 'x' } as never))
    await expectRefusal('invalid_policy', () => access.putPolicy(null as never))
    await expectRefusal('invalid_policy', () => access.deletePolicy('admin'))
    await expectRefusal('invalid_policy', () => access.deletePolicy(long))
    await expectRefusal('not_found', () => access.deletePolicy('no-such'))
    await expectRefusal('invalid_policy', () => access.deleteRole('a\nb'))
    await expectRefusal('not_found', () => access.deleteRole('no-such'))
    await expectRefusal('invalid_argument', () => access.deleteActor(long))
    await expectRefusal('not_found', () => access.deleteActor('service:no-such'))
    await expectRefusal('not_found', () => access.putRole({ name: 'r', policies: ['no-such'] }))
    await expectRefusal('not_found', () =>
      access.putActor({ name: 'service:x', policies: [], roles: ['no-such'] }),
    )
    const actorName = (name: string) => access.putActor({ name, policies: [], roles: [] })
    for (const name of ['alice', 'system:coffer', 'Local:x', 'a:b c', '', 7 as never, long]) {
      await expectRefusal('invalid_argument', () => actorName(name))
    }
    await actorName(`s:${'x'.repeat(LIMITS.actorCharsMax - 2)}`)
    await expectRefusal('invalid_argument', () =>
      actorName(`s:${'x'.repeat(LIMITS.actorCharsMax - 1)}`),
    )
    const question = { actor: 'service:x', action: 'read', path: 'a' }
    await expectRefusal('invalid_argument', () => access.test({ ...question, action: 'steal' }))
    await expectRefusal('invalid_argument', () => access.test({ ...question, actor: long }))
    await expectRefusal('invalid_path', () => access.test({ ...question, path: 'a//b' }))
    await expectRefusal('invalid_path', () => access.test({ ...question, path: 'store:\n' }))
    expect((await access.roles()).map((role) => role.name)).not.toContain('r')
  })

  it('never lets the last administrator go', async () => {
    const { world, coffer } = stage()
    await expectRefusal('failed_precondition', () => coffer.access.deleteActor(world.admin))
    await expectRefusal('failed_precondition', () =>
      coffer.access.putActor({ name: world.admin, policies: ['none'], roles: [] }),
    )
    await coffer.access.putRole({ name: 'bosses', policies: ['admin'] })
    await coffer.access.putActor({ name: world.admin, policies: [], roles: ['bosses'] })
    await expectRefusal('failed_precondition', () => coffer.access.deleteRole('bosses'))
    await expectRefusal('failed_precondition', () =>
      coffer.access.putRole({ name: 'bosses', policies: [] }),
    )
    await coffer.access.putActor({ name: world.admin, policies: ['admin'], roles: [] })
    await coffer.access.deleteRole('bosses')
    expect(await coffer.access.actors()).toContainEqual({
      name: world.admin,
      policies: ['admin'],
      roles: [],
    })
  })
}
