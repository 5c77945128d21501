import { createSecretKey } from 'node:crypto'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { event, linesOf, scratchLog, START_MS } from '../../../test/audit/scratch-log.ts'
import type { Scratch } from '../../../test/audit/scratch-log.ts'
import { LIMITS } from '../../core/limits.ts'
import type { AuditEntry } from '../../core/ports/coffer.ts'
import type { AuditEvent } from '../../core/event.ts'
import type { OutboxRow } from '../../core/ports/store.ts'
import { eventBody, placeOf } from '../../crypto/audit-line.ts'
import { publicKeyOf, signerOf } from '../../crypto/signing-key.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { nodeFs, type LogFs } from './log-fs.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

let scratch: Scratch
beforeEach(() => {
  scratch = scratchLog()
})
afterEach(() => scratch.remove())

const known = ({ generation, event: json }: OutboxRow) => ({
  generation,
  body: eventBody({ ...(JSON.parse(json) as AuditEvent), generation }),
})

const signatures = () => linesOf(scratch.dir).filter((line) => placeOf(line)?.signed).length

test('concurrent calls share one flush, and come back in the order they were made', async () => {
  const log = await scratch.open()
  expect(log.tail).toEqual({ seq: 0, hash: '', generation: 0 })
  await Promise.all(Array.from({ length: 64 }, (_, n) => log.append([event(`s/${n}`)])))
  expect(signatures()).toBe(1)
  expect(log.tail).toMatchObject({ seq: 65, generation: 0 })
  const entries = await log.query({})
  expect(entries.map(({ resource }) => resource)).toEqual(
    Array.from({ length: 64 }, (_, n) => `s/${n}`),
  )
})

test('changes are taken from the outbox in generation order, once', async () => {
  const log = await scratch.open()
  const other = await scratch.open()
  scratch.outbox.put(1, { action: 'store.init' }).put(2).put(3)
  await Promise.all([log.complete(3), other.complete(1), log.complete(2), log.append([event('r')])])
  await Promise.all([log.complete(3), other.complete(3)])
  expect((await log.refresh()).generation).toBe(3)
  expect((await log.query({})).map((entry) => entry.generation).filter(Boolean)).toEqual([1, 2, 3])
})

test('rows that the caller knows are not read again, and are never a way around the order', async () => {
  let asked = 0
  const outbox = {
    after: (generation: number, limit: number) => {
      asked++
      return scratch.outbox.after(generation, limit)
    },
  }
  const log = await scratch.open({ outbox })
  const rows = scratch.outbox.put(1).put(2).put(3).put(4).rows
  await Promise.all([log.complete(2, [known(rows[1]!)]), log.complete(1, [known(rows[0]!)])])
  expect([(await log.refresh()).generation, asked]).toEqual([2, 0])
  await log.complete(4, [known(rows[3]!)])
  expect([(await log.refresh()).generation, asked]).toEqual([4, 1])
  await log.complete(1, [known(rows[0]!)])
  const generations = (await log.query({})).map(({ generation }) => generation)
  expect(generations).toEqual([1, 2, 3, 4])
})

test('a long outbox is completed whole', async () => {
  const log = await scratch.open()
  for (let generation = 1; generation <= 1_201; generation++) scratch.outbox.put(generation)
  await log.complete(1_201)
  expect((await log.refresh()).generation).toBe(1_201)
  expect(await log.verify()).toMatchObject({ ok: true, events: 1_201 })
})

test('an outbox that an outage filled is completed in pieces that memory can hold', async () => {
  const changes = 150_000
  const text = JSON.stringify(event('a/b', { action: 'write' }))
  const after = async (generation: number, limit: number) =>
    Array.from({ length: Math.min(limit, changes - generation) }, (_, i) => ({
      generation: generation + 1 + i,
      event: text,
    }))
  let largest = 0
  const write: LogFs['write'] = (fd, bytes, position) => {
    largest = Math.max(largest, bytes.length)
    return nodeFs.write(fd, bytes, position)
  }
  const log = await scratch.open({ outbox: { after }, fs: { ...nodeFs, write } })
  await log.complete(changes)
  expect((await log.refresh()).generation).toBe(changes)
  await log.append([event('r')])
  expect(await log.verify()).toMatchObject({ ok: true, events: changes + 1 })
  expect(largest).toBeLessThan(4_194_304)
})

