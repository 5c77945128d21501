import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { faultyFs } from '../../../test/audit/faulty-fs.ts'
import { event, linesOf, scratchLog } from '../../../test/audit/scratch-log.ts'
import type { Scratch } from '../../../test/audit/scratch-log.ts'
import { isCofferError } from '../../core/errors.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import { eventBody, eventLine, lineHash } from '../../crypto/audit-line.ts'
import { refusalOf } from '../../testing/refusal.ts'

let scratch: Scratch
beforeEach(() => {
  scratch = scratchLog()
})
afterEach(() => scratch.remove())

/** What a caller was told is durable. */
interface Acknowledged {
  readonly resources: string[]
  generation: number
}

/** Two openings, reads and changes, over three segments. Whatever fails may fail in one way only. */
async function session(scratch: Scratch, faulty = faultyFs()): Promise<Acknowledged> {
  const told: Acknowledged = { resources: [], generation: 0 }
  const attempt = async (work: () => Promise<unknown>, done: () => void) => {
    try {
      await work()
      done()
    } catch (error) {
      if (!isCofferError(error, 'audit_unavailable')) throw error
    }
  }
  for (const round of [1, 2]) {
    let log: AuditLog | undefined
    const open = () => scratch.open({ fs: faulty.fs, segmentBytesMax: 700 })
    await attempt(
      async () => (log = await open()),
      () => {},
    )
    if (log === undefined) continue
    for (const step of [1, 2]) {
      const generation = told.generation + 1
      const reads = ['a', 'b'].map((name) => `${round}/${step}/${name}`)
      await Promise.all(
        reads.map((name) =>
          attempt(
            () => log!.append([event(name)]),
            () => told.resources.push(name),
          ),
        ),
      )
      if (!scratch.outbox.rows.some((row) => row.generation === generation)) {
        scratch.outbox.put(generation)
      }
      await attempt(
        () => log!.complete(generation),
        () => (told.generation = generation),
      )
    }
    await log.close()
  }
  return told
}

/** Later work works, the log verifies, and holds what was acknowledged, once. */
async function expectSound(scratch: Scratch, told: Acknowledged, context: string): Promise<void> {
  const log = await scratch.open()
  // As whoever opens the store does: a change that was told of is in the log or still in the outbox.
  await log.complete(told.generation)
  await log.append([event('after')])
  const report = await log.verify()
  expect(report.problem, context).toBeUndefined()
  const entries = await log.query({ limit: 1_000 })
  const resources = entries.map(({ resource }) => resource)
  for (const name of told.resources) {
    expect(
      resources.filter((found) => found === name),
      context,
    ).toHaveLength(1)
  }
  const generations = entries.flatMap(({ generation }) => generation ?? [])
  expect(generations, context).toEqual(generations.map((_, n) => n + 1))
  expect(generations.length, context).toBeGreaterThanOrEqual(told.generation)
}

test('whichever call fails, and however many after it, nothing acknowledged is lost', async () => {
  const counted = faultyFs()
  await session(scratch, counted)
  expect(counted.calls).toBeGreaterThan(45)
  for (let nth = 1; nth <= counted.calls; nth++) {
    for (const [errno, times] of [
      ['EIO', 1],
      ['EIO', 3],
      ['ENOSPC', 2],
    ] as const) {
      const sick = scratchLog()
      const faulty = faultyFs()
      faulty.fail(errno, nth, times)
      const told = await session(sick, faulty)
      faulty.heal()
      await expectSound(sick, told, `${errno} ${times} times from call ${nth}`)
      await sick.remove()
    }
  }
})

test.each(['EIO', 'EROFS', 'EMFILE'])(
  '%s is audit_unavailable, until the disk is well',
  async (errno) => {
    const faulty = faultyFs()
    const log = await scratch.open({ fs: faulty.fs })
    await log.append([event('a')])
    faulty.fail(errno, 1, Infinity, (operation) => operation === 'write')
    const refused = await refusalOf(() => log.append([event('b')]))
    expect(refused.code).toBe('audit_unavailable')
    expect(refused.details).toEqual({ errno })
    faulty.heal()
    await log.append([event('c')])
    expect((await log.query({})).map(({ resource }) => resource)).toEqual(['a', 'c'])
    expect((await log.verify()).ok).toBe(true)
  },
)

