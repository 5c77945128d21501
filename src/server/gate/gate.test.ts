import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { initPlatform } from '../../compose.ts'
import type { PlatformOptions } from '../../compose.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Sink } from '../../core/ports/sink.ts'
import { refusalOf } from '../../testing/refusal.ts'
import type { GateParts, OwnGate } from './gate.ts'
import { createGate } from './gate.ts'

const ADMIN = 'local:admin'
const FROM = { via: 'http', address: '192.0.2.7', request: 'r1' }
const opened = new Set<OwnGate>()
const dirs = new Set<string>()

afterEach(async () => {
  for (const gate of opened) await gate.close()
  opened.clear()
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  dirs.clear()
})

function place(env: Record<string, string> = {}): PlatformOptions & { env: typeof env } {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-gate-'))
  dirs.add(dir)
  return { dataDir: join(dir, 'data'), env }
}

async function shamirStore(options: Record<string, string> = {}) {
  const store = place()
  const report = await initPlatform({
    ...store,
    seal: 'shamir',
    sealOptions: options,
    admin: ADMIN,
  })
  return { store, shares: report.shares }
}

async function keyStore() {
  const key = randomBytes(32).toString('hex')
  const store = place({ COFFER_MASTER_KEY: key })
  await initPlatform({ ...store, admin: ADMIN })
  return { store, key }
}

async function gateOf(store: PlatformOptions, more: Partial<GateParts> = {}): Promise<OwnGate> {
  const gate = await createGate({ store, clock: Date.now, random: (n) => randomBytes(n), ...more })
  opened.add(gate)
  return gate
}

const submitAll = async (gate: OwnGate, shares: readonly string[]) => {
  for (const share of shares) await gate.submit(share, FROM)
}

test('a store in shares begins sealed, and opens with the last share that is needed', async () => {
  const { store, shares } = await shamirStore()
  const gate = await gateOf(store)
  expect(() => gate.platform()).toThrow(expect.objectContaining({ code: 'sealed' }))
  expect(gate.status()).toMatchObject({ sealed: true, kind: 'shamir', threshold: 3, shares: 5 })
  expect(gate.status()).toMatchObject({ progress: 0, nonce: '' })
  const first = await gate.submit(shares[0] ?? '', FROM)
  expect(first).toMatchObject({ sealed: true, progress: 1 })
  expect(first.nonce).toMatch(/^[0-9a-f]{32}$/)
  const again = await gate.submit(shares[0] ?? '', FROM)
  expect(again).toMatchObject({ progress: 1, nonce: first.nonce })
  await gate.submit(shares[3] ?? '', FROM)
  const open = await gate.submit(shares[2] ?? '', FROM)
  expect(open).toMatchObject({ sealed: false, progress: 0, nonce: '' })
  expect(open.storeId).toBe(gate.platform().storeId)
  expect(await gate.submit(shares[1] ?? '', FROM)).toMatchObject({ sealed: false, progress: 0 })
})

test('who unsealed is audited: which shares, from where, how many were refused before', async () => {
  const { store, shares } = await shamirStore()
  const other = await shamirStore()
  const gate = await gateOf(store)
  for (const wrong of ['nonsense', other.shares[0] ?? '']) {
    const { code } = await refusalOf(() => gate.submit(wrong, FROM))
    expect(code).toBe(wrong === 'nonsense' ? 'invalid_argument' : 'wrong_key')
  }
  await submitAll(gate, shares.slice(1, 4))
  const events = await gate.platform().as(ADMIN).audit.query({ action: 'store.unseal' })
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({ outcome: 'allowed', resource: 'store:keys', ...FROM })
  expect(events[0]?.reason).toBe('shares 2, 3, 4; 2 refused before')
})

test('a refused share leaves the attempt as it was; a reset and unsealAttemptMs end it', async () => {
  const { store, shares } = await shamirStore()
  let now = Date.now()
  const gate = await gateOf(store, { clock: () => now })
  await submitAll(gate, shares.slice(0, 2))
  await refusalOf(() => gate.submit('nonsense', FROM))
  expect(gate.status().progress).toBe(2)
  expect(await gate.reset({ address: '192.0.2.66' })).toMatchObject({ progress: 2 })
  expect(await gate.reset(FROM)).toMatchObject({ progress: 0, nonce: '' })
  await submitAll(gate, shares.slice(0, 2))
  now += LIMITS.unsealAttemptMs
  expect(gate.status().progress).toBe(2)
  now += 1
  expect(gate.status()).toMatchObject({ progress: 0, nonce: '' })
})