test('a gap is forgiven by a fresh start that comes pages later', async () => {
  const log = await scratch.open()
  scratch.outbox.put(90)
  for (let generation = 92; generation <= 20_000; generation++) scratch.outbox.put(generation)
  scratch.outbox.put(20_001, { action: 'store.epoch' })
  await log.complete(20_001)
  expect((await log.refresh()).generation).toBe(20_001)
})

test('a generation that neither log nor outbox has means that the log was cut', async () => {
  const log = await scratch.open()
  scratch.outbox.put(1).put(2).put(4)
  await log.complete(2)
  const gap = await refusalOf(() => log.complete(4))
  expect(gap.code).toBe('audit_tampered')
  expect(gap.details).toMatchObject({ logGeneration: 2, storeGeneration: 4, missingGeneration: 3 })
  expect((await refusalOf(() => log.complete(9))).code).toBe('audit_tampered')
  expect((await log.refresh()).generation).toBe(2)
})

test.each(['store.init', 'store.restore', 'store.epoch'] as const)(
  '%s may jump',
  async (action) => {
    const log = await scratch.open()
    scratch.outbox.put(40, { action }).put(41)
    await log.complete(41)
    expect((await log.refresh()).generation).toBe(41)
  },
)

test('what is left of the outbox before an accepted epoch is kept, gaps and all', async () => {
  const log = await scratch.open()
  scratch.outbox.put(90).put(91).put(93)
  expect((await refusalOf(() => log.complete(93))).code).toBe('audit_tampered')
  scratch.outbox.put(94, { action: 'store.epoch' }).put(95)
  await log.complete(95)
  const generations = (await log.query({})).map(({ generation }) => generation)
  expect(generations).toEqual([90, 91, 93, 94, 95])
})

test('a store that fails concerns only those who wait for it', async () => {
  const outbox = { after: () => Promise.reject(new Error('disk')) }
  const log = await scratch.open({ outbox })
  const [read, change] = await Promise.allSettled([log.append([event('r')]), log.complete(1)])
  expect(read.status).toBe('fulfilled')
  expect(change).toMatchObject({ status: 'rejected', reason: { code: 'audit_unavailable' } })
})

test('what another process appended is seen', async () => {
  const [a, b] = [await scratch.open(), await scratch.open()]
  await a.append([event('a')])
  expect((await b.refresh()).seq).toBe(2)
  await b.append([event('b')])
  await a.append([event('c')])
  expect(await a.verify()).toMatchObject({ ok: true, events: 3 })
  const c = await scratch.open()
  expect(c.tail).toEqual(a.tail)
})

test('what is appended while sealed is covered by the first flush after it', async () => {
  const sealed = await scratch.open({ signer: undefined })
  await sealed.append([event('x'), event('y')])
  expect(await sealed.verify()).toMatchObject({ ok: true, unsigned: 2 })
  const log = await scratch.open()
  expect((await log.verify()).unsigned).toBe(2)
  await log.append([event('z')])
  expect(await log.verify()).toMatchObject({ ok: true, unsigned: 0, events: 3 })
})