test('after a sync that failed the lines are written again, not trusted', async () => {
  const faulty = faultyFs()
  const log = await scratch.open({ fs: faulty.fs })
  await log.append([event('a')])
  faulty.fail('EIO', 1, 1, (operation) => operation === 'sync')
  await refusalOf(() => log.append([event('b')]))
  expect(linesOf(scratch.dir)).toHaveLength(2)
  expect(log.tail.seq).toBe(2)
})

test('a disk that is slow is waited for without stopping the event loop', async () => {
  const used: string[] = []
  let slowMs = 0
  const fs = {
    ...faultyFs().fs,
    sync: () => {
      used.push('in place')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slowMs)
    },
    syncLater: async () => {
      used.push('later')
    },
  }
  const log = await scratch.open({ fs })
  const append = async (times: number) => {
    for (let n = 0; n < times; n++) await log.append([event('a')])
  }
  await append(2)
  used.length = 0
  slowMs = 4
  await append(4)
  expect(used).toEqual(['in place', 'in place', 'in place', 'later'])
  await append(5)
  expect(used.slice(4)).toContain('in place')
})

test('lines that could neither be synced nor taken back are taken back later', async () => {
  const faulty = faultyFs()
  const log = await scratch.open({ fs: faulty.fs })
  await log.append([event('a')])
  faulty.fail('EIO', 1, 2, (operation) => operation === 'sync' || operation === 'truncate')
  await refusalOf(() => log.append([event('b')]))
  expect(linesOf(scratch.dir)).toHaveLength(4)
  expect(log.tail.seq).toBe(2)
  await log.append([event('c')])
  expect((await log.query({})).map(({ resource }) => resource)).toEqual(['a', 'c'])
  expect((await log.verify()).ok).toBe(true)
})

test('lines behind which another process has continued are not taken back', async () => {
  const faulty = faultyFs()
  const [log, other] = [await scratch.open({ fs: faulty.fs }), await scratch.open()]
  await log.append([event('a')])
  faulty.fail('EIO', 1, 2, (operation) => operation === 'sync' || operation === 'truncate')
  await refusalOf(() => log.append([event('b')]))
  await other.append([event('c')])
  await log.append([event('d')])
  expect((await log.query({})).map(({ resource }) => resource)).toEqual(['a', 'b', 'c', 'd'])
  expect((await log.verify()).ok).toBe(true)
})

test('a change is told of before its line is synced, and a power cut takes nothing', async () => {
  const log = await scratch.open()
  await log.append([event('a')])
  const segment = path.join(scratch.dir, '000000001.jsonl')
  const synced = readFileSync(segment).length
  scratch.outbox.put(1)
  await log.complete(1)
  // What the outbox may forget is what `tail` says: nothing yet.
  expect(log.tail.generation).toBe(0)
  expect(readFileSync(segment).length).toBeGreaterThan(synced)
  truncateSync(segment, synced)
  const after = await scratch.open()
  await after.complete(1)
  expect((await after.refresh()).generation).toBe(1)
  expect(await after.verify()).toMatchObject({ ok: true, events: 2 })
})

test('a change is synced soon, by the next read or when the log is closed', async () => {
  const synced: string[] = []
  const counted = faultyFs()
  const fs = {
    ...counted.fs,
    sync: (fd: number) => {
      synced.push('sync')
      counted.fs.sync(fd)
    },
  }
  const log = await scratch.open({ fs })
  const changed = async (generation: number) => {
    scratch.outbox.put(generation)
    await log.complete(generation)
    synced.length = 0
  }
  await changed(1)
  await vi.waitFor(() => expect(log.tail.generation).toBe(1), 2_000)
  await changed(2)
  await log.append([event('a')])
  expect([synced.length, log.tail.generation]).toEqual([1, 2])
  await changed(3)
  await log.close()
  expect([synced.length, log.tail.generation]).toEqual([1, 3])
})

