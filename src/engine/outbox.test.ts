import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../adapters/stores/memory.ts'
import type { AuditEvent } from '../core/event.ts'
import type { OutboxRow } from '../core/ports/store.ts'
import { outboxOf, putEvent } from './outbox.ts'

const keysOf = (storeId: string) => ({
  headKey: createSecretKey(Buffer.alloc(32, 7)),
  storeId,
})
const KEYS = keysOf('0'.repeat(32))
const EVENT: AuditEvent = {
  at: 1_800_000_000_000,
  actor: 'local:é',
  action: 'write',
  outcome: 'allowed',
  resource: 'shop/a',
  generation: 3,
}
/** Never edited: a store that was written yesterday is read today. */
const GOLDEN =
  'eVL2hYt4gjdxZiUChFWWR1tsNBELflQ7coYpzDxZu1M{"at":1800000000000,"actor":"local:é","action":"write","outcome":"allowed","resource":"shop/a","generation":3}'

async function stored(change: (row: OutboxRow) => OutboxRow = (row) => row) {
  const store = createMemoryStore()
  await store.write((rows) => putEvent(rows, KEYS, 3, EVENT))
  const [row] = await store.read((rows) => rows.outbox(0, 1))
  const changed = createMemoryStore()
  await changed.write((rows) => rows.appendOutbox(change(row!)))
  return { store: changed, row: row! }
}

test('an event comes back as it was put, and has its golden form', async () => {
  const { store, row } = await stored()
  expect(await outboxOf(store, KEYS).after(0, 10)).toEqual([
    { generation: 3, event: JSON.stringify(EVENT) },
  ])
  expect(row.event).toBe(GOLDEN)
})

const CHANGES: Readonly<Record<string, (row: OutboxRow) => OutboxRow>> = {
  'another word': (row) => ({ ...row, event: row.event.replace('shop/a', 'shop/b') }),
  'another generation': (row) => ({ ...row, generation: 4 }),
  'no MAC': (row) => ({ ...row, event: row.event.slice(43) }),
  'another MAC': (row) => ({ ...row, event: `A${row.event.slice(1)}` }),
  nothing: (row) => ({ ...row, event: '' }),
  'more behind it': (row) => ({ ...row, event: `${row.event} ` }),
  'half a surrogate pair': (row) => ({ ...row, event: `${row.event}\ud800` }),
}

test.each(Object.entries(CHANGES))('with %s it never reaches the log', async (_, change) => {
  const { store } = await stored(change)
  await expect(outboxOf(store, KEYS).after(0, 10)).rejects.toMatchObject({ code: 'corrupt' })
})

test('it belongs to one store', async () => {
  const { store } = await stored()
  const other = keysOf('1'.repeat(32))
  await expect(outboxOf(store, other).after(0, 10)).rejects.toMatchObject({ code: 'corrupt' })
})

test('a generation has one event', async () => {
  const { store } = await stored()
  await expect(store.write((rows) => putEvent(rows, KEYS, 3, EVENT))).rejects.toMatchObject({
    code: 'corrupt',
  })
})
