import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPlatform } from '../../compose.ts'
import type { Bench } from '../test-world.ts'
import { bench } from '../test-world.ts'

/** The store as a server opens it. */
const platformOf = ({ env }: Bench) => openPlatform({ env })

test('where there are no credentials a person is told so, and a script gets an empty list', async () => {
  await using store = await bench()
  const { run } = store
  for (const args of [
    ['token', 'list'],
    ['access-key', 'list'],
    ['jwt', 'list'],
    ['role', 'list', '--login'],
  ]) {
    const ran = await run(args)
    expect([ran.code, ran.out, /^(?:No|There are no) .*\.\n$/.test(ran.err)]).toEqual([0, '', true])
    expect(Object.values((await run([...args, '--json'])).json())).toEqual([[]])
  }
})

test('token create prints the token alone, and all of it with --json', async () => {
  await using store = await bench()
  const { run } = store
  const plain = await run(['token', 'create', '--policy', 'auditor', '--ttl', '1h'])
  expect(plain.out).toMatch(/^coffer_[0-9A-Za-z]{49}\n$/)
  expect(plain.err).toContain('auditor')
  const args = ['token', 'create', '--policy', 'admin', '--name', 'ci', '--uses', '3', '--json']
  const made = (await run(args)).json()
  expect(made).toMatchObject({
    policies: ['admin'],
    name: 'ci',
    usesLeft: 3,
    ttlSeconds: 2_764_800,
  })
  const platform = await platformOf(store)
  const session = await platform.identities.authenticate(String(made.token), {})
  expect(session).toMatchObject({ actor: made.actor, grants: { policies: ['admin'] } })
  await platform.close()
  const listed = await run(['token', 'list'])
  expect(listed.out).toContain(String(made.accessor))
  expect(listed.out).not.toContain(String(made.token))
})

test('tokens are looked up, renewed and revoked by accessor, or by the token on stdin', async () => {
  await using store = await bench()
  const { run } = store
  const made = (await run(['token', 'create', '--policy', 'none', '--ttl', '60', '--json'])).json()
  const accessor = String(made.accessor)
  const token = String(made.token)
  const look = () => run(['token', 'lookup', '-', '--json'], { input: `${token}\n` })
  expect((await look()).json()).toMatchObject({ accessor, ttlSeconds: 60 })
  const renewed = (await run(['token', 'renew', accessor, '--increment', '2h', '--json'])).json()
  expect(renewed.ttlSeconds).toBe(7_200)
  expect((await run(['token', 'lookup', token])).code).toBe(64)
  expect((await run(['token', 'lookup'])).code).toBe(64)
  expect((await run(['token', 'revoke', accessor])).code).toBe(64)
  expect((await run(['token', 'revoke', accessor, '--yes'])).code).toBe(0)
  expect((await look()).code).toBe(66)
})

test('a policy must be named, and must exist', async () => {
  await using store = await bench()
  const { run } = store
  for (const kind of [
    ['token', 'create'],
    ['access-key', 'create'],
    ['role', 'create', 'web'],
  ]) {
    const none = await run(kind)
    expect([none.code, none.err.includes('--policy')]).toEqual([64, true])
    const unknown = await run([...kind, '--policy', 'not-there'])
    expect([unknown.code, unknown.err.includes('coffer policy list')]).toEqual([66, true])
    expect(unknown.out).toBe('')
  }
})

test('access keys: made, listed without their secret, disabled, deleted', async () => {
  await using store = await bench()
  const { run } = store
  const made = (await run(['access-key', 'create', '--policy', 'admin', '--json'])).json()
  expect(made).toMatchObject({ policies: ['admin'], disabled: false })
  const [id, secret] = [String(made.accessKeyId), String(made.secretAccessKey)]
  const shell = await run(['access-key', 'create', '--policy', 'none', '--policy', 'auditor'])
  expect(shell.out).toMatch(
    /^export AWS_ACCESS_KEY_ID=AKIA\w{16}\nexport AWS_SECRET_ACCESS_KEY=\S{40}\n$/,
  )
  expect((await run(['access-key', 'disable', id, '--json'])).json().disabled).toBe(true)
  const listed = await run(['access-key', 'list'])
  expect(listed.out).toMatch(new RegExp(`${id}.*disabled`))
  expect(listed.out).not.toContain(secret)
  expect((await run(['access-key', 'enable', id])).code).toBe(0)
  expect((await run(['access-key', 'delete', id, '--yes'])).code).toBe(0)
  expect((await run(['access-key', 'delete', id, '--yes'])).code).toBe(66)
})

