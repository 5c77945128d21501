import { expect, test } from 'vitest'
import { newHome, ADMIN } from '../../test/support/platform.ts'
import { connectCoffer } from '../client/connect.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { LIMITS } from '../core/limits.ts'
import { ANY_PLACE, place } from '../engine/sync/test-place.ts'
import { entriesOf } from '../engine/sync/test-coffer.ts'
import { startTestServer } from '../server/test-server.ts'
import { abandonedBy, ambient, applySync, ledgerPath, openDestination, planSync } from './sync.ts'
import type { SyncTarget, SyncWorld } from './sync.ts'

const DEPLOYER = 'service:deployer'

const worldOf = (coffer: Coffer): SyncWorld => ({
  ...ambient,
  coffer,
  actor: DEPLOYER,
  signal: new AbortController().signal,
  elsewhere: async () => [],
  material: (_ref, secret) => secret.revealBytes(),
})

/** What `coffer sync allow` gives, and nothing else. */
async function allow(admin: Coffer, target: SyncTarget): Promise<void> {
  const { id } = target.destination
  await admin.access.putPolicy({
    name: 'deliver-shop-test',
    rules: [
      {
        effect: 'allow',
        actions: ['deliver'],
        paths: target.entries.map(({ path }) => path),
        conditions: { destinations: [id] },
      },
      {
        effect: 'allow',
        actions: ['read', 'write', 'describe', 'list'],
        paths: [ledgerPath(id), `${ledgerPath(id)}/**`],
      },
    ],
  })
  await admin.access.putActor({ name: DEPLOYER, policies: ['deliver-shop-test'], roles: [] })
}

const targetAt = (names: readonly string[], there = place(ANY_PLACE)) => ({
  there,
  target: {
    destination: there.destination,
    owner: 'shop/test',
    entries: entriesOf(names),
    place: { kind: 'memory', options: { project: 'x' } },
  },
})

/** The same, whether the Coffer is here or at a server. */
async function expectDelivery(admin: Coffer, deployer: Coffer): Promise<void> {
  const { target, there } = targetAt(['A', 'B', 'C', 'D', 'E'])
  for (const { path, name } of target.entries) await admin.write(path, { value: `${name} 1` })
  const world = worldOf(deployer)
  expect(await abandonedBy(deployer, 'shop/test', new Set())).toEqual([])
  await expect(planSync(target, world)).rejects.toMatchObject({ code: 'denied' })
  await allow(admin, target)
  const sync = async () => {
    const plan = await planSync(target, world)
    const { results, error } = await applySync(plan, target, world)
    expect(error).toBeUndefined()
    return results.map(({ item, outcome }) => `${item.name} ${item.action} ${outcome}`)
  }
  expect(await sync()).toEqual(['A', 'B', 'C', 'D', 'E'].map((name) => `${name} create done`))
  expect(there.kept.get('C')?.text).toBe('C 1')
  const ledger = async () => (await admin.describe(ledgerPath('memory:place')))?.revision
  const before = await ledger()
  expect((await sync()).every((line) => line.endsWith('unchanged unchanged'))).toBe(true)
  expect(await ledger()).toBe(before)
  await admin.write('shop/test/api/B', { value: 'B 2' })
  there.put('D', 'by hand')
  expect((await sync()).filter((line) => !line.includes('unchanged'))).toEqual([
    'B update done',
    'D drifted done',
  ])
  expect(there.kept.get('B')?.text).toBe('B 2')
  const record = await admin.describe(ledgerPath('memory:place'))
  expect(record?.versions.length).toBeLessThanOrEqual(10)
  expect(record?.rotation?.everyDays).toBe(LIMITS.rotateEveryDaysMax)
  expect(await abandonedBy(deployer, 'shop/test', new Set())).toEqual([
    { destination: 'memory:place', place: target.place },
  ])
  expect(await abandonedBy(deployer, 'shop/test', new Set(['memory:place']))).toEqual([])
  expect(await abandonedBy(deployer, 'shop/prod', new Set())).toEqual([])
  // It may deliver, and may not read.
  await expect(deployer.read({ path: 'shop/test/api/A' })).rejects.toMatchObject({ code: 'denied' })
  const elsewhere = {
    ...target,
    destination: place({ ...ANY_PLACE, id: 'memory:other' }).destination,
  }
  await expect(planSync(elsewhere, world)).rejects.toMatchObject({ code: 'denied' })
}

test('who may deliver and nothing else delivers, from a store here', async () => {
  const platform = await (await newHome()).open()
  const admin = platform.as(ADMIN)
  await expectDelivery(admin, platform.as(DEPLOYER))
  const entries = await admin.audit.query({ action: 'deliver', limit: 100 })
  const of = entries.map(({ actor, destination, outcome }) => [actor, destination, outcome])
  expect(of).toContainEqual([DEPLOYER, 'memory:place', 'allowed'])
})

test('and from a server', async () => {
  expect.hasAssertions()
  const server = await startTestServer()
  try {
    const admin = server.platform.as(ADMIN, { via: 'test' })
    await admin.access.putActor({ name: DEPLOYER, policies: [], roles: [] })
    const token = await server.token({ actor: DEPLOYER, ttlSeconds: 0 })
    const client = connectCoffer({ address: server.url, actor: DEPLOYER, token: () => token })
    try {
      await expectDelivery(admin, client)
    } finally {
      await client.close()
    }
  } finally {
    await server.close()
  }
})

test('a kind that there is not is refused with those there are', async () => {
  const context = { env: {}, options: {}, dir: '/', environment: 'test' }
  await expect(openDestination('nowhere', context)).rejects.toMatchObject({
    code: 'invalid_config',
    remedy: expect.stringContaining('dotenv') as string,
  })
  await expect(openDestination('constructor', context)).rejects.toMatchObject({
    code: 'invalid_config',
  })
})
