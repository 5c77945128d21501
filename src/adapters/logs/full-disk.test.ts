import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { faultyFs } from '../../../test/audit/faulty-fs.ts'
import { event, quickFs, scratchLog, type Scratch } from '../../../test/audit/scratch-log.ts'
import { refusalOf } from '../../testing/refusal.ts'
import type { LogFs } from './log-fs.ts'

let scratch: Scratch
let reserve: string
beforeEach(() => {
  scratch = scratchLog()
  reserve = path.join(scratch.dir, 'reserve')
})
afterEach(() => scratch.remove())

/** There is no room to make these files as long as `isFull` says so. */
const withoutRoomFor = (name: string, isFull: () => boolean): LogFs => ({
  ...quickFs,
  open(file, how) {
    if (how !== 'read' && file.endsWith(name) && isFull()) {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    }
    return quickFs.open(file, how)
  },
})

test('on a full disk administrators still act, from the reserve, and nobody else', async () => {
  const faulty = faultyFs()
  const log = await scratch.open({ fs: faulty.fs })
  await log.append([event('a')])
  expect(readFileSync(reserve)).toHaveLength(1_048_576)
  // Room is there exactly while the reserve is given up.
  const full = (operation: string) => operation === 'write' && existsSync(reserve)
  faulty.fail('ENOSPC', 1, Infinity, full)
  const denial = event('store:keys', { action: 'key.rotate', outcome: 'denied' })
  const refused = await Promise.all([
    refusalOf(() => log.append([event('b')])),
    refusalOf(() => log.append([denial])),
  ])
  expect(refused.map(({ code }) => code)).toEqual(['audit_unavailable', 'audit_unavailable'])
  expect(refused[0].remedy).toContain('Free disk space')
  expect(existsSync(reserve)).toBe(true)
  const admin = event('policy:ci', { action: 'policy.write' })
  const [read, act] = await Promise.allSettled([log.append([event('c')]), log.append([admin])])
  expect([read.status, act.status]).toEqual(['rejected', 'fulfilled'])
  expect(existsSync(reserve)).toBe(false)
  // A change that the store has committed may use it as well.
  scratch.outbox.put(1)
  await log.complete(1)
  expect((await refusalOf(() => log.append([event('d')]))).code).toBe('audit_unavailable')
  faulty.heal()
  await log.append([event('e')])
  expect(existsSync(reserve)).toBe(true)
  const resources = (await log.query({})).map(({ resource }) => resource)
  expect(resources).toEqual(['a', 'policy:ci', 'a/1', 'e'])
})

test('where the disk has no room for its lock the reserve is given up', async () => {
  const first = await scratch.open()
  await first.append([event('a')])
  await first.close()
  const log = await scratch.open({ fs: withoutRoomFor('lock-shm', () => existsSync(reserve)) })
  await log.append([event('b')])
  expect((await log.query({})).map(({ resource }) => resource)).toEqual(['a', 'b'])
})

test('without a reserve only changes of administrators are admitted, until there is room for one', async () => {
  let full = false
  const fs = withoutRoomFor('reserve', () => full)
  const first = await scratch.open({ fs })
  await first.admit('write')
  expect(existsSync(reserve)).toBe(true)
  full = true
  rmSync(reserve)
  for (const action of ['read', 'list', 'audit.read'] as const) {
    const refused = await refusalOf(() => first.append([event('a', { action })]))
    expect(refused.code).toBe('audit_unavailable')
  }
  for (const log of [first, await scratch.open({ fs })]) {
    for (const action of ['write', 'rotate', 'token.create', 'login'] as const) {
      const { code, remedy } = await refusalOf(() => log.admit(action))
      expect([code, remedy]).toEqual(['audit_unavailable', expect.stringContaining('Free disk')])
    }
    for (const action of ['policy.write', 'delete', 'token.revoke', 'audit.prune'] as const) {
      await log.admit(action)
    }
  }
  full = false
  await first.admit('write')
  expect(existsSync(reserve)).toBe(true)
})

test('the reserve is given up for a change of an administrator that finds no room, once', async () => {
  const log = await scratch.open()
  await log.append([event('a')])
  expect(log.makeRoom('write')).toBe(false)
  expect(existsSync(reserve)).toBe(true)
  expect(log.makeRoom('policy.write')).toBe(true)
  expect(existsSync(reserve)).toBe(false)
  expect(log.makeRoom('policy.write')).toBe(false)
})