test('role create makes a role to log in to, beside the sets of policies', async () => {
  await using store = await bench()
  const { run } = store
  const args = ['role', 'create', 'web', '--policy', 'auditor', '--ttl', '15m', '--json']
  const made = (await run([...args, '--secret-id-uses', '1'])).json()
  expect(made).toMatchObject({
    name: 'web',
    mount: 'approle',
    policies: ['auditor'],
    secretIdUses: 1,
  })
  const platform = await platformOf(store)
  const login = { mount: 'approle', roleId: String(made.roleId), secretId: String(made.secretId) }
  const { record } = await platform.identities.loginAppRole(login, {})
  expect(record).toMatchObject({ actor: 'approle:web', ttlSeconds: 900 })
  await expect(platform.identities.loginAppRole(login, {})).rejects.toMatchObject({
    code: 'unauthenticated',
  })
  const again = await run(args)
  expect([again.code, again.err.includes('role secret-id web')]).toEqual([73, true])
  const more = (await run(['role', 'secret-id', 'web', '--json'])).json()
  await platform.identities.loginAppRole({ ...login, secretId: String(more.secretId) }, {})
  await platform.close()

  await run(['role', 'put', 'team', '--policy', 'none'])
  const sets = await run(['role', 'list'])
  expect([sets.out.includes('team'), sets.out.includes('web')]).toEqual([true, false])
  expect(sets.err).toContain('--login')
  expect((await run(['role', 'list', '--login'])).out).toMatch(/web .*auditor/)
  expect((await run(['role', 'delete', 'web', '--yes'])).code).toBe(66)
  expect((await run(['role', 'delete', 'web', '--login', '--yes'])).code).toBe(0)
  expect((await run(['role', 'list', '--login', '--json'])).json()).toEqual({ loginRoles: [] })
})

test('jwt: an issuer by its public key, and a role that binds claims', async () => {
  await using store = await bench()
  const { run, dir } = store
  const file = join(dir, 'key.pem')
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }))
  expect((await run(['jwt', 'put', 'ci'])).code).toBe(64)
  expect(
    (await run(['jwt', 'put', 'ci', '--public-key', file, '--issuer', 'https://ci'])).code,
  ).toBe(0)
  expect((await run(['jwt', 'role', 'ci', 'deploy', '--policy', 'auditor'])).code).toBe(64)
  const claims = ['--claim', 'ref=main', '--claim', 'ref=next', '--claim', 'project=shop/*']
  const bound = await run([
    'jwt',
    'role',
    'ci',
    'deploy',
    '--policy',
    'auditor',
    ...claims,
    '--glob',
    '--json',
  ])
  expect(bound.json()).toMatchObject({
    boundClaims: { ref: ['main', 'next'], project: ['shop/*'] },
    boundClaimsType: 'glob',
    token: { policies: ['auditor'] },
  })
  const longer = await run(['jwt', 'role', 'ci', 'deploy', '--ttl', '5m', '--json'])
  expect(longer.json()).toMatchObject({ token: { policies: ['auditor'], ttlSeconds: 300 } })
  expect((await run(['jwt', 'list'])).out).toContain('ref=main|next project=shop/*')
  expect((await run(['jwt', 'delete', 'ci', 'deploy', '--yes'])).code).toBe(0)
  expect((await run(['jwt', 'delete', 'ci', '--yes'])).code).toBe(0)
  expect((await run(['jwt', 'list', '--json'])).json()).toEqual({ issuers: [] })
})
