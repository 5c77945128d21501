import { afterEach, beforeEach, expect, test } from 'vitest'
import { event, scratchLog, START_MS, type Scratch } from '../../../test/audit/scratch-log.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import { refusalOf } from '../../testing/refusal.ts'

const DAY_MS = 86_400_000

let scratch: Scratch
beforeEach(() => {
  scratch = scratchLog()
})
afterEach(() => scratch.remove())

/** Every change behind `seq`, so many at a time. */
async function all(log: AuditLog, seq: number, limit: number): Promise<string[]> {
  const found: string[] = []
  for (let at = seq; ;) {
    const page = await log.changesAfter(at, limit)
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    found.push(...page.entries.map(({ resource = '' }) => resource))
    if (!page.more) return found
    expect(page.seq).toBeGreaterThan(at)
    at = page.seq
  }
}

test('changes of any process come in order, each once, and reads never', async () => {
  const log = await scratch.open({ segmentBytesMax: 900 })
  const other = await scratch.open({ segmentBytesMax: 900 })
  const written: string[] = []
  for (let generation = 1; generation <= 20; generation++) {
    const by = generation % 3 === 0 ? other : log
    scratch.outbox.put(generation)
    written.push(`a/${generation}`)
    await by.append([event('a/read')])
    await by.complete(generation)
  }
  for (const opened of [log, other]) {
    await opened.append([event('a/last')])
    for (const limit of [1, 3, 20, 500]) expect(await all(opened, 0, limit)).toEqual(written)
  }
  const { entries, seq } = await log.changesAfter(0, 7)
  expect(entries.at(-1)?.resource).toBe('a/7')
  expect((await all(log, seq, 100))[0]).toBe('a/8')
})

test('nothing comes behind the end, and what was pruned is missed and not skipped', async () => {
  let now = START_MS
  const log = await scratch.open({
    segmentBytesMax: 500,
    retentionDays: 1,
    clock: () => now,
  })
  expect(await log.changesAfter(0, 10)).toEqual({ entries: [], seq: 0, more: false })
  for (let generation = 1; generation <= 6; generation++) {
    now += DAY_MS
    scratch.outbox.put(generation, { at: now })
    await log.complete(generation)
    await log.append([event('a/read', { at: now })])
  }
  const end = (await log.refresh()).seq
  expect(await log.changesAfter(end, 10)).toEqual({ entries: [], seq: end, more: false })
  const middle = (await log.changesAfter(0, 3)).seq
  expect(await log.prune(now, 'local:admin')).not.toEqual([])
  expect((await refusalOf(() => log.changesAfter(0, 10))).code).toBe('not_found')
  expect((await refusalOf(() => log.changesAfter(middle, 10))).code).toBe('not_found')
  expect(await log.changesAfter(end, 10)).toMatchObject({ entries: [] })
})
