import { CofferError } from '../../core/errors.ts'
import type { KeyRotationReport, Progress } from '../../core/ports/platform.ts'
import { rewrapEnvelope } from '../../crypto/envelope.ts'
import type { KeyTerm } from '../../crypto/keyring.ts'
import {
  activeTerm,
  addTerm,
  destroyTerms,
  kekOf,
  readKeyringHeader,
} from '../../crypto/keyring.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { openState } from '../state.ts'
import type { KeyringHeader, Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { refuseOlder } from '../witness.ts'
import { KEYRING } from './holder.ts'

/** What it is about, in policies and in the audit log. */
export const KEYS = 'store:keys'
/** Versions re-wrapped in one transaction: other writers wait no longer than that takes. */
const BATCH = 500

/**
 * A new term, every DEK re-wrapped in batches, older terms destroyed once no row uses them. When an
 * earlier rotation was interrupted, it is finished and no further term is made.
 */
export async function rotate(
  context: EngineContext,
  origin: Origin,
  {
    allowed,
    wanted,
    progress,
  }: {
    /** Of who asks. @throws `denied` */
    readonly allowed: (tx: Transaction) => void
    /** Whether there is to be a new term, once nobody else can make one. */
    readonly wanted: (active: KeyTerm) => boolean
    readonly progress?: Progress | undefined
  },
): Promise<KeyRotationReport> {
  const startedAt = context.clock()
  await transact(context, origin, { action: 'key.rotate', resource: KEYS }, async (tx) => {
    allowed(tx)
    const { keyring } = context.keys
    const active = activeTerm(keyring)
    const inUse = await tx.rows.terms()
    if (inUse.some((used) => used.term < active.term) || !wanted(active)) return
    const next = addTerm(keyring, tx.now, context.random)
    const reason = `term ${activeTerm(next).term}`
    await tx.record({ action: 'key.rotate', resource: KEYS, reason })
    await tx.putKeyring(next, context.keys.rootKey, await headerOf(tx))
  })
  const rewrapped = await rewrapAll(context, progress).catch(async (error: unknown) => {
    await auditFailure(context, origin, { action: 'key.rewrap', resource: KEYS }, error)
    throw error
  })
  const retired = await retire(context, origin, rewrapped)
  return {
    term: activeTerm(context.keys.keyring).term,
    rewrapped,
    retired,
    seconds: (context.clock() - startedAt) / 1_000,
  }
}

/** Batches of short transactions; interrupted anywhere, the next call goes on with what is left. */
async function rewrapAll(context: EngineContext, progress: Progress | undefined): Promise<number> {
  const { store, random, keys } = context
  const terms = await store.read((rows) => rows.terms())
  const before = activeTerm(keys.keyring).term
  const total = terms.reduce((sum, t) => (t.term < before ? sum + t.versions : sum), 0)
  let done = 0
  for (;;) {
    const batch = await store.write(async (rows) => {
      const state = await rows.state()
      if (state === undefined) return 0
      refuseOlder(state.generation, context.witness.known())
      const { storeId, stateKey } = keys.keyring
      const { keyringRevision } = openState(stateKey, storeId, state)
      const keyring = await keys.catchUp(rows, keyringRevision)
      const { term, kek } = activeTerm(keyring)
      const find = kekOf(keyring)
      const stale = await rows.versionsBelowTerm(term, BATCH)
      for (const { id, version, path, envelope } of stale) {
        const binding = { storeId, id, version, path }
        const fresh = rewrapEnvelope(envelope, find, kek, term, binding, random)
        await rows.putVersion({ id, version, path, term, envelope: fresh })
      }
      return stale.length
    })
    if (batch === 0) return done
    done += batch
    progress?.(Math.min(done, total), total)
  }
}

/** Only in a transaction that finds no row using them. */
async function retire(
  context: EngineContext,
  origin: Origin,
  rewrapped: number,
): Promise<readonly number[]> {
  let retired: readonly number[] = []
  await transact(context, origin, { action: 'key.retire', resource: KEYS }, async (tx) => {
    const { keyring } = context.keys
    const inUse = new Set((await tx.rows.terms()).map((used) => used.term))
    retired = keyring.terms
      .filter((term) => term.state === 'retiring' && !inUse.has(term.term))
      .map((term) => term.term)
    if (retired.length === 0) return
    const reason = `terms ${retired.join(', ')} after ${rewrapped} re-wraps`
    await tx.record({ action: 'key.retire', resource: KEYS, reason })
    const next = destroyTerms(keyring, retired, tx.now)
    await tx.putKeyring(next, context.keys.rootKey, await headerOf(tx))
  })
  if (retired.length > 0) await context.store.scrub()
  return retired
}

async function headerOf(tx: Transaction): Promise<KeyringHeader> {
  const blob = await tx.rows.blob(KEYRING)
  if (blob === undefined) throw new CofferError('corrupt', 'The keyring is gone from the store.')
  const { seal, params } = readKeyringHeader(blob)
  return { seal, params }
}