test('segments are begun when the last one is full, between flushes', async () => {
  const log = await scratch.open({ segmentBytesMax: 800 })
  for (let n = 0; n < 8; n++) await log.append([event(`s/${n}`)])
  const segments = readdirSync(scratch.dir).filter((name) => name.endsWith('.jsonl'))
  expect(segments).toEqual([
    '000000001.jsonl',
    '000000002.jsonl',
    '000000003.jsonl',
    '000000004.jsonl',
  ])
  expect(await log.verify()).toMatchObject({ ok: true, segments: 4, events: 8 })
  expect((await log.query({ limit: 3 })).map(({ seq }) => seq)).toEqual([11, 13, 15])
  const again = await scratch.open({ segmentBytesMax: 800 })
  await again.append([event('later')])
  await log.append([event('after')])
  expect(await log.verify()).toMatchObject({ ok: true, events: 10 })
})

test('a missing segment, and one of another log, are found', async () => {
  const log = await scratch.open({ segmentBytesMax: 800 })
  for (let n = 0; n < 8; n++) await log.append([event(`s/${n}`)])
  const second = readFileSync(scratch.segment(2))
  nodeFs.remove(scratch.segment(2))
  expect((await log.verify()).problem).toMatchObject({ seq: 5, segment: '000000003.jsonl' })
  const other = scratchLog()
  const theirs = await other.open({ segmentBytesMax: 800, storeId: 'f'.repeat(32) })
  for (let n = 0; n < 8; n++) await theirs.append([event(`s/${n}`)])
  writeFileSync(scratch.segment(2), readFileSync(other.segment(2)))
  await other.remove()
  expect((await log.verify()).problem).toMatchObject({ seq: 5, segment: '000000002.jsonl' })
  writeFileSync(scratch.segment(2), second)
  expect((await log.verify()).ok).toBe(true)
  nodeFs.remove(scratch.segment(1))
  expect((await log.verify()).problem).toMatchObject({ seq: 1 })
})

test('pruning removes whole old segments, and a signed event says where the log begins', async () => {
  const log = await scratch.open({ segmentBytesMax: 800, retentionDays: 30 })
  for (let n = 0; n < 8; n++) await log.append([event(`s/${n}`)])
  expect(await log.prune(START_MS + 29 * DAY_MS, 'local:root')).toEqual([])
  const late = START_MS + 31 * DAY_MS
  expect(await log.prune(late, 'local:root')).toEqual(
    [1, 2, 3].map((number) => path.basename(scratch.segment(number))),
  )
  expect(await log.verify()).toMatchObject({ ok: true, segments: 2 })
  expect(await log.query({ action: 'audit.prune' })).toMatchObject([
    { actor: 'local:root', at: late },
  ])
  await log.append([event('x')])
  const again = await scratch.open()
  expect(await again.verify()).toMatchObject({ ok: true })
  const whole = readFileSync(scratch.segment(4), 'latin1')
  writeFileSync(scratch.segment(4), whole.slice(whole.indexOf('\n') + 1))
  expect((await again.verify()).problem).toMatchObject({ seq: 13, line: 1 })
})

test('without a retention nothing is ever pruned', async () => {
  const log = await scratch.open({ segmentBytesMax: 800 })
  for (let n = 0; n < 8; n++) await log.append([event(`s/${n}`)])
  expect(await log.prune(START_MS + 9_999 * DAY_MS, 'local:root')).toEqual([])
})

test('a query answers the newest that match, by actor, action, outcome, path and time', async () => {
  const at = (day: number) => START_MS + day * DAY_MS
  const log = await scratch.open({ segmentBytesMax: 800, clock: () => at(5) })
  await log.append([
    event('shop/prod/a', { at: at(1) }),
    event('shop/prod/b', { at: at(2), actor: 'é' }),
  ])
  await log.append([
    event('shop/dev/a', { at: at(3), outcome: 'denied' }),
    event('x', { at: at(4) }),
  ])
  const found = async (filter: Parameters<typeof log.query>[0]) =>
    (await log.query(filter)).map(({ resource }) => resource)
  expect(await found({ actor: 'é' })).toEqual(['shop/prod/b'])
  expect(await found({ outcome: 'denied' })).toEqual(['shop/dev/a'])
  expect(await found({ resource: 'shop/*/a' })).toEqual(['shop/prod/a', 'shop/dev/a'])
  expect(await found({ resource: 'shop/**', limit: 1 })).toEqual(['shop/dev/a'])
  expect(await found({ since: at(2), until: at(3) })).toEqual(['shop/prod/b', 'shop/dev/a'])
  expect(await found({ since: at(4) })).toEqual(['x'])
  expect(await found({ action: 'write' })).toEqual([])
  expect((await refusalOf(() => log.query({ limit: 0 }))).code).toBe('invalid_argument')
  expect(await found({ limit: 10_000 })).toHaveLength(4)
  expect((await refusalOf(() => log.query({ limit: 10_001 }))).code).toBe('limit_exceeded')
})

