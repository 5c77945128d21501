import { expect, it } from 'vitest'
import type { Stage } from './world.ts'
import { expectRefusal, revealed } from './world.ts'

/** Policies in HashiCorp Vault's language bind in every way in. */
export function vaultPolicyContract(stage: () => Stage): void {
  it('obeys what a policy in Vault’s language says of the addresses of a secret', async () => {
    const { coffer, fresh, world } = stage()
    const root = fresh()
    const [there, hidden] = [`${root}/there`, `${root}/hidden/x`]
    const policy = {
      name: 'in-hcl',
      combine: 'mostSpecific' as const,
      rules: [],
      hcl: `# Kept as it is.
        path "secret/data/${root}/*"        { capabilities = ["create", "read"] }
        path "secret/data/${root}/hidden/+" { capabilities = ["deny"] }
        path "secret/metadata/${root}/"     { capabilities = ["list"] }`,
    }
    await coffer.access.putPolicy(policy)
    const stored = await coffer.access.policies()
    expect(stored.find(({ name }) => name === policy.name)).toEqual(policy)
    const name = 'service:in-hcl'
    await coffer.access.putActor({ name, policies: [policy.name], roles: [] })
    for (const path of [there, hidden]) await coffer.write(path, { value: 'a' })
    const actor = world.as(name)

    expect(revealed(await actor.read({ path: there }))).toBe('a')
    expect(await actor.read({ path: `${root}/absent` })).toBeUndefined()
    await expectRefusal('denied', () => actor.read({ path: hidden }))
    await expectRefusal('denied', () => actor.read({ path: `${fresh()}/else` }))
    expect((await actor.write(`${root}/new`, { value: 'b' })).version).toBe(1)
    await expectRefusal('denied', () => actor.write(`${root}/new`, { value: 'c' }))
    await expectRefusal('denied', () => actor.rotate(there))
    await expectRefusal('denied', () => actor.describe(there))
    await expectRefusal('denied', () => actor.update(there, { owner: 'x' }))
    await expectRefusal('denied', () => actor.label(there, { label: 'x', to: 1 }))
    await expectRefusal('denied', () => actor.delete(there))
    await expectRefusal('denied', () => actor.destroy(there, [1]))
    await expectRefusal('denied', () => actor.purge(there))
    const page = await actor.list({ prefix: root })
    expect(page.items.map(({ path }) => path)).toEqual([`${root}/new`, there])
    const level = await actor.list({ prefix: root, folders: true })
    expect(level.folders).toEqual(['hidden'])
    const question = { actor: name, action: 'read', path: there }
    expect(await coffer.access.test(question)).toMatchObject({
      allowed: true,
      reasons: [
        `${name} has policy in-hcl`,
        `policy in-hcl, path "secret/data/${root}/*": allow read`,
      ],
    })
  })

  it('refuses a text that it does not understand whole, saying the line', async () => {
    const { coffer } = stage()
    const put = (hcl: string) => coffer.access.putPolicy({ name: 'bad-hcl', rules: [], hcl })
    await expectRefusal('invalid_policy', () => put('path "a" { capabilities = ["raed"] }'))
    await expectRefusal('invalid_policy', () => put('path "a" {'))
    const rules = [{ effect: 'allow' as const, actions: ['read' as const], paths: ['a'] }]
    const both = { name: 'bad-hcl', rules, hcl: 'path "a" { policy = "read" }' }
    await expectRefusal('invalid_policy', () => coffer.access.putPolicy(both))
    const stored = await coffer.access.policies()
    expect(stored.some(({ name }) => name === both.name)).toBe(false)
  })
}
