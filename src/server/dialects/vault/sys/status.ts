import type { JsonObject } from '../../../../core/value.ts'
import type { SealStatus, Server } from '../../../server.ts'
import { uuidOf } from '../mounts/mount.ts'

/** What we speak. Tools compare it before they use what came with some version of Vault. */
const SPEAKS = '1.17.0'

/** `1.17.0+coffer.0.4.1`: the protocol's version, ours behind it. */
export const shownVersion = ({ version }: Server): string => `${SPEAKS}+coffer.${version}`

/** Who the store is, to clients that compare; nothing while sealed. */
export const clusterOf = ({ storeId }: SealStatus): JsonObject =>
  storeId === undefined
    ? {}
    : { cluster_name: `coffer-${storeId.slice(0, 8)}`, cluster_id: uuidOf(storeId) }

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