test('lines of changes that could not be synced come again from the outbox', async () => {
  const faulty = faultyFs()
  const log = await scratch.open({ fs: faulty.fs })
  await log.append([event('a')])
  scratch.outbox.put(1)
  await log.complete(1)
  faulty.fail('EIO', 1, 1, (operation) => operation === 'sync')
  expect((await refusalOf(() => log.append([event('b')]))).code).toBe('audit_unavailable')
  await log.append([event('c')])
  const entries = await log.query({})
  expect(entries.map(({ resource, generation }) => generation ?? resource)).toEqual(['a', 1, 'c'])
  expect(await log.verify()).toMatchObject({ ok: true, events: 3 })
})

test('a head file that a power cut left behind the log makes nobody believe in a cut', async () => {
  const log = await scratch.open()
  await log.append([event('a')])
  const head = path.join(scratch.dir, 'head')
  const stale = readFileSync(head)
  await log.append([event('b')])
  scratch.outbox.put(1)
  await log.complete(1)
  const tail = await log.refresh()
  await log.close()
  writeFileSync(head, stale)
  const again = await scratch.open()
  expect(await again.refresh()).toEqual(tail)
  expect((await again.verify()).ok).toBe(true)
  await again.append([event('c')])
  expect((await again.verify()).warnings).toEqual([])
})

test('a power cut that took parts of the last flush, and not its signature, alarms nobody', async () => {
  const first = await scratch.open()
  await first.append([event('a')])
  await first.append([event('b')])
  await first.close()
  const head = readFileSync(path.join(scratch.dir, 'head'))
  const before = readFileSync(scratch.segment()).length
  const told = { resources: ['a', 'b'], generation: 8 }
  const log = await scratch.open()
  for (let generation = 1; generation <= told.generation; generation++) {
    scratch.outbox.put(generation)
    await log.complete(generation)
  }
  await log.close()
  const whole = readFileSync(scratch.segment())
  for (let from = before; from < whole.length - 300; from += 170) {
    // The disk had not taken this sector, nor the newest head.
    const sparse = Buffer.from(whole).fill(0, from, from + 150)
    writeFileSync(scratch.segment(), sparse)
    writeFileSync(path.join(scratch.dir, 'head'), head)
    await expectSound(scratch, told, `lost from ${from}`)
    expect(linesOf(scratch.dir).join()).toContain('"action":"audit.repair"')
  }
})

test('a write that was torn at any byte is cut off, told of, and alarms nobody', async () => {
  const first = await scratch.open()
  await first.append([event('a')])
  await first.close()
  const whole = readFileSync(scratch.segment())
  const [, last] = linesOf(scratch.dir)
  const torn = Buffer.from(
    `${eventLine(3, eventBody(event('torn')), lineHash(last!))}\n{"seq":4,"at":"2026`,
  )
  const newline = torn.indexOf('\n')
  for (let size = 1; size <= torn.length; size += 9) {
    const copy = scratchLog()
    const log = await copy.open()
    await log.append([event('a')])
    await log.close()
    expect(readFileSync(copy.segment())).toEqual(whole)
    appendFileSync(copy.segment(), torn.subarray(0, size))
    const reader = await copy.open()
    expect(await reader.verify()).toMatchObject({ ok: true, unsigned: size > newline ? 1 : 0 })
    await reader.append([event('b')])
    const report = await reader.verify()
    expect(report, `torn at ${size}`).toMatchObject({ ok: true, unsigned: 0, warnings: [] })
    const actions = (await reader.query({})).map(({ action, resource }) => `${action} ${resource}`)
    const kept = size > newline ? ['read torn'] : []
    const repair = size === newline + 1 ? [] : ['audit.repair audit:log']
    expect(actions).toEqual(['read a', ...kept, ...repair, 'read b'])
    await copy.remove()
  }
})
