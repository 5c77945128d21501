import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { Stage } from './world.ts'
import { actorWith, expectRefusal } from './world.ts'

/** Roles that machines log in to, their secret ids, and issuers of JWTs with theirs. */
export function loginRolesContract(stage: () => Stage): void {
  it('keeps login roles; what is not said stays', async () => {
    const { identities } = stage().coffer
    const name = { mount: 'approle', name: 'keeper' }
    const made = await identities.putAppRole({
      ...name,
      secretIdUses: 3,
      token: { policies: ['none'], ttlSeconds: 60 },
    })
    expect(made).toMatchObject({ ...name, bindSecretId: true, secretIdTtlSeconds: 0 })
    expect(made.roleId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
    const changed = await identities.putAppRole({ ...name, token: { maxTtlSeconds: 120 } })
    expect(changed).toEqual({ ...made, token: { ...made.token, maxTtlSeconds: 120 } })
    expect(await identities.appRole('approle', 'keeper')).toEqual(changed)
    expect((await identities.appRoles('approle')).map((r) => r.name)).toContain('keeper')
    await expectRefusal('already_exists', () =>
      identities.putAppRole({ mount: 'approle', name: 'thief', roleId: made.roleId }),
    )
    await expectRefusal('invalid_argument', () =>
      identities.putAppRole({ ...name, bindSecretId: false }),
    )
    await identities.deleteAppRole('approle', 'keeper')
    expect(await identities.appRole('approle', 'keeper')).toBeUndefined()
    await expectRefusal('not_found', () => identities.deleteAppRole('approle', 'keeper'))
  })

  it('makes secret ids within what the role allows, and destroys them', async () => {
    const { identities } = stage().coffer
    const role = ['approle', 'issuer'] as const
    await identities.putAppRole({
      mount: role[0],
      name: role[1],
      secretIdTtlSeconds: 600,
      secretIdUses: 5,
      secretIdBoundCidrs: ['10.0.0.0/8'],
    })
    const { secretId, record } = await identities.createSecretId(...role, {
      metadata: { host: 'a' },
      cidrs: ['10.1.0.0/16'],
    })
    expect(record).toMatchObject({ ttlSeconds: 600, usesLeft: 5, metadata: { host: 'a' } })
    const { accessor } = record
    expect(await identities.secretId(...role, { accessor })).toEqual(record)
    expect(await identities.secretId(...role, { secretId: secretId.reveal() })).toEqual(record)
    const custom = await identities.createSecretId(...role, { secretId: 'my own', uses: 1 })
    expect(custom.secretId.reveal()).toBe('my own')
    await expectRefusal('already_exists', () =>
      identities.createSecretId(...role, { secretId: 'my own' }),
    )
    for (const input of [
      { uses: 6 },
      { uses: 0 },
      { ttlSeconds: 601 },
      { ttlSeconds: 0 },
      { cidrs: ['11.0.0.0/8'] },
      { cidrs: ['0.0.0.0/0'] },
    ]) {
      await expectRefusal('invalid_argument', () => identities.createSecretId(...role, input))
    }
    expect((await identities.secretIds(...role)).items.length).toBe(2)
    await identities.destroySecretId(...role, { accessor })
    await identities.destroySecretId(...role, { secretId: 'my own' })
    expect(await identities.secretIds(...role)).toEqual({ items: [] })
    await expectRefusal('not_found', () => identities.destroySecretId(...role, { accessor }))
  })

  it('forgets the secret ids of a role with the role', async () => {
    const { identities } = stage().coffer
    const role = { mount: 'approle', name: 'reborn' }
    await identities.putAppRole(role)
    const { record } = await identities.createSecretId('approle', 'reborn', { secretId: 'same' })
    await identities.deleteAppRole('approle', 'reborn')
    await identities.putAppRole(role)
    expect(await identities.secretIds('approle', 'reborn')).toEqual({ items: [] })
    const { accessor } = record
    expect(await identities.secretId('approle', 'reborn', { accessor })).toBeUndefined()
    await identities.createSecretId('approle', 'reborn', { secretId: 'same' })
  })

  it('lets who may write a role make its secret ids, and no more', async () => {
    const { coffer } = stage()
    await coffer.identities.putAppRole({ mount: 'approle', name: 'handed-out' })
    const courier = await actorWith(stage(), 'courier', [
      { effect: 'allow', actions: ['write'], paths: ['approle:approle/handed-out'] },
    ])
    const made = await courier.identities.createSecretId('approle', 'handed-out')
    expect(made.record.usesLeft).toBe(0)
    await expectRefusal('denied', () => courier.identities.secretIds('approle', 'handed-out'))
    await expectRefusal('denied', () =>
      courier.identities.putAppRole({ mount: 'approle', name: 'handed-out' }),
    )
  })

  it('keeps issuers of JWTs and their roles', async () => {
    const { identities } = stage().coffer
    const issuer = { mount: 'ci/gitlab', discoveryUrl: 'https://gitlab.test', defaultRole: 'ci' }
    await identities.putJwtIssuer(issuer)
    expect(await identities.jwtIssuer('ci/gitlab')).toMatchObject(issuer)
    expect((await identities.jwtIssuers()).map((i) => i.mount)).toEqual(['ci/gitlab'])
    const role = {
      mount: 'ci/gitlab',
      name: 'ci',
      boundClaims: { project_path: 'shop/*', ref_protected: ['true'] },
      boundClaimsType: 'glob' as const,
      token: { policies: ['none'] },
    }
    const made = await identities.putJwtRole(role)
    expect(made).toMatchObject({
      ...role,
      token: { policies: ['none'], uses: 0 },
      userClaim: 'sub',
    })
    expect(await identities.jwtRole('ci/gitlab', 'ci')).toEqual(made)
    expect(await identities.jwtRoles('ci/gitlab')).toEqual([made])
    await identities.deleteJwtRole('ci/gitlab', 'ci')
    await identities.deleteJwtIssuer('ci/gitlab')
    expect(await identities.jwtIssuer('ci/gitlab')).toBeUndefined()
    await expectRefusal('not_found', () => identities.deleteJwtIssuer('ci/gitlab'))
    // A role may be there before its issuer, as Vault's clients expect; nobody logs in with it.
    expect(await identities.putJwtRole(role)).toEqual(made)
  })

  it('refuses issuers and roles that would trust too much', async () => {
    const { identities } = stage().coffer
    const issuers: object[] = [
      {},
      { jwksUrl: 'https://a.test', discoveryUrl: 'https://a.test' },
      { jwksUrl: 'http://a.test/keys' },
      { jwksUrl: 'https://user:pass@a.test/keys' },
      { jwksUrl: 'file:///etc/passwd' },
      { jwksUrl: 'https://a.test', algorithms: ['HS256'] },
      { jwksUrl: 'https://a.test', algorithms: ['none'] },
      { publicKeys: ['-----BEGIN PRIVATE KEY-----'] },
      { publicKeys: [] },
      { publicKeys: Array<string>(LIMITS.jwtPublicKeysMax + 1).fill('-----BEGIN PUBLIC KEY-----') },
    ]
    for (const input of issuers) {
      await expectRefusal('invalid_argument', () =>
        identities.putJwtIssuer({ mount: 'careless', ...input }),
      )
    }
    const large = { mount: 'large', jwksUrl: 'https://a.test' }
    const boundIssuer = 'x'.repeat(LIMITS.settingBytesMax)
    await expectRefusal('too_large', () => identities.putJwtIssuer({ ...large, boundIssuer }))
    await identities.putJwtIssuer({ mount: 'careful', jwksUrl: 'https://a.test/keys' })
    const values = (n: number) => ({ boundAudiences: Array<string>(n).fill('a') })
    const claims = (n: number) => ({
      boundClaims: Object.fromEntries(Array.from({ length: n }, (_, i) => [`c${i}`, 'v'])),
    })
    const { jwtBoundClaimsMax, jwtBoundValuesMax } = LIMITS
    const put = (input: object) => identities.putJwtRole({ mount: 'careful', name: 'r', ...input })
    await put(values(jwtBoundValuesMax))
    await put(claims(jwtBoundClaimsMax))
    const bad = [
      { boundAudiences: [], boundClaims: {} },
      values(jwtBoundValuesMax + 1),
      claims(jwtBoundClaimsMax + 1),
      { boundClaims: { a: { nested: true } } },
      { boundClaims: { a: [] } },
    ]
    for (const input of bad) await expectRefusal('invalid_argument', () => put(input))
    expect((await identities.jwtRoles('careful')).length).toBe(1)
    await identities.deleteJwtIssuer('careful')
  })
}
