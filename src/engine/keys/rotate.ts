import { isCofferError } from '../../core/errors.ts'
import type { KeyRotationReport, Progress } from '../../core/ports/platform.ts'
import type { KeyTerm, Keyring } from '../../crypto/keyring.ts'
import { activeTerm, addTerm, destroyTerms, readKeyringHeader } from '../../crypto/keyring.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { refuseUnsound } from '../sound-store.ts'
import type { KeyringHeader, Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { KEYS, readKeyring } from './holder.ts'
import { leftBehind, notYetErased } from './left-behind.ts'
import type { Rewrapped } from './rewrap-hidden.ts'
import { rewrapHidden } from './rewrap-hidden.ts'
import { rewrapInPlace } from './rewrap.ts'

export interface Rotation {
  /** Of who asks. @throws `denied` */
  readonly allowed: (tx: Transaction) => void
  /** Whether there is to be a new term, once nobody else can make one. */
  readonly wanted: (active: KeyTerm) => boolean
  /** False for Coffer's own work. */
  readonly reserve?: boolean
  readonly progress?: Progress | undefined
}

/**
 * A new term, every DEK re-wrapped in batches, older terms destroyed once nothing needs them. When an
 * earlier rotation was interrupted, it is finished and no further term is made. What does not open keeps
 * all older terms, since nobody can tell which it needs, and holds up no new one.
 */
export async function rotate(
  context: EngineContext,
  origin: Origin,
  { progress, ...asked }: Rotation,
): Promise<KeyRotationReport> {
  const startedAt = context.clock()
  const attempt = { action: 'key.rotate', resource: KEYS, reserve: asked.reserve } as const
  await transact(context, origin, attempt, async (tx) => asked.allowed(tx))
  await refuseUnsound(context, origin, 'key.rotate')
  let made = await makeTerm(context, origin, asked, isWhole)
  const rewrapAll = async () => rewrapHidden(context, await rewrapInPlace(context, progress))
  const rewrap = () => audited(context, origin, 'key.rewrap', rewrapAll())
  let done = await rewrap()
  if (!made && done.rewrapped === 0 && done.left.length > 0) {
    made = await makeTerm(context, origin, asked)
    if (made) done = await rewrap()
  }
  const { term, rewrapped } = done
  if (done.left.length > 0) {
    await audited(context, origin, 'key.rewrap', Promise.reject(leftBehind(done, made)))
  }
  const retired = await retire(context, origin, asked, done)
  if (retired.length > 0) await audited(context, origin, 'key.retire', erase(context, term))
  return { term, made, rewrapped, retired, seconds: (context.clock() - startedAt) / 1_000 }
}

async function audited<T>(
  context: EngineContext,
  origin: Origin,
  action: 'key.rewrap' | 'key.retire',
  work: Promise<T>,
): Promise<T> {
  return work.catch(async (error: unknown) => {
    await auditFailure(context, origin, { action, resource: KEYS }, error)
    throw error
  })
}

/** That no earlier rotation is left to be finished. */
const isWhole = ({ terms }: Keyring): boolean => terms.every(({ state }) => state !== 'retiring')

/** Whether there is one more term now, since it is wanted and may be made. */
async function makeTerm(
  context: EngineContext,
  origin: Origin,
  { allowed, wanted, reserve }: Rotation,
  mayBeMade: (keyring: Keyring) => boolean = () => true,
): Promise<boolean> {
  let made = false
  await transact(context, origin, { action: 'key.rotate', resource: KEYS, reserve }, async (tx) => {
    allowed(tx)
    const { keyring } = context.keys
    made = mayBeMade(keyring) && wanted(activeTerm(keyring))
    if (!made) return
    const next = addTerm(keyring, tx.now, context.random)
    const reason = `term ${activeTerm(next).term}`
    await tx.record({ action: 'key.rotate', resource: KEYS, reason })
    await tx.putKeyring(next, context.keys.rootKey, await headerOf(tx))
  })
  return made
}

/** Once every version was looked at: what is written meanwhile is under the newest term. */
async function retire(
  context: EngineContext,
  origin: Origin,
  { reserve }: Rotation,
  done: Rewrapped,
): Promise<readonly number[]> {
  let retired: readonly number[] = []
  const attempt = { action: 'key.retire', resource: KEYS, reserve } as const
  await transact(context, origin, attempt, async (tx) => {
    const { keyring } = context.keys
    retired = keyring.terms
      .filter(({ term, state }) => state === 'retiring' && term < done.term)
      .map(({ term }) => term)
    if (retired.length === 0) return
    const reason = `terms ${retired.join(', ')} after ${done.rewrapped} re-wraps`
    await tx.record({ action: 'key.retire', resource: KEYS, reason })
    const next = destroyTerms(keyring, retired, tx.now)
    await tx.putKeyring(next, context.keys.rootKey, await headerOf(tx))
  })
  return retired
}

/** @throws CofferError `store_busy`: done, but for what a reader holds on to */
async function erase({ store }: EngineContext, term: number): Promise<void> {
  try {
    await store.scrub()
  } catch (error) {
    throw isCofferError(error, 'store_busy') ? notYetErased(term, error) : error
  }
}

async function headerOf(tx: Transaction): Promise<KeyringHeader> {
  const { seal, params } = readKeyringHeader(await readKeyring(tx.rows))
  return { seal, params }
}
