import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { everyItem } from '../../core/paging.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Stage } from './world.ts'
import { actorWith, DAY_MS, expectRefusal } from './world.ts'

const ADMIN_CALLS: Readonly<Record<string, (coffer: Coffer) => Promise<unknown>>> = {
  createToken: (c) => c.identities.createToken({ policies: ['none'] }),
  'createToken for an actor': (c) => c.identities.createToken({ actor: 'local:other' }),
  'lookup by accessor': (c) => c.identities.lookupToken({ accessor: 'abc' }),
  'lookup by token': (c) => c.identities.lookupToken({ token: 'unknown' }),
  renewToken: (c) => c.identities.renewToken({ accessor: 'abc' }),
  revokeToken: (c) => c.identities.revokeToken({ accessor: 'abc' }),
  tokens: (c) => c.identities.tokens(),
  createAccessKey: (c) => c.identities.createAccessKey({ policies: ['none'] }),
  accessKeys: (c) => c.identities.accessKeys(),
  updateAccessKey: (c) => c.identities.updateAccessKey('AKIAAAAAAAAAAAAAAAAA', { disabled: true }),
  deleteAccessKey: (c) => c.identities.deleteAccessKey('AKIAAAAAAAAAAAAAAAAA'),
  putAppRole: (c) => c.identities.putAppRole({ mount: 'approle', name: 'denied' }),
  appRole: (c) => c.identities.appRole('approle', 'denied'),
  appRoles: (c) => c.identities.appRoles('approle'),
  deleteAppRole: (c) => c.identities.deleteAppRole('approle', 'denied'),
  createSecretId: (c) => c.identities.createSecretId('approle', 'denied'),
  secretId: (c) => c.identities.secretId('approle', 'denied', { accessor: 'abc' }),
  secretIds: (c) => c.identities.secretIds('approle', 'denied'),
  destroySecretId: (c) => c.identities.destroySecretId('approle', 'denied', { accessor: 'abc' }),
  putJwtIssuer: (c) =>
    c.identities.putJwtIssuer({ mount: 'jwt', jwksUrl: 'https://issuer.test/keys' }),
  jwtIssuer: (c) => c.identities.jwtIssuer('jwt'),
  jwtIssuers: (c) => c.identities.jwtIssuers(),
  deleteJwtIssuer: (c) => c.identities.deleteJwtIssuer('jwt'),
  putJwtRole: (c) =>
    c.identities.putJwtRole({ mount: 'jwt', name: 'denied', boundAudiences: ['x'] }),
  jwtRole: (c) => c.identities.jwtRole('jwt', 'denied'),
  jwtRoles: (c) => c.identities.jwtRoles('jwt'),
  deleteJwtRole: (c) => c.identities.deleteJwtRole('jwt', 'denied'),
}

