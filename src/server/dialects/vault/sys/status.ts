import { createHash } from 'node:crypto'
import type { JsonObject } from '../../../../core/value.ts'
import type { SealStatus, Server } from '../../../server.ts'
import { uuidOf } from '../mounts/mount.ts'

/** What we speak. Tools compare it before they use what came with some version of Vault. */
const SPEAKS = '1.17.0'

/** `1.17.0+coffer.0.4.1`: the protocol's version, ours behind it. */
export const shownVersion = ({ version }: Server): string => `${SPEAKS}+coffer.${version}`

/**
 * Tells this store from others, to clients that compare; nothing while sealed. The store's own id is
 * not for everybody who asks.
 */
export function clusterOf({ storeId }: SealStatus): JsonObject {
  if (storeId === undefined) return {}
  const digest = createHash('sha256').update(`cluster\n${storeId}`).digest('hex')
  return { cluster_name: `coffer-${digest.slice(0, 8)}`, cluster_id: uuidOf(digest) }
}

export function sealStatus(server: Server, status: SealStatus): JsonObject {
  const { initialized, sealed, kind, threshold, shares, progress, nonce } = status
  return {
    type: kind,
    initialized,
    sealed,
    t: threshold,
    n: shares,
    progress,
    nonce,
    version: shownVersion(server),
    build_date: '',
    migration: false,
    ...clusterOf(status),
    recovery_seal: false,
    storage_type: 'coffer',
  }
}
