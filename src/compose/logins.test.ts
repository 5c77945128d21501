import { expect, test } from 'vitest'
import type { AppRoleInput, Presented, SecretIdInput } from '../core/ports/identities.ts'
import type { Platform } from '../core/ports/platform.ts'
import { refusalOf } from '../testing/refusal.ts'
import { admin, newHome } from '../../test/support/platform.ts'

const HERE: Presented = { address: '10.1.2.3', via: 'test', request: 'r1' }

interface Role {
  readonly platform: Platform
  readonly roleId: string
  advance(ms: number): void
  secretId(input?: SecretIdInput): Promise<string>
  login(secretId: string | undefined, from?: Presented): Promise<string>
}

async function roleWith(input: Partial<AppRoleInput> = {}): Promise<Role> {
  let now = Date.now()
  const platform = await (await newHome()).open({ clock: () => now })
  const { identities } = admin(platform)
  const { roleId } = await identities.putAppRole({
    mount: 'approle',
    name: 'ci',
    ...input,
    token: { policies: ['auditor'], ...input.token },
  })
  return {
    platform,
    roleId,
    advance: (ms) => {
      now += ms
    },
    secretId: async (given) =>
      (await identities.createSecretId('approle', 'ci', given)).secretId.reveal(),
    async login(secretId, from = HERE) {
      const made = await platform.identities.loginAppRole(
        { mount: 'approle', roleId, secretId },
        from,
      )
      return made.token.reveal()
    },
  }
}

const refused = async (run: () => Promise<unknown>): Promise<string> =>
  (await refusalOf(run)).message

test('a role id with its secret id gives a token, as the role says', async () => {
  const role = await roleWith({ token: { ttlSeconds: 60, maxTtlSeconds: 90, uses: 2 } })
  const { platform, roleId } = role
  const secretId = await role.secretId({ metadata: { host: 'a' } })
  const login = { mount: 'approle', roleId, secretId }
  const { token, record } = await platform.identities.loginAppRole(login, HERE)
  expect(record).toMatchObject({
    actor: 'approle:ci',
    grants: { policies: ['auditor'], roles: [] },
    ttlSeconds: 60,
    maxTtlSeconds: 90,
    usesLeft: 2,
    path: 'auth/approle/login',
    metadata: { role_name: 'ci', host: 'a' },
  })
  expect(await platform.identities.authenticate(token.reveal(), HERE)).toMatchObject({
    actor: 'approle:ci',
  })
  const [event] = await admin(platform).audit.query({ action: 'login' })
  expect(event).toMatchObject({
    actor: 'approle:ci',
    outcome: 'allowed',
    resource: 'approle:approle/ci',
    reason: `token ${record.accessor}`,
    address: '10.1.2.3',
    via: 'test',
    request: 'r1',
  })
})

test('whatever is wrong with a login, the answer is the same; the log has who and where', async () => {
  const role = await roleWith()
  const { platform, roleId } = role
  const good = await role.secretId()
  const other = await admin(platform).identities.putAppRole({ mount: 'approle', name: 'other' })
  const attempts = [
    { mount: 'approle', roleId, secretId: `${good}x` },
    { mount: 'approle', roleId, secretId: '' },
    { mount: 'approle', roleId },
    { mount: 'approle', roleId: other.roleId, secretId: good },
    { mount: 'approle', roleId: 'unknown', secretId: good },
    { mount: 'elsewhere', roleId, secretId: good },
    { mount: 'approle', roleId: `${roleId}\u0000`, secretId: good },
    { mount: 'approle', roleId: 'x'.repeat(5_000), secretId: good },
  ]
  const messages = new Set<string>()
  for (const login of attempts) {
    const error = await refusalOf(() => platform.identities.loginAppRole(login, HERE))
    expect(error.code).toBe('unauthenticated')
    messages.add(error.message)
  }
  expect(messages.size).toBe(1)
  const trail = await admin(platform).audit.query({ action: 'login' })
  expect(trail.map((e) => [e.actor, e.outcome, e.resource, e.address])).toEqual([
    ...Array.from({ length: 3 }, () => ['approle:ci', 'denied', 'approle:approle/ci', '10.1.2.3']),
    ['approle:other', 'denied', 'approle:approle/other', '10.1.2.3'],
    ['unknown:approle', 'denied', 'approle:approle/*', '10.1.2.3'],
    ['unknown:approle', 'denied', 'approle:elsewhere/*', '10.1.2.3'],
    ['unknown:approle', 'denied', 'approle:approle/*', '10.1.2.3'],
    ['unknown:approle', 'denied', 'approle:approle/*', '10.1.2.3'],
  ])
  expect(JSON.stringify(trail)).not.toContain(good)
})

test('a secret id of n uses logs in n times, however many try at once', async () => {
  const role = await roleWith()
  const secretId = await role.secretId({ uses: 3 })
  const tries = await Promise.allSettled(Array.from({ length: 12 }, () => role.login(secretId)))
  expect(tries.filter(({ status }) => status === 'fulfilled').length).toBe(3)
  expect(await admin(role.platform).identities.secretIds('approle', 'ci')).toEqual({ items: [] })
})