test('two who bring the last share at once open one store', async () => {
  const { store, shares } = await shamirStore({ shares: '2', threshold: '2' })
  let times = 0
  const gate = await gateOf(store, { opened: () => void (times += 1) })
  await Promise.all([...shares, ...shares].map((share) => gate.submit(share, FROM)))
  expect(times).toBe(1)
  expect(gate.status().sealed).toBe(false)
})

test('seal asks for admin, is audited, hands out nothing more, and erases the key', async () => {
  const { store, shares } = await shamirStore()
  const keys: Uint8Array[] = []
  const gate = await gateOf(store, { opened: (_, rootKey) => void keys.push(rootKey) })
  await submitAll(gate, shares.slice(0, 3))
  expect(keys.map((key) => key.every((byte) => byte === 0))).toEqual([true])
  const stranger = { actor: 'service:x', via: 'http', address: '192.0.2.9' }
  expect((await refusalOf(() => gate.seal(stranger))).code).toBe('denied')
  // What a credential grants counts, not what its actor's own record would.
  const narrowed = { actor: ADMIN, grants: { policies: [], roles: [] } }
  expect((await refusalOf(() => gate.seal(narrowed))).code).toBe('denied')
  await gate.seal({ actor: ADMIN, via: 'http', address: '192.0.2.8' })
  expect(() => gate.platform()).toThrow(expect.objectContaining({ code: 'sealed' }))
  expect(gate.status().storeId).toBeUndefined()
  expect((await refusalOf(() => gate.seal({ actor: ADMIN }))).code).toBe('sealed')
  await submitAll(gate, shares.slice(0, 3))
  const events = await gate.platform().as(ADMIN).audit.query({ action: 'store.seal' })
  expect(events.map(({ actor, outcome, address }) => [actor, outcome, address])).toEqual([
    ['service:x', 'denied', '192.0.2.9'],
    [ADMIN, 'denied', undefined],
    [ADMIN, 'allowed', '192.0.2.8'],
  ])
})

test('an ordinary seal opens at the start; sealed by hand, the root key itself is its one share', async () => {
  const { store, key } = await keyStore()
  const gate = await gateOf(store)
  expect(gate.status()).toMatchObject({ sealed: false, threshold: 1, shares: 1 })
  await gate.seal({ actor: ADMIN })
  const wrong = await refusalOf(() => gate.submit(randomBytes(32).toString('hex'), FROM))
  expect(wrong.code).toBe('wrong_key')
  expect((await refusalOf(() => gate.submit('nonsense', FROM))).code).toBe('invalid_key')
  expect(await gate.submit(key, FROM)).toMatchObject({ sealed: false })
})

test('a store that was put under another seal meanwhile is opened by that one', async () => {
  const { store } = await keyStore()
  const gate = await gateOf(store)
  const { shares } = await gate.platform().keys.reseal({
    actor: ADMIN,
    seal: 'shamir',
    sealOptions: { shares: '2', threshold: '2' },
  })
  await gate.seal({ actor: ADMIN })
  expect(gate.status()).toMatchObject({ kind: 'shamir', threshold: 2, shares: 2 })
  await submitAll(gate, shares)
  expect(gate.status().sealed).toBe(false)
})

test('shares in the environment open it at the start', async () => {
  const { store, shares } = await shamirStore()
  const gate = await gateOf({ ...store, env: { COFFER_SHARES: shares.slice(2).join(' ') } })
  expect(gate.status().sealed).toBe(false)
})

test('what no waiting mends is thrown at the start', async () => {
  const { store } = await keyStore()
  const wrong = { ...store, env: { COFFER_MASTER_KEY: randomBytes(32).toString('hex') } }
  expect((await refusalOf(() => gateOf(wrong))).code).toBe('wrong_key')
  expect((await refusalOf(() => gateOf({ ...store, env: {} }))).code).toBe('sealed')
  expect((await refusalOf(() => gateOf(place()))).code).toBe('store_missing')
})

test('what may pass is tried again, and the gate answers meanwhile', async () => {
  const { store } = await keyStore()
  let away = true
  const sink: Sink = {
    kind: 'moody',
    description: 'moody',
    append: async () => {
      if (away) throw new Error('away')
    },
    close: async () => {},
  }
  const troubles: string[] = []
  const open = Promise.withResolvers<void>()
  const gate = await gateOf(
    { ...store, sinks: [sink] },
    { troubled: ({ code }) => void troubles.push(code), opened: () => open.resolve() },
  )
  expect(gate.status().sealed).toBe(true)
  expect(() => gate.platform()).toThrow(
    expect.objectContaining({ code: 'sealed', details: { reason: 'audit_unavailable' } }),
  )
  away = false
  await open.promise
  await expect.poll(() => gate.status().sealed).toBe(false)
  expect(troubles).toEqual(['audit_unavailable'])
})
