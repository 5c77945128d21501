import { CofferError } from '../../core/errors.ts'
import type { Coffer, ReadAnswer, ReadRef, WriteInput } from '../../core/ports/coffer.ts'
import { Secret } from '../../core/secret.ts'
import { decoderOf, encodeValue } from '../../core/value.ts'
import type { SecretValue } from '../../core/value.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { SyncEntry, SyncWorld } from './sync.ts'

/** As much of a Coffer as syncing uses, in memory; the real one is tried in the command's tests. */
export interface TestCoffer {
  readonly coffer: Coffer
  readonly secrets: Map<string, SecretValue[]>
  /** Paths that may not be delivered. */
  readonly denied: Set<string>
  /** Reads to deliver, and documents of ledgers that were written. */
  reads: number
  ledgerWrites: number
  set(path: string, value: SecretValue): void
  remove(path: string): void
  /** Everything fails from now on, as for a process that is gone. */
  dead: boolean
  /** The process ends at the n-th write of a ledger from here, before or after it is committed. */
  crashAt?: { writes: number; committed: boolean } | undefined
}

export function testCoffer(actor = 'local:tester'): TestCoffer {
  const secrets = new Map<string, SecretValue[]>()
  const answer = ({ path, version, deliverTo, elsewhere }: ReadRef): ReadAnswer => {
    if (made.dead) throw new Error('gone')
    if (deliverTo !== undefined) made.reads++
    if (made.denied.has(path)) return { error: new CofferError('denied', 'It may not be.') }
    if (elsewhere !== undefined) return { value: undefined }
    const versions = secrets.get(path) ?? []
    const number = version ?? versions.length
    const value = versions[number - 1]
    if (value === undefined) return { value: undefined }
    const { bytes, encoding } = encodeValue(value)
    const secret = new Secret<SecretValue>({ name: path, bytes, decode: decoderOf(encoding) })
    const facts = { path, id: path, version: number, labels: ['current'], encoding, createdAt: 0 }
    return { value: { ...facts, type: { name: 'string' }, secret } }
  }
  const record = (path: string) => {
    const versions = secrets.get(path)
    if (versions === undefined) return undefined
    return {
      path,
      labels: { current: versions.length },
      versions: versions.map((_, i) => ({ number: i + 1, state: 'live' })),
    }
  }
  const writeMany = async (items: readonly { path: string; input: WriteInput }[]) => {
    if (made.dead) throw new Error('gone')
    for (const { path, input } of items) {
      const now = secrets.get(path)?.length ?? 0
      if ((input.ifVersion ?? now) !== now) throw new CofferError('conflict', 'It moved.')
    }
    const crash = made.crashAt
    const dies = crash !== undefined && crash.writes-- === 0
    if (dies) made.dead = true
    if (dies && !crash.committed) throw new Error('gone')
    const receipts = items.map(({ path, input }) => {
      made.ledgerWrites++
      made.set(path, structuredClone(input.value ?? ''))
      const version = secrets.get(path)?.length ?? 0
      return { path, id: path, version, revision: version, written: true }
    })
    if (dies) throw new Error('gone')
    return receipts
  }
  const coffer = {
    actor,
    readMany: async (refs: readonly ReadRef[]) => refs.map(answer),
    writeMany,
    describe: async (path: string) => record(path),
    list: async ({ prefix }: { prefix: string }) => ({
      items: [...secrets.keys()]
        .filter((path) => path.slice(0, path.lastIndexOf('/')) === prefix)
        .map(record),
    }),
  }
  const made: TestCoffer = {
    coffer: coffer as unknown as Coffer,
    secrets,
    denied: new Set(),
    reads: 0,
    ledgerWrites: 0,
    dead: false,
    set: (path, value) => void secrets.set(path, [...(secrets.get(path) ?? []), value]),
    remove: (path) => void secrets.delete(path),
  }
  return made
}

export interface TestWorld extends SyncWorld {
  now: number
}

export function testWorld({ coffer }: TestCoffer, seed = 'sync'): TestWorld {
  const world: TestWorld = {
    now: Date.UTC(2026, 0, 7),
    coffer,
    actor: coffer.actor,
    clock: () => world.now,
    random: seededRandom(seed),
    signal: new AbortController().signal,
    elsewhere: async (refs) =>
      refs.map(({ key }) => ({
        value: {
          secret: new Secret<unknown>({ name: key, bytes: Buffer.from(key), decode: () => key }),
        },
      })),
    material: (_ref, secret) => secret.revealBytes(),
  }
  return world
}

/** Entries of `shop/test/api/NAME`, for names. */
export const entriesOf = (names: readonly string[]): SyncEntry[] =>
  names.map((name) => {
    const path = `shop/test/api/${name}`
    return { name, path, ref: { provider: 'coffer', key: path } }
  })
