import { CofferError } from '../../core/errors.ts'
import type { KeyRotationReport, Progress } from '../../core/ports/platform.ts'
import type { KeyTerm } from '../../crypto/keyring.ts'
import { activeTerm, addTerm, destroyTerms, readKeyringHeader } from '../../crypto/keyring.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import type { KeyringHeader, Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { KEYRING } from './holder.ts'
import { leftBehind, rewrapAll } from './rewrap.ts'

/** What it is about, in policies and in the audit log. */
export const KEYS = 'store:keys'

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
  const failed = async (error: unknown) => {
    await auditFailure(context, origin, { action: 'key.rewrap', resource: KEYS }, error)
    return error
  }
  const { rewrapped, damaged } = await rewrapAll(context, progress).catch(
    async (error: unknown) => {
      throw await failed(error)
    },
  )
  const retired = await retire(context, origin, rewrapped)
  if (damaged.length > 0) throw await failed(leftBehind(damaged))
  const { term } = activeTerm(context.keys.keyring)
  return { term, rewrapped, retired, seconds: (context.clock() - startedAt) / 1_000 }
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
