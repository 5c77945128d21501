import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../../core/limits.ts'
import type { TestServer } from '../../../test-server.ts'
import { ADMIN, startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

/** What an actor with little tries in order to have more. */

let server: TestServer
let root: Send

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

let made = 0
/** A client with one policy of this text. */
async function holder(text: string): Promise<Send> {
  const name = `little-${made++}`
  expect((await root('PUT', `sys/policies/acl/${name}`, { policy: text })).status).toBe(204)
  const { body } = await root('POST', 'auth/token/create', { policies: [name] })
  return vaultClient(server.url, body.auth.client_token)
}

const ALL = 'capabilities = ["create", "read", "update", "delete", "list", "patch", "sudo"]'

describe('who may change login roles gets no root token out of them', () => {
  const NO_ROOT = { status: 400, body: { errors: ['auth methods cannot create root tokens'] } }
  const ROLE = 'auth/approle/role'
  let send: Send

  beforeAll(async () => {
    send = await holder(`path "auth/*" { ${ALL} }`)
  })

  it('by policies of an AppRole', async () => {
    for (const policies of ['root', 'admin', ['default', ' ROOT ']]) {
      expect(await send('POST', `${ROLE}/own`, { token_policies: policies })).toEqual(NO_ROOT)
    }
    expect((await send('POST', `${ROLE}/own`, { token_policies: 'x' })).status).toBe(204)
    expect(await send('POST', `${ROLE}/own/policies`, { token_policies: 'root' })).toEqual(NO_ROOT)
    expect((await root('GET', `${ROLE}/own`)).body.data.token_policies).toEqual(['x'])
  })

  it('by an AppRole that is root already, or stands for an administrator', async () => {
    const { identities } = server.platform.as(ADMIN)
    expect((await root('POST', `${ROLE}/strong`, { token_policies: 'root' })).status).toBe(204)
    await identities.putAppRole({ mount: 'approle', name: 'alias', token: { actor: ADMIN } })
    const token = { actor: ADMIN, policies: ['none'] }
    await identities.putAppRole({ mount: 'approle', name: 'bound', token })
    for (const [path, body] of [
      ['strong', { secret_id_ttl: 60 }],
      ['strong', { token_policies: 'x' }],
      ['strong/role-id', { role_id: 'mine' }],
      ['strong/secret-id', {}],
      ['strong/custom-secret-id', { secret_id: 'mine' }],
      ['alias/secret-id', {}],
      ['alias/period', { period: 60 }],
      ['bound/policies', { token_policies: [] }],
    ] as const) {
      expect([path, await send('POST', `${ROLE}/${path}`, body as never)]).toEqual([path, NO_ROOT])
    }
    expect(await send('DELETE', `${ROLE}/bound/policies`)).toEqual(NO_ROOT)
    expect((await root('POST', `${ROLE}/strong/secret-id`)).status).toBe(200)
  })

  it('by a role for JWTs, or by keys of its own for one', async () => {
    const role = { user_claim: 'sub', bound_audiences: 'us' }
    const at = 'auth/jwt/role/own'
    expect(await send('POST', at, { ...role, token_policies: 'root' })).toEqual(NO_ROOT)
    expect((await root('POST', at, { ...role, token_policies: 'root' })).status).toBe(204)
    expect(await send('POST', at, { bound_audiences: 'mine' })).toEqual(NO_ROOT)
    const config = { jwks_url: 'https://keys.example/mine' }
    expect(await send('POST', 'auth/jwt/config', config)).toEqual(NO_ROOT)
    expect((await root('DELETE', at)).status).toBe(204)
    expect((await send('POST', 'auth/jwt/config', config)).status).toBe(204)
  })
})

it('another spelling of what is denied is denied', async () => {
  const send = await holder(`
    path "*"                          { ${ALL} }
    path "sys/policies/acl/guarded"   { capabilities = ["deny"] }
    path "sys/policy/guarded"         { capabilities = ["deny"] }
    path "auth/approle/role/guarded"  { capabilities = ["deny"] }
    path "auth/approle/role/guarded/*" { capabilities = ["deny"] }
    path "auth/jwt/role/guarded"      { capabilities = ["deny"] }
    path "sys/auth/guarded"           { capabilities = ["deny"] }
    path "sys/mounts/guarded"         { capabilities = ["deny"] }
    path "secret/subkeys/guarded"     { capabilities = ["deny"] }`)
  await root('PUT', 'secret/data/guarded', { data: { a: 1 } })
  for (const path of [
    'sys/policies/acl/GUARDED',
    'sys/policies/acl/%20guarded',
    'sys/policies/acl/guarded%20',
    'sys/policy/Guarded',
    'auth/approle/role/Guarded',
    'auth/approle/role/guarded//',
    'auth/approle/role/GUARDED/role-id',
    'auth/jwt/role/guarde%44',
    'sys/auth/guarded///',
    'sys/auth//guarded',
    'sys/mounts//guarded',
    'sys/mounts/guarded////',
    'sys/mounts/guarded%2F%2F%2F',
    'secret/subkeys//guarded',
  ]) {
    expect([path, (await send('GET', path)).status]).toEqual([path, 403])
  }
  expect((await send('GET', 'sys/policies/acl/Default')).status).toBe(200)
})

it('one request names at most as many versions as a secret can have', async () => {
  const versions = Array.from({ length: LIMITS.versionsMax + 1 }, () => 1)
  await root('PUT', 'secret/data/many', { data: { a: 1 } })
  for (const path of ['delete', 'undelete', 'destroy']) {
    const answer = await root('POST', `secret/${path}/many`, { versions })
    expect(answer.body).toEqual({ errors: [`at most ${LIMITS.versionsMax} versions at once`] })
  }
  const most = { versions: versions.slice(1) }
  expect((await root('POST', 'secret/delete/many', most)).status).toBe(204)
})

it('a token in an address is not in the audit log of its refusal', async () => {
  const send = await holder('path "nothing" { capabilities = ["read"] }')
  const victim = (await root('POST', 'auth/token/create', { policies: ['x'] })).body.auth
  for (const path of ['revoke', 'renew', 'revoke/', 'lookup']) {
    const at = `auth/token/${path}/${victim.client_token}`
    for (const method of ['POST', 'GET', 'DELETE']) await send(method, at)
  }
  const events = await server.platform.as(ADMIN).audit.query({ action: 'vault.request' })
  expect(events.length).toBeGreaterThan(0)
  expect(JSON.stringify(events).includes(victim.client_token)).toBe(false)
  expect(events.map(({ resource }) => resource)).toContain('vault:auth/token/revoke/*')
})

it('a token that is bound to addresses makes none that is not, by a role either', async () => {
  const policy = 'path "auth/token/create/*" { capabilities = ["update"] }'
  expect((await root('PUT', 'sys/policies/acl/maker', { policy })).status).toBe(204)
  expect((await root('POST', 'auth/token/roles/plain', {})).status).toBe(204)
  const own = ['10.0.0.0/8']
  const narrow = { token_bound_cidrs: own }
  expect((await root('POST', 'auth/token/roles/narrow', narrow)).status).toBe(204)
  const bound = ['127.0.0.0/8']
  const send = vaultClient(
    server.url,
    await server.token({ policies: ['maker'], boundCidrs: bound }),
  )
  for (const [role, cidrs] of [
    ['plain', bound],
    ['narrow', own],
  ] as const) {
    const { accessor } = (await send('POST', `auth/token/create/${role}`, {})).body.auth
    const { data } = (await root('POST', 'auth/token/lookup-accessor', { accessor })).body
    expect([role, data.bound_cidrs]).toEqual([role, cidrs])
  }
})

it('who may only create removes nothing, and changes nothing that is there', async () => {
  const send = await holder(`
    path "secret/data/made/*" { capabilities = ["create", "delete"] }
    path "secret/*"           { capabilities = ["create"] }`)
  await root('PUT', 'secret/data/made/x', { data: { a: 1 } })
  const versions = { versions: [1] }
  for (const path of ['delete', 'undelete', 'destroy']) {
    expect([path, (await send('POST', `secret/${path}/made/x`, versions)).status]).toEqual([
      path,
      403,
    ])
  }
  expect((await send('POST', 'secret/metadata/made/x', { max_versions: 3 })).status).toBe(403)
  expect((await send('POST', 'secret/metadata/made/new', { max_versions: 3 })).status).toBe(204)
  expect((await send('DELETE', 'secret/data/made/x')).status).toBe(204)
})