/** Credentials: made, changed, looked up and removed, by those who may. */
export function identitiesContract(stage: () => Stage): void {
  it.each(Object.entries(ADMIN_CALLS))(
    '%s is denied to all but administrators',
    async (_, call) => {
      const { coffer, world } = stage()
      await expectRefusal('denied', () => call(world.as('service:nobody')))
      const everySecret = await actorWith(stage(), 'every-secret', [
        { effect: 'allow', actions: ['*'], paths: ['**'] },
      ])
      await expectRefusal('denied', () => call(everySecret))
      const refused = await coffer.audit.query({ outcome: 'denied', actor: 'service:nobody' })
      expect(refused.length).toBeGreaterThan(0)
    },
  )

  it('makes a token that is shown once and known by its accessor', async () => {
    const { coffer, world } = stage()
    const made = await coffer.identities.createToken({
      policies: ['auditor', 'none'],
      ttlSeconds: 3_600,
      displayName: 'nightly job',
      metadata: { team: 'shop' },
      boundCidrs: ['10.0.0.0/8', '2001:db8::/32'],
    })
    expect(made.token.reveal()).toMatch(/^coffer_[0-9A-Za-z]{49}$/)
    expect(String(made.token)).not.toContain(made.token.reveal())
    expect(made.record).toMatchObject({
      actor: `token:${made.record.accessor}`,
      grants: { policies: ['auditor', 'none'], roles: [] },
      displayName: 'nightly job',
      createdAt: world.now(),
      ttlSeconds: 3_600,
      expiresAt: world.now() + 3_600_000,
      renewable: true,
      usesLeft: 0,
      metadata: { team: 'shop' },
      boundCidrs: ['10.0.0.0/8', '2001:db8::/32'],
    })
    const { accessor } = made.record
    expect(await coffer.identities.lookupToken({ accessor })).toEqual(made.record)
    const token = made.token.reveal()
    expect(await coffer.identities.lookupToken({ token })).toEqual(made.record)
    expect(
      (await everyItem((page) => coffer.identities.tokens(page))).map((t) => t.accessor),
    ).toContain(accessor)
    expect(await coffer.identities.lookupToken({ accessor: 'x'.repeat(24) })).toBeUndefined()
    expect(await coffer.identities.lookupToken({ token: 'coffer_unknown' })).toBeUndefined()
  })

  it('ends a token when its time is over, or when it is revoked', async () => {
    const { coffer, world } = stage()
    const brief = (await coffer.identities.createToken({ policies: ['none'], ttlSeconds: 60 }))
      .record
    const { accessor } = (await coffer.identities.createToken({ policies: ['none'] })).record
    world.advance(59_999)
    expect(await coffer.identities.lookupToken({ accessor: brief.accessor })).toEqual(brief)
    world.advance(1)
    expect(await coffer.identities.lookupToken({ accessor: brief.accessor })).toBeUndefined()
    await expectRefusal('not_found', () =>
      coffer.identities.renewToken({ accessor: brief.accessor }),
    )
    await coffer.identities.revokeToken({ accessor })
    expect(await coffer.identities.lookupToken({ accessor })).toBeUndefined()
    await expectRefusal('not_found', () => coffer.identities.revokeToken({ accessor }))
    const left = (await everyItem((page) => coffer.identities.tokens(page))).map((t) => t.accessor)
    expect(left).not.toContain(accessor)
    expect(left).not.toContain(brief.accessor)
  })

  it('renews up to the longest time of a token, and a periodic one for ever', async () => {
    const { identities } = stage().coffer
    const { world } = stage()
    const made = async (input: object) =>
      (await identities.createToken({ policies: ['none'], ...input })).record
    const { accessor } = await made({ ttlSeconds: 100, maxTtlSeconds: 150 })
    world.advance(90_000)
    expect((await identities.renewToken({ accessor }, 20)).expiresAt).toBe(world.now() + 20_000)
    world.advance(10_000)
    expect((await identities.renewToken({ accessor }, 100)).expiresAt).toBe(world.now() + 50_000)
    const periodic = await made({ periodSeconds: 60, ttlSeconds: 60 })
    for (let i = 0; i < 3; i++) {
      world.advance(59_000)
      const renewed = await identities.renewToken({ accessor: periodic.accessor }, 10_000)
      expect(renewed.expiresAt).toBe(world.now() + 60_000)
    }
    const fixed = await made({ ttlSeconds: 60, renewable: false })
    await expectRefusal('failed_precondition', () =>
      identities.renewToken({ accessor: fixed.accessor }),
    )
    const endless = await made({ ttlSeconds: 0 })
    expect(endless.expiresAt).toBeUndefined()
    await expectRefusal('failed_precondition', () =>
      identities.renewToken({ accessor: endless.accessor }),
    )
    world.advance(400 * DAY_MS)
    expect(await identities.lookupToken({ accessor: endless.accessor })).toEqual(endless)
  })

  it('refuses unknown policies, roles and actors, unless they are to be kept', async () => {
    const { identities } = stage().coffer
    const unknown = { policies: ['not-there'] }
    await expectRefusal('not_found', () => identities.createToken(unknown))
    await expectRefusal('not_found', () => identities.createToken({ roles: ['not-there'] }))
    await expectRefusal('not_found', () => identities.createToken({ actor: 'local:not-there' }))
    await expectRefusal('not_found', () => identities.createAccessKey(unknown))
    const role = { mount: 'approle', name: 'unknown-policies', token: unknown }
    await expectRefusal('not_found', () => identities.putAppRole(role))
    const kept = await identities.createToken({ ...unknown, unknownPolicies: 'keep' })
    expect(kept.record.grants?.policies).toEqual(['not-there'])
    expect(
      (await identities.putAppRole({ ...role, unknownPolicies: 'keep' })).token.policies,
    ).toEqual(['not-there'])
    const { mount, name } = role
    const changed = await identities.putAppRole({ mount, name, token: { ttlSeconds: 5 } })
    expect(changed.token).toMatchObject({ policies: ['not-there'], ttlSeconds: 5 })
    const policies = ['not-there', 'nor-there']
    await expectRefusal('not_found', () =>
      identities.putAppRole({ mount, name, token: { policies } }),
    )
  })

  it('keeps to its limits', async () => {
    const { identities } = stage().coffer
    const at = (input: object) => identities.createToken({ policies: ['none'], ...input })
    const pairs = (n: number) =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, '']))
    const {
      tokenTtlSecondsMax: ttl,
      tokenUsesMax: uses,
      credentialNameCharsMax: name,
      credentialCidrsMax: cidrs,
      credentialMetadataMax: metadata,
      credentialMetadataKeyCharsMax: key,
      credentialMetadataValueCharsMax: value,
    } = LIMITS
    const good: object[] = [
      { ttlSeconds: ttl, maxTtlSeconds: ttl, periodSeconds: ttl },
      { uses },
      { displayName: 'n'.repeat(name) },
      { boundCidrs: Array<string>(cidrs).fill('10.0.0.1') },
      { metadata: pairs(metadata) },
      { metadata: { ['k'.repeat(key)]: 'v'.repeat(value) } },
    ]
    for (const input of good) await at(input)
    const bad: object[] = [
      { ttlSeconds: ttl + 1 },
      { ttlSeconds: -1 },
      { ttlSeconds: 1.5 },
      { maxTtlSeconds: ttl + 1 },
      { periodSeconds: ttl + 1 },
      { uses: uses + 1 },
      { displayName: 'n'.repeat(name + 1) },
      { displayName: 'a\nb' },
      { boundCidrs: Array<string>(cidrs + 1).fill('10.0.0.1') },
      { boundCidrs: ['10.0.0.0/33'] },
      { metadata: pairs(metadata + 1) },
      { metadata: { ['k'.repeat(key + 1)]: '' } },
      { metadata: { k: 'v'.repeat(value + 1) } },
    ]
    const count = async () => (await everyItem((page) => identities.tokens(page))).length
    const before = await count()
    for (const input of bad) await expectRefusal('invalid_argument', () => at(input))
    expect(await count()).toBe(before)
  })

  it('makes access keys, disables and deletes them', async () => {
    const { identities } = stage().coffer
    const { record, secretAccessKey } = await identities.createAccessKey({
      policies: ['auditor'],
      displayName: 'deploy',
    })
    expect(record.id).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(secretAccessKey.reveal()).toMatch(/^[A-Za-z0-9+/]{40}$/)
    expect(record).toMatchObject({ actor: `access-key:${record.id}`, disabled: false })
    const listed = async () =>
      (await everyItem((page) => identities.accessKeys(page))).filter(({ id }) => id === record.id)
    expect(await listed()).toEqual([record])
    expect(await identities.updateAccessKey(record.id, { disabled: true })).toEqual({
      ...record,
      disabled: true,
    })
    await identities.deleteAccessKey(record.id)
    expect(await listed()).toEqual([])
    await expectRefusal('not_found', () => identities.deleteAccessKey(record.id))
    await expectRefusal('invalid_argument', () => identities.createAccessKey({}))
  })

  it('names who has access by a credential among those who have it', async () => {
    const { coffer } = stage()
    const { identities } = coffer
    const rules = [{ effect: 'allow', actions: ['read'], paths: ['who/**'] }] as const
    await coffer.access.putPolicy({ name: 'who-reader', rules })
    const policies = ['who-reader']
    const key = await identities.createAccessKey({ policies })
    const off = await identities.createAccessKey({ policies })
    await identities.updateAccessKey(off.record.id, { disabled: true })
    const token = await identities.createToken({ policies })
    const ended = await identities.createToken({ policies })
    await identities.revokeToken({ accessor: ended.record.accessor })
    await identities.putAppRole({ mount: 'approle', name: 'who', token: { policies } })
    const who = await coffer.access.who('read', 'who/a')
    const allowed = who.filter(({ answer }) => answer.allowed).map(({ actor }) => actor)
    const test = (actor: string) =>
      coffer.access.test({ actor, action: 'read', path: 'who/a' }).then((answer) => answer.allowed)
    for (const actor of [key.record.actor, token.record.actor, 'approle:who']) {
      expect(allowed).toContain(actor)
      expect(await test(actor)).toBe(true)
    }
    for (const { record } of [off, ended]) {
      expect(allowed).not.toContain(record.actor)
      expect(await test(record.actor)).toBe(false)
    }
  })

  it('audits every change, and every refusal', async () => {
    const { coffer, world } = stage()
    const { record } = await coffer.identities.createToken({ policies: ['none'] })
    await coffer.identities.revokeToken({ accessor: record.accessor })
    await expectRefusal('denied', () =>
      world.as('service:nobody').identities.createAccessKey({ policies: [] }),
    )
    const trail = (await coffer.audit.query({ limit: 4 }))
      .slice(0, 3)
      .map((e) => [e.action, e.outcome, e.resource])
    expect(trail).toEqual([
      ['token.create', 'allowed', `token:${record.accessor}`],
      ['token.revoke', 'allowed', `token:${record.accessor}`],
      ['access-key.create', 'denied', 'access-key:*'],
    ])
  })
}
