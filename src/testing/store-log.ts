import { createHash } from 'node:crypto'
import type { HeadKind, Store, StoreReader, StoreWriter, VersionRow } from '../core/ports/store.ts'

/** What `runStoreLog(store, STORE_LOG_SEED, STORE_LOG_OPERATIONS)` gives on a store that is right. */
export const STORE_LOG_HASH = 'dc48878840e33659207dcb892ba3905eaa43af0b469bb7be81d58383b0783f74'
export const STORE_LOG_SEED = 20_260_731
export const STORE_LOG_OPERATIONS = 3_000

const KINDS: readonly HeadKind[] = ['secret', 'policy', 'role', 'actor', 'setting', 'credential']

/** Where orders differ: byte order, UTF-16 order, locale order, prefixes, normal forms, lengths. */
const PATHS: readonly string[] = [
  ...'a a/b a/b/c a-b a0 B Z/z __proto__ constructor 10 9 ~'.split(' '),
  ...'é e\u0301 ß/x \uD7FF \uE000 \uFF5E \uFFFD 😀 😀/a 𝒜 \u{10FFFF}'.split(' '),
  ...Array.from({ length: 30 }, (_, i) => `shop/prod/service-${i % 5}/secret-${i}`),
  'x'.repeat(511),
  'x'.repeat(512),
]

const IDS = Array.from({ length: 12 }, (_, i) => (i * 2_654_435_761).toString(16).padStart(32, '0'))

/** A dice: a whole number from 0 to below `n`. */
type Roll = (n: number) => number
type Change = (rows: StoreWriter, roll: Roll, generation: number) => Promise<unknown>
type Question = (rows: StoreReader, roll: Roll, generation: number) => Promise<unknown>

const CHANGES: readonly Change[] = [
  (rows, roll, generation) =>
    rows.putState({ generation, accessGeneration: roll(generation + 1), seal: bytes(roll, 48) }),
  (rows, roll) => rows.putBlob(pick(roll, ['keyring', 'identity', 'é']), bytes(roll, 300)),
  putHead,
  putHead,
  putHead,
  (rows, roll) => rows.removeHead(pick(roll, KINDS), pick(roll, PATHS)),
  putVersion,
  putVersion,
  putVersion,
  (rows, roll) => rows.removeVersion(pick(roll, IDS), 1 + roll(6)),
  (rows, _roll, generation) => rows.appendOutbox({ generation, event: `{"n":${generation}}` }),
  (rows, roll, generation) => rows.trimOutbox(generation - roll(30)),
  async (rows, roll) => {
    const term = 1 + roll(6)
    const { rows: all } = await rows.versions(undefined, 1_000)
    const old = all.filter((row) => row.term < term)
    for (const row of old) await rows.putVersion({ ...row, term })
    return old.length
  },
]

const QUESTIONS: readonly Question[] = [
  (rows) => rows.state(),
  (rows, roll) => rows.blob(pick(roll, ['keyring', 'identity', 'é', 'none'])),
  (rows, roll) => rows.head(pick(roll, KINDS), pick(roll, PATHS)),
  (rows, roll) =>
    rows.heads({
      kind: pick(roll, KINDS),
      after: roll(2) ? pick(roll, PATHS) : undefined,
      from: roll(2) ? pick(roll, PATHS) : undefined,
      before: roll(2) ? pick(roll, PATHS) : undefined,
      limit: 1 + roll(40),
    }),
  (rows, roll) => rows.version(pick(roll, IDS), 1 + roll(6)),
  (rows, roll) => allVersions(rows, 1 + roll(30)),
  (rows) => rows.terms(),
  (rows, roll, generation) => rows.outbox(generation - roll(60), 1 + roll(30)),
]

/**
 * Runs a random log of operations on an empty store and folds every answer, and all rows at the end,
 * into one hash: equal seeds give equal hashes on all stores that keep the port's promises.
 */
export async function runStoreLog(store: Store, seed: number, operations: number): Promise<string> {
  const roll = dice(seed)
  const trace = createHash('sha256')
  const note = (answer: unknown): unknown => trace.update(`${plain(answer)}\n`)
  const refusal = new Error('as planned')
  for (let generation = 1; generation <= operations; generation++) {
    if (roll(3) === 0) {
      const questions = Array.from({ length: 1 + roll(3) }, () => pick(roll, QUESTIONS))
      await store.read(async (rows) => {
        for (const ask of questions) note(await ask(rows, roll, generation))
      })
      note(await store.current(pick(roll, PATHS)))
      continue
    }
    const changes = new Set(Array.from({ length: 1 + roll(6) }, () => pick(roll, CHANGES)))
    const refused = roll(8) === 0
    const written = store.write(async (rows) => {
      for (const change of changes) note(await change(rows, roll, generation))
      note(await pick(roll, QUESTIONS)(rows, roll, generation))
      if (refused) throw refusal
    })
    await written.catch((error: unknown) => {
      if (error !== refusal) throw error
    })
  }
  note(await dumpStore(store))
  return trace.digest('hex')
}

/** Every row of a store, in order, as one string; pages of 7 so that paging is tried as well. */
export function dumpStore(store: Store): Promise<string> {
  return store.read(async (rows) => {
    const dump: unknown[] = [await rows.state(), await rows.terms()]
    for (const kind of KINDS) {
      let after: string | undefined
      for (;;) {
        const page = await rows.heads({ kind, after, limit: 7 })
        dump.push(...page)
        after = page.at(-1)?.path
        if (after === undefined) break
      }
    }
    dump.push(...(await allVersions(rows, 7)))
    dump.push(await rows.outbox(-1, 100_000))
    for (const { path } of await rows.heads({ kind: 'secret', limit: 100_000 })) {
      dump.push(await store.current(path))
    }
    return plain(dump)
  })
}

/** By pages of that size, in one order on all stores, without the places that are each store's own. */
async function allVersions(rows: StoreReader, limit: number): Promise<VersionRow[]> {
  const all: VersionRow[] = []
  for (let after: string | undefined; ;) {
    const page = await rows.versions(after, limit)
    all.push(...page.rows.map((row) => ({ ...row, place: undefined })))
    after = page.end
    if (after === undefined) break
  }
  return all.toSorted((a, b) => (a.id === b.id ? a.version - b.version : a.id < b.id ? -1 : 1))
}

function putHead(rows: StoreWriter, roll: Roll, generation: number): Promise<void> {
  const row = {
    kind: pick(roll, KINDS),
    path: pick(roll, PATHS),
    head: bytes(roll, 400),
    generation,
  }
  const current = roll(5) ? 1 + roll(6) : undefined
  return rows.putHead(row, roll(6) ? { id: pick(roll, IDS), current } : undefined)
}

function putVersion(rows: StoreWriter, roll: Roll): Promise<void> {
  return rows.putVersion({
    id: pick(roll, IDS),
    version: 1 + roll(6),
    path: pick(roll, PATHS),
    term: 1 + roll(5),
    envelope: bytes(roll, roll(40) ? 300 : 9_000),
  })
}

function pick<T>(roll: Roll, items: readonly T[]): T {
  return items[roll(items.length)]!
}

function bytes(roll: Roll, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: roll(lengthMax + 1) }, () => roll(256))
}

/** Mulberry32: small, and the same for ever. */
function dice(seed: number): Roll {
  let state = seed >>> 0
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

function plain(answer: unknown): string {
  const sorted = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
    if (Array.isArray(value)) return value.map(sorted)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const)
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
  return JSON.stringify(sorted(answer)) ?? 'undefined'
}