test('a secret id ends with its time, its role, and when it is destroyed', async () => {
  const role = await roleWith()
  const { identities } = admin(role.platform)
  const brief = await role.secretId({ ttlSeconds: 60 })
  await role.login(brief)
  role.advance(60_000)
  expect(await refused(() => role.login(brief))).toContain('not valid')
  const destroyed = await role.secretId()
  await identities.destroySecretId('approle', 'ci', { secretId: destroyed })
  expect(await refused(() => role.login(destroyed))).toContain('not valid')
  const orphaned = await role.secretId()
  await identities.deleteAppRole('approle', 'ci')
  await identities.putAppRole({ mount: 'approle', name: 'ci', roleId: role.roleId })
  expect(await refused(() => role.login(orphaned))).toContain('not valid')
  expect(await role.platform.identities.tidy()).toBe(2)
  await role.login(await role.secretId())
})

test('logins come from the addresses that role and secret id allow', async () => {
  const role = await roleWith({ secretIdBoundCidrs: ['10.0.0.0/8'] })
  const secretId = await role.secretId({ cidrs: ['10.1.0.0/16'], tokenBoundCidrs: ['10.1.2.0/24'] })
  for (const address of ['10.2.0.1', '11.0.0.1', undefined]) {
    expect(await refused(() => role.login(secretId, { address }))).toContain('not valid')
  }
  const token = await role.login(secretId, { address: '10.1.9.9' })
  const from = (address: string) => role.platform.identities.authenticate(token, { address })
  expect(await from('10.1.9.9')).toBeUndefined()
  expect(await from('10.1.2.1')).toBeDefined()
})

test('a role without secret ids is let in by its address alone', async () => {
  const role = await roleWith({ bindSecretId: false, secretIdBoundCidrs: ['10.0.0.0/8'] })
  await role.login(undefined)
  expect(await refused(() => role.login(undefined, { address: '11.0.0.1' }))).toContain('not valid')
})

test('a role that stands for an actor has what the actor has, now', async () => {
  const home = await newHome()
  const platform = await home.open()
  const { access, identities } = admin(platform)
  await access.putActor({ name: 'service:web', policies: ['auditor'], roles: [] })
  const { roleId } = await identities.putAppRole({
    mount: 'approle',
    name: 'web',
    token: { actor: 'service:web' },
  })
  const { secretId } = await identities.createSecretId('approle', 'web')
  const login = { mount: 'approle', roleId, secretId: secretId.reveal() }
  const { record } = await platform.identities.loginAppRole(login, {})
  expect(record).toMatchObject({ actor: 'service:web' })
  expect(record.grants).toBeUndefined()
  const coffer = platform.as('service:web')
  expect((await coffer.audit.query({})).length).toBeGreaterThan(0)
  await access.putActor({ name: 'service:web', policies: [], roles: [] })
  expect((await refusalOf(() => coffer.audit.query({}))).code).toBe('denied')
})

test('an access key is whom it was made for, until it is disabled or its time is over', async () => {
  let now = Date.now()
  const platform = await (await newHome()).open({ clock: () => now })
  const { identities } = admin(platform)
  const { record, secretAccessKey } = await identities.createAccessKey({
    policies: ['auditor'],
    ttlSeconds: 60,
  })
  const present = () => platform.identities.accessKey(record.id, HERE)
  const shown = await present()
  expect(shown?.session).toEqual({ actor: record.actor, grants: record.grants })
  expect(shown?.secretAccessKey.equals(secretAccessKey)).toBe(true)
  await identities.updateAccessKey(record.id, { disabled: true })
  expect(await present()).toBeUndefined()
  await identities.updateAccessKey(record.id, { disabled: false })
  expect(await present()).toBeDefined()
  now += 60_000
  expect(await present()).toBeUndefined()
  expect(await platform.identities.tidy()).toBe(1)
  expect(await platform.identities.accessKey('AKIAAAAAAAAAAAAAAAAA', HERE)).toBeUndefined()
})

test('credentials outlive a change of keys', async () => {
  const home = await newHome()
  const platform = await home.open()
  const { identities } = admin(platform)
  const { record, secretAccessKey } = await identities.createAccessKey({ policies: ['auditor'] })
  const { token } = await identities.createToken({ policies: ['auditor'] })
  await platform.keys.rotate({ actor: 'local:admin' })
  const again = await platform.identities.accessKey(record.id, HERE)
  expect(again?.secretAccessKey.equals(secretAccessKey)).toBe(true)
  expect(await platform.identities.authenticate(token.reveal(), HERE)).toBeDefined()
})

test('what a token does names its accessor in the log: what to revoke', async () => {
  const platform = await (await newHome()).open()
  await admin(platform).write('shop/a', { value: 'x' })
  const { token, record } = await admin(platform).identities.createToken({ policies: ['admin'] })
  const { actor, grants } = (await platform.identities.authenticate(token.reveal(), HERE))!
  const coffer = platform.as(actor, { grants, token: record.accessor, address: '10.1.2.3' })
  await coffer.read({ path: 'shop/a' })
  await coffer.write('shop/b', { value: 'x' })
  await coffer.list()
  const trail = await admin(platform).audit.query({ actor })
  expect(trail.map(({ action }) => action)).toEqual(['read', 'write', 'list'])
  for (const event of trail)
    expect(event).toMatchObject({ accessor: record.accessor, address: '10.1.2.3' })
  expect((await admin(platform).audit.verify()).ok).toBe(true)
})
