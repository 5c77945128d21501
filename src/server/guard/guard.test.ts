import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { PlatformEvent } from '../../core/ports/platform.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { addressKey } from './address.ts'
import { createGuard } from './guard.ts'
import { createLocalAuthority } from './local-authority.ts'
import { createLockout, FAILURES_FREE, FORGET_MS, LOCK_MS, LOCK_MS_MAX } from './lockout.ts'
import { DEFAULT_RATES, ratesOf } from './rates.ts'
import { createRefusals } from './refusals.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function guarded(limits: readonly string[] = [], record: () => Promise<void> = async () => {}) {
  let now = 0
  const events: PlatformEvent[] = []
  const throttled: string[] = []
  const refusals = createRefusals(async (batch) => {
    await record()
    events.push(...batch)
  })
  const authority = createLocalAuthority({ rates: ratesOf(limits), refusals, clock: () => now })
  const guard = createGuard(authority, {
    throttled: (limit) => void throttled.push(limit),
    refused: () => {},
  })
  return { guard, events, throttled, refusals, advance: (ms: number) => void (now += ms) }
}

const refused = (work: () => unknown) => refusalOf(async () => work())

test('a limit lets its burst through without a wait, then refuses, then refills', async () => {
  const { guard, throttled, advance } = guarded(['read=10:20'])
  for (let i = 0; i < 20; i++) expect(guard.admit('service:a', 'read')).toBeUndefined()
  const error = await refused(() => guard.admit('service:a', 'read'))
  expect(error.code).toBe('throttled')
  expect(error.details).toEqual({ limit: 'read', retryAfterSeconds: 1 })
  expect(throttled).toEqual(['read'])
  expect(guard.admit('service:b', 'read')).toBeUndefined()
  expect(guard.admit('service:a', 'write')).toBeUndefined()
  advance(99)
  expect((await refused(() => guard.admit('service:a', 'read'))).code).toBe('throttled')
  advance(1)
  expect(guard.admit('service:a', 'read')).toBeUndefined()
  advance(3_600_000)
  for (let i = 0; i < 20; i++) await guard.admit('service:a', 'read')
  expect((await refused(() => guard.admit('service:a', 'read'))).code).toBe('throttled')
})

test('a slow limit says how long to wait', async () => {
  const { guard } = guarded(['manage=1:1', 'login=off'])
  await guard.admit('service:a', 'manage')
  const { details } = await refused(() => guard.admit('service:a', 'manage'))
  expect(details.retryAfterSeconds).toBe(1)
  for (let i = 0; i < 10_000; i++) await guard.admitLogin('192.0.2.1', `role-${i}`)
})

test('limits are written NAME=PER-SECOND, NAME=PER-SECOND:BURST or NAME=off', () => {
  expect(ratesOf([])).toEqual(DEFAULT_RATES)
  expect(ratesOf(['read=5', 'list=7:9', 'write=off'])).toMatchObject({
    read: { perSecond: 5, burst: 10 },
    list: { perSecond: 7, burst: 9 },
    write: undefined,
  })
  const wrong = [
    '',
    'read',
    'read=',
    'read=0',
    'read=5:0',
    'read=-1',
    'read=1e3',
    'toString=1',
    'x=1',
  ]
  for (const text of wrong) expect(() => ratesOf([text]), text).toThrow(CofferError)
})

