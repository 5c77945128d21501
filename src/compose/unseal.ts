import { STORES } from '../adapters/stores/registry.ts'
import { CofferError, isCofferError } from '../core/errors.ts'
import { readKeyringHeader, rootFingerprint } from '../crypto/keyring.ts'
import { parseRootKey } from '../crypto/root-key.ts'
import { KEYRING } from '../engine/keys/holder.ts'
import { unseal } from './open.ts'
import { findSeal } from './seals.ts'
import type { PlatformOptions } from './options.ts'
import { placeOf } from './place.ts'

/** What a store says of its seal while it is closed. */
export interface SealInspection {
  readonly storeId: string
  /** Kind of the seal: `key-file`, `shamir`. */
  readonly kind: string
  /** Of the root key that opens it. */
  readonly fingerprint: string
  /** Several people hold the root key. Else the one share that there is, is the root key itself. */
  readonly shared: boolean
  readonly shares: number
  readonly threshold: number
  /** The number of a share. @throws `invalid_argument`, `invalid_key`, `wrong_key` */
  check(share: string): number
  /** The root key. @throws `wrong_key` */
  combine(shares: readonly string[]): Promise<Uint8Array>
}

/** Absent: there is no store. @throws `store_*`, `corrupt` */
export async function inspectSeal(options: PlatformOptions): Promise<SealInspection | undefined> {
  const blob = await keyringBlob(options)
  if (blob === undefined) return undefined
  const { storeId, seal: kind, params, fingerprint } = readKeyringHeader(blob)
  const { sharing } = findSeal(kind)
  const named = { storeId, kind, fingerprint }
  if (sharing === undefined) return { ...named, ...wholeKey(fingerprint) }
  return {
    ...named,
    shared: true,
    ...sharing.counts(params),
    check: (share) => sharing.check(share, params),
    combine: (shares) => sharing.combine(shares, params),
  }
}

function wholeKey(fingerprint: string) {
  const parse = (text: string): Uint8Array => {
    const rootKey = parseRootKey(text.trim())
    const given = rootFingerprint(rootKey)
    if (given === fingerprint) return rootKey
    rootKey.fill(0)
    throw new CofferError(
      'wrong_key',
      `This root key is ${given}, and the store needs ${fingerprint}.`,
      {
        details: { wanted: fingerprint, given },
      },
    )
  }
  return {
    shared: false,
    shares: 1,
    threshold: 1,
    check: (text: string) => {
      parse(text).fill(0)
      return 1
    },
    combine: async ([text = '']: readonly string[]) => parse(text),
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
