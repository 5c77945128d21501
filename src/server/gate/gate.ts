import { inspectSeal, openPlatform, unsealRootKey } from '../../compose.ts'
import type { PlatformOptions, SealInspection } from '../../compose.ts'
import { CofferError, isCofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Clock, Random } from '../../core/ports/ambient.ts'
import type { Presented } from '../../core/ports/identities.ts'
import type { Platform } from '../../core/ports/platform.ts'
import type { Gate, SealStatus } from '../server.ts'
import { createAttempt } from './attempt.ts'

/** A gate that holds the platform itself. */
export interface OwnGate extends Gate {
  /** Closes the store for good. */
  close(): Promise<void>
}

export interface GateParts {
  /** Where the store is, and what its seal may use. */
  readonly store: PlatformOptions
  readonly clock: Clock
  readonly random: Random
  /** Each time the store was opened. The root key is erased afterwards: copy what is needed. */
  readonly opened?: ((platform: Platform, rootKey: Uint8Array) => void | Promise<void>) | undefined
  /** Before it is closed, by `seal` or for good. */
  readonly closing?: (() => void | Promise<void>) | undefined
  /** Opening failed for a reason that may pass, and is tried again. */
  readonly troubled?: ((error: CofferError) => void) | undefined
}

/**
 * Opens the store if its seal can be opened without people. When that fails for a reason that may
 * pass (`PASSING`) the gate stays sealed and tries again, every second at first, then every 30 s.
 * @throws for all other reasons: a wrong key, a store that was put back, none at all
 */
export async function createGate(parts: GateParts): Promise<OwnGate> {
  const { clock, random } = parts
  let seal = await sealOf(parts)
  let attempt = createAttempt(seal, clock, random)
  let platform: Platform | undefined
  let trouble: CofferError | undefined
  let retry: NodeJS.Timeout | undefined
  let refusedShares = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other: two who bring the last share open one store. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  const open = async (rootKey: Uint8Array, from: Presented, reason: string): Promise<void> => {
    try {
      const opened = await openPlatform({ ...parts.store, rootKey })
      try {
        const { via, address, request } = from
        await opened.record([
          {
            action: 'store.unseal',
            outcome: 'allowed',
            resource: 'store:keys',
            reason: refusedShares === 0 ? reason : `${reason}; ${refusedShares} refused before`,
            ...(via === undefined ? {} : { via }),
            ...(address === undefined ? {} : { address }),
            ...(request === undefined ? {} : { request }),
          },
        ])
        await parts.opened?.(opened, rootKey)
      } catch (error) {
        await opened.close()
        throw error
      }
      platform = opened
      trouble = undefined
      refusedShares = 0
    } finally {
      rootKey.fill(0)
    }
  }

  const openBySeal = async (): Promise<void> => {
    // A person who is there types a passphrase; shares are collected while the server runs.
    const store = seal.shared ? { ...parts.store, prompt: undefined } : parts.store
    const rootKey = await unsealRootKey(store)
    if (rootKey !== undefined) await open(rootKey, { via: 'serve' }, `seal ${seal.kind}`)
  }

  const status = (): SealStatus => ({
    initialized: true,
    sealed: platform === undefined,
    kind: seal.kind,
    threshold: seal.threshold,
    shares: seal.shares,
    progress: attempt.progress,
    nonce: attempt.nonce,
    storeId: platform?.storeId,
  })

  const tryAgain = (error: CofferError, waitMs: number): void => {
    trouble = error
    parts.troubled?.(error)
    retry = setTimeout(() => {
      inTurn(async () => {
        if (platform === undefined && trouble !== undefined) await openBySeal()
      }).catch((next: unknown) => {
        tryAgain(
          isCofferError(next)
            ? next
            : new CofferError('internal', 'The store could not be opened.'),
          Math.min(waitMs * 2, RETRY_MS_MAX),
        )
      })
    }, waitMs)
  }

  const close = async (): Promise<void> => {
    clearTimeout(retry)
    trouble = undefined
    attempt.reset()
    const closing = platform
    platform = undefined
    if (closing === undefined) return
    await parts.closing?.()
    await closing.close()
  }

  try {
    await openBySeal()
  } catch (error) {
    if (!isCofferError(error)) throw error
    if (PASSING.has(error.code)) tryAgain(error, RETRY_MS)
    else if (!seal.shared || error.code !== 'sealed') throw error
  }

  return {
    platform() {
      if (platform !== undefined) return platform
      throw sealedNow(trouble)
    },
    shareLook: () => platform?.shareLook(),
    status,
    submit: (share, from = {}) =>
      inTurn(async () => {
        if (platform !== undefined) return status()
        try {
          const complete = await attempt.add(share, from.address)
          if (complete === undefined) return status()
          const { rootKey, numbers } = complete
          await open(rootKey, from, seal.shared ? `shares ${numbers.join(', ')}` : 'root key')
        } catch (error) {
          refusedShares += 1
          throw error
        }
        return status()
      }),
    reset: ({ address } = {}) =>
      inTurn(async () => {
        if (address === undefined || attempt.addresses.has(address)) attempt.reset()
        return status()
      }),
    seal: (by) =>
      inTurn(async () => {
        if (platform === undefined) throw sealedNow(trouble)
        const sealing = platform
        await sealing.permit(by, 'admin', 'store:seal', 'store.seal')
        platform = undefined
        // Requests under way may finish; no new one begins.
        await new Promise((resolve) => setTimeout(resolve, GRACE_MS))
        await parts.closing?.()
        await sealing.close()
        // It may have been put under another root key since it was opened.
        seal = await sealOf(parts)
        attempt = createAttempt(seal, clock, random)
      }),
    close: () => inTurn(close),
  }
}

async function sealOf({ store }: GateParts): Promise<SealInspection> {
  const seal = await inspectSeal(store)
  if (seal !== undefined) return seal
  throw new CofferError('store_missing', 'There is no store to serve.')
}

/** What may be better in a while, without anybody doing anything to this process. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'store_busy',
  'store_unavailable',
  'store_full',
  'audit_unavailable',
  'unavailable',
  'timeout',
  'throttled',
])

const RETRY_MS = 1_000
const RETRY_MS_MAX = 30_000
const GRACE_MS = 250

const sealedNow = (trouble: CofferError | undefined) =>
  trouble === undefined
    ? new CofferError('sealed', 'The store is sealed.', { remedy: 'Unseal it: `coffer unseal`.' })
    : new CofferError('sealed', 'The store is not open yet.', {
        remedy: 'It is tried again and again; see what the server logs.',
        details: { reason: trouble.code },
      })