test('addresses count by /64, and the same IPv4 address counts once however it is written', () => {
  expect(addressKey('192.0.2.1')).toBe('192.0.2.1')
  expect(addressKey('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(addressKey('2001:DB8:1:2::9')).toBe('2001:db8:1:2::/64')
  expect(addressKey('2001:0db8:0001:0002::')).toBe('2001:db8:1:2::/64')
  expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(addressKey('::1')).toBe('0:0:0:0::/64')
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  for (const odd of ['', ':', ':::::::::::', 'a:b:c:d:e:f:g:h:i:j', '%', '::1::2']) addressKey(odd)
})

test('failed logins lock their name at their address, and nobody else', async () => {
  const { guard, throttled, advance } = guarded()
  const fail = async (address: string, login: string) => {
    await guard.admitLogin(address, login)
    guard.loginEnded(address, login, false)
  }
  for (let i = 0; i < FAILURES_FREE; i++) await fail('192.0.2.1', 'role-a')
  const error = await refused(() => guard.admitLogin('192.0.2.1', 'role-a'))
  expect(error.code).toBe('throttled')
  expect(error.details).toEqual({ limit: 'lockout', retryAfterSeconds: 1 })
  expect(throttled).toEqual(['lockout'])
  await guard.admitLogin('192.0.2.2', 'role-a')
  await guard.admitLogin('192.0.2.1', 'role-b')
  await guard.admitAddress('192.0.2.1')
  advance(LOCK_MS)
  await fail('192.0.2.1', 'role-a')
  advance(LOCK_MS)
  expect((await refused(() => guard.admitLogin('192.0.2.1', 'role-a'))).code).toBe('throttled')
  advance(LOCK_MS)
  await guard.admitLogin('192.0.2.1', 'role-a')
  guard.loginEnded('192.0.2.1', 'role-a', true)
  for (let i = 0; i < FAILURES_FREE - 1; i++) await fail('192.0.2.1', 'role-a')
  await guard.admitLogin('192.0.2.1', 'role-a')
})

test('locks double up to LOCK_MS_MAX and are forgotten after FORGET_MS without a failure', () => {
  let now = 0
  const lockout = createLockout({ clock: () => now, keysMax: 10 })
  for (let i = 0; i < 100; i++) lockout.ended('a', false)
  expect(lockout.waitMs('a')).toBe(LOCK_MS_MAX)
  now += FORGET_MS
  lockout.ended('a', false)
  expect(lockout.waitMs('a')).toBe(LOCK_MS_MAX)
  now += FORGET_MS + 1
  lockout.ended('a', false)
  expect(lockout.waitMs('a')).toBe(0)
})

test('a flood of addresses pushes out no lock, and takes no more than guardKeysMax of memory', () => {
  let now = 0
  const lockout = createLockout({ clock: () => now, keysMax: LIMITS.guardKeysMax })
  for (let i = 0; i < 20; i++) lockout.ended('attacker', false)
  for (let i = 0; i < LIMITS.guardKeysMax + 1; i++) {
    for (let n = 0; n < FAILURES_FREE - 1; n++) lockout.ended(`flood-${i}`, false)
  }
  expect(lockout.waitMs('attacker')).toBe(LOCK_MS_MAX)
  // The one that was counted longest ago has made room: its next failure is its first.
  lockout.ended('flood-0', false)
  expect(lockout.waitMs('flood-0')).toBe(0)
  lockout.ended(`flood-${LIMITS.guardKeysMax}`, false)
  expect(lockout.waitMs(`flood-${LIMITS.guardKeysMax}`)).toBe(LOCK_MS)
  // Even as many locks as there is room for push out the one that ends first, not the longest.
  const small = createLockout({ clock: () => now, keysMax: 3 })
  for (let i = 0; i < 20; i++) small.ended('attacker', false)
  for (const key of ['a', 'b', 'c', 'd']) {
    now += 1
    for (let n = 0; n < FAILURES_FREE; n++) small.ended(key, false)
  }
  expect(small.waitMs('attacker')).toBeGreaterThan(0)
  expect(small.waitMs('a')).toBe(0)
  expect(small.waitMs('d')).toBeGreaterThan(0)
})

test('a good credential is never refused because of bad ones from its address', async () => {
  const { guard, throttled } = guarded(['refused=1:3'])
  const told = Array.from({ length: 5 }, () => guard.refused('192.0.2.1', 'http'))
  expect(told.map((error) => error?.code)).toEqual([
    undefined,
    undefined,
    undefined,
    'throttled',
    'throttled',
  ])
  expect(throttled).toEqual(['refused', 'refused'])
  expect(guard.admitAddress('192.0.2.1')).toBeUndefined()
  expect(guard.admit('service:a', 'read')).toBeUndefined()
})

test('refusals leave one event at once and one for the rest of the interval', async () => {
  const { guard, events, refusals } = guarded()
  for (let i = 0; i < 1_000; i++) void guard.refused('192.0.2.1', 'http')
  void guard.refused('192.0.2.1', 'aws', 'throttled')
  await vi.advanceTimersByTimeAsync(1)
  const first = { action: 'authenticate', outcome: 'denied', address: '192.0.2.1' }
  expect(events).toEqual([
    expect.objectContaining({ ...first, via: 'http', code: 'unauthenticated' }),
    expect.objectContaining({ ...first, via: 'aws', code: 'throttled' }),
  ])
  await vi.advanceTimersByTimeAsync(LIMITS.refusalsEveryMs)
  expect(events).toHaveLength(3)
  expect(events[2]?.reason).toBe('999 more within 10 s')
  await refusals.stop()
  expect(events).toHaveLength(3)
})

test('of more than refusalKeysMax addresses only the sum is kept', async () => {
  const { guard, events, refusals } = guarded()
  const total = LIMITS.refusalKeysMax + 57
  for (let i = 0; i < total; i++) void guard.refused(`192.0.${i >> 8}.${i & 255}`, 'http')
  await refusals.flush()
  expect(events).toHaveLength(LIMITS.refusalKeysMax + 1)
  expect(events.at(-1)?.reason).toBe('57 more from other addresses')
  expect(events.at(-1)?.address).toBeUndefined()
  await refusals.stop()
})

test('while nothing can be written counts wait, and are written later', async () => {
  let sealed = true
  const { guard, events, refusals } = guarded([], async () => {
    if (sealed) throw new CofferError('sealed', 'The store is sealed.')
  })
  for (let i = 0; i < 3; i++) void guard.refused('192.0.2.1', 'http')
  await refusals.flush()
  expect(events).toEqual([])
  sealed = false
  await refusals.flush()
  expect(events.map(({ reason }) => reason)).toEqual([
    'the first of its kind',
    '2 more within 10 s',
  ])
  await refusals.stop()
})