test('following shows what any process appends, and only that', async () => {
  const [log, other] = [await scratch.open({ segmentBytesMax: 700 }), await scratch.open()]
  await log.append([event('before')])
  const seen: AuditEntry[] = []
  const stop = log.follow(
    (entry) => seen.push(entry),
    (error) => {
      throw error
    },
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  await other.append([event('one')])
  await log.append([event('two')])
  await log.append([event('three')])
  await vi.waitFor(() => expect(seen).toHaveLength(3), { timeout: 2_000 })
  stop()
  expect(seen.map(({ resource }) => resource)).toEqual(['one', 'two', 'three'])
})

test('at most auditQueueMax events wait', async () => {
  const log = await scratch.open()
  const many = Array.from({ length: LIMITS.auditQueueMax }, () => event('a'))
  const full = log.append(many)
  expect((await refusalOf(() => log.append([event('b')]))).code).toBe('audit_unavailable')
  await full
  await log.append([event('b')])
  expect((await refusalOf(() => log.append([...many, event('a')]))).code).toBe('audit_unavailable')
})

test('an event that is too large is refused alone', async () => {
  const log = await scratch.open()
  const [bad, good] = await Promise.allSettled([
    log.append([event('x'.repeat(LIMITS.auditLineBytesMax))]),
    log.append([event('ok')]),
  ])
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'too_large' } })
  expect(good.status).toBe('fulfilled')
})

test('files are for their owner only', async () => {
  const log = await scratch.open()
  await log.append([event('a')])
  expect(readdirSync(scratch.dir).toSorted()).toEqual([
    '000000001.jsonl',
    'head',
    'lock',
    'lock-shm',
    'lock-wal',
    'public-key.pem',
    'reserve',
  ])
  for (const name of readdirSync(scratch.dir)) {
    expect(statSync(path.join(scratch.dir, name)).mode & 0o777, name).toBe(0o600)
  }
})

test('a public key that a power cut took is there again, and another log’s is left alone', async () => {
  const file = path.join(scratch.dir, 'public-key.pem')
  await scratch.open()
  const pem = readFileSync(file, 'latin1')
  const seed = createSecretKey(seededRandom('of another log')(32))
  const foreign = signerOf(seed, publicKeyOf(seed)).publicKeyPem
  for (const [left, expected] of [
    ['', pem],
    ['\0'.repeat(pem.length), pem],
    [foreign, foreign],
  ] as const) {
    writeFileSync(file, left)
    await scratch.open()
    expect(readFileSync(file, 'latin1')).toBe(expected)
  }
})

test('closing waits for what was asked, and refuses what comes later', async () => {
  const log = await scratch.open()
  const asked = log.append([event('a')])
  await log.close()
  await asked
  expect((await refusalOf(() => log.append([event('b')]))).code).toBe('audit_unavailable')
})

test('a loop of changes lets the event loop turn', async () => {
  const log = await scratch.open()
  const turns: true[] = []
  const timer = setInterval(() => turns.push(true), 1)
  for (let generation = 1; turns.length < 3 && generation <= 5_000; generation++) {
    scratch.outbox.put(generation)
    await log.complete(generation, scratch.outbox.rows.slice(-1).map(known))
  }
  clearInterval(timer)
  expect(turns).toHaveLength(3)
})
