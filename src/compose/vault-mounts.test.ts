import { expect, test } from 'vitest'
import { admin, newHome } from '../../test/support/platform.ts'

async function opened() {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  const mount = (name: string) => coffer.settings.get(`vault/auth/${name}`)
  return { platform, coffer, mount }
}

const role = (mount: string) => ({ mount, name: 'r', token: { policies: ['admin'] } })

test('a login that is made is there for clients of Vault, in one change with two events', async () => {
  const { coffer, mount } = await opened()
  await coffer.identities.putAppRole(role('ci'))
  expect(await mount('ci')).toEqual({ backend: 'approle' })
  const events = await coffer.audit.query({})
  expect(events.slice(-3, -1).map(({ action, resource }) => [action, resource])).toEqual([
    ['approle.write', 'approle:ci/r'],
    ['setting.write', 'setting:vault/auth/ci'],
  ])
  await coffer.identities.deleteAppRole('ci', 'r')
  expect(await mount('ci')).toBeUndefined()
})

test('what every store has needs no setting', async () => {
  const { coffer, mount } = await opened()
  await coffer.identities.putAppRole(role('approle'))
  expect(await mount('approle')).toBeUndefined()
})

test('what somebody enabled by Vault’s own way stays when its logins go', async () => {
  const { coffer, mount } = await opened()
  const body = { backend: 'approle', accessor: 'auth_approle_1' }
  await coffer.settings.put('vault/auth/ci', body)
  await coffer.identities.putAppRole(role('ci'))
  await coffer.identities.deleteAppRole('ci', 'r')
  expect(await mount('ci')).toEqual(body)
})

test('what was disabled is opened again by who may change it, and by nobody else', async () => {
  const { platform, coffer, mount } = await opened()
  await coffer.settings.put('vault/auth/ci', { removed: true })
  await coffer.access.putPolicy({
    name: 'logins',
    rules: [{ effect: 'allow', actions: ['admin'], paths: ['approle:**'] }],
  })
  await coffer.access.putActor({ name: 'local:ops', policies: ['logins'], roles: [] })
  const token = { policies: ['logins'] }
  await platform.as('local:ops').identities.putAppRole({ ...role('ci'), token })
  expect(await mount('ci')).toEqual({ removed: true })
  await coffer.identities.putAppRole(role('ci'))
  expect(await mount('ci')).toEqual({ backend: 'approle' })
})

test.each(['token', 'token/create', 'jwt', 'ci/gitlab', 'a'])('%s is taken', async (taken) => {
  const { coffer, mount } = await opened()
  await coffer.identities.putAppRole(role('ci'))
  await coffer.identities.putAppRole(role('a/b'))
  await coffer.identities.putAppRole(role(taken))
  expect(await mount(taken)).toBeUndefined()
})
