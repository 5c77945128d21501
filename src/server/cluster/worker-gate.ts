import { openPlatform } from '../../compose.ts'
import type { PlatformOptions } from '../../compose.ts'
import { CofferError } from '../../core/errors.ts'
import type { Platform } from '../../core/ports/platform.ts'
import type { Gate, SealStatus } from '../server.ts'
import type { PrimaryMethods } from './methods.ts'
import type { Peer } from './peer.ts'

/** A worker's gate: shares go to the primary, the root key comes from there. */
export interface WorkerGate extends Gate {
  /** @throws what opening a store throws; nothing happens when it is open */
  open(rootKey: Uint8Array): Promise<void>
  close(): Promise<void>
  told(status: SealStatus): void
}

export function createWorkerGate(
  primary: Peer<PrimaryMethods>,
  store: PlatformOptions,
  first: SealStatus,
): WorkerGate {
  let platform: Platform | undefined
  let opening: Promise<void> | undefined
  let last = first

  const status = (): SealStatus => ({
    ...last,
    sealed: platform === undefined,
    storeId: platform?.storeId,
  })
  const open = async (rootKey: Uint8Array): Promise<void> => {
    try {
      platform ??= await openPlatform({ ...store, rootKey })
    } finally {
      rootKey.fill(0)
    }
  }

  return {
    platform() {
      if (platform !== undefined) return platform
      throw new CofferError('sealed', 'The store is sealed.', {
        remedy: 'Unseal it: `coffer unseal`.',
      })
    },
    shareLook: () => platform?.shareLook(),
    status,
    submit: (share, from = {}) => primary.ask('submit', share, from),
    reset: (from = {}) => primary.ask('reset', from),
    // What else an operator may bring, as what refuses it a secret, no other process can be told.
    seal: ({ actor, via, request, address, grants, token }) =>
      primary.ask('seal', { actor, via, request, address, grants, token }),
    open: (rootKey) => (opening ??= open(rootKey).finally(() => (opening = undefined))),
    async close() {
      await opening?.catch(() => {})
      const closing = platform
      platform = undefined
      if (closing === undefined) return
      // Requests under way may finish; no new one begins.
      await new Promise((resolve) => setTimeout(resolve, GRACE_MS))
      await closing.close()
    },
    told(status) {
      last = status
    },
  }
}

const GRACE_MS = 250
