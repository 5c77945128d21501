import { STORES } from '../adapters/stores/registry.ts'
import { isCofferError } from '../core/errors.ts'
import { readKeyringHeader } from '../crypto/keyring.ts'
import { KEYRING } from '../engine/keys/holder.ts'
import { findSeal, unseal } from './open.ts'
import type { PlatformOptions } from './options.ts'
import { placeOf } from './place.ts'

/** What a store says of its seal while it is closed. */
export interface SealInspection {
  readonly storeId: string
  /** Kind of the seal: `key-file`, `shamir`. */
  readonly kind: string
  /** Of the root key that opens it. */
  readonly fingerprint: string
  /** Present where the root key is in shares. */
  readonly sharing?: {
    readonly shares: number
    readonly threshold: number
    /** Its number. @throws `invalid_argument`, `wrong_key` */
    check(share: string): number
    /** The root key. @throws `wrong_key` */
    combine(shares: readonly string[]): Promise<Uint8Array>
  }
}

/** Absent: there is no store. @throws `store_*`, `corrupt` */
export async function inspectSeal(options: PlatformOptions): Promise<SealInspection | undefined> {
  const blob = await keyringBlob(options)
  if (blob === undefined) return undefined
  const { storeId, seal, params, fingerprint } = readKeyringHeader(blob)
  const { sharing } = findSeal(seal)
  return {
    storeId,
    kind: seal,
    fingerprint,
    ...(sharing === undefined
      ? {}
      : {
          sharing: {
            ...sharing.counts(params),
            check: (share) => sharing.check(share, params),
            combine: (shares) => sharing.combine(shares, params),
          },
        }),
  }
}

/** The root key by the store's own seal, not yet tried; absent: there is no store. */
export async function unsealRootKey(options: PlatformOptions): Promise<Uint8Array | undefined> {
  const blob = await keyringBlob(options)
  return blob === undefined ? undefined : unseal(blob, placeOf(options))
}

async function keyringBlob(options: PlatformOptions): Promise<Uint8Array | undefined> {
  const { dataDir } = placeOf(options)
  try {
    const store = await STORES.sqlite.open({ dataDir, mustExist: true })
    try {
      return await store.read((rows) => rows.blob(KEYRING))
    } finally {
      await store.close()
    }
  } catch (error) {
    if (isCofferError(error, 'store_missing')) return undefined
    throw error
  }
}
