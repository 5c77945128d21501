import { CofferError, isCofferError } from '../../core/errors.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { openKeyring } from '../../crypto/keyring.ts'
import { lost } from '../lost.ts'

/** Name of the keyring's blob in the store. */
export const KEYRING = 'keyring'

/** What keys are called in policies and in the audit log. */
export const KEYS = 'store:keys'

/**
 * The keyring that this process holds, and how it learns of a newer one that another process made.
 * After a re-seal by others the old keyring keeps serving what it can: only what needs a newer term
 * is `sealed`.
 */
export interface KeyHolder {
  readonly keyring: Keyring
  readonly rootKey: Uint8Array
  /**
   * The keyring of the snapshot that `rows` are of, whose state names `revision`. A newer one than
   * ours is kept; an older one is not: a long snapshot must not take us back.
   * @throws `sealed`, `corrupt`
   */
  catchUp(rows: Pick<StoreReader, 'blob'>, revision: number): Promise<Keyring>
  /** After this process wrote a new one. */
  replace(keyring: Keyring, rootKey?: Uint8Array): void
  erase(): void
}

export function createKeyHolder(first: Keyring, firstRootKey: Uint8Array): KeyHolder {
  let keyring = first
  let rootKey = firstRootKey
  return {
    get keyring() {
      return keyring
    },
    get rootKey() {
      return rootKey
    },
    async catchUp(rows, revision) {
      if (revision === keyring.revision) return keyring
      const blob = await readKeyring(rows)
      let found: Keyring
      try {
        found = openKeyring(blob, rootKey)
      } catch (error) {
        if (!isCofferError(error, 'wrong_key')) throw error
        throw new CofferError('sealed', 'The store was re-sealed under another root key.', {
          remedy: 'Start this process again with the new root key.',
          details: error.details,
        })
      }
      refuseOldKeyring(found.revision, revision)
      if (found.revision > keyring.revision) keyring = found
      return found
    },
    replace(next, nextRootKey) {
      keyring = next
      if (nextRootKey !== undefined) rootKey = nextRootKey
    },
    erase() {
      rootKey.fill(0)
    },
  }
}

/** Of a store that was initialised. @throws CofferError `corrupt` */
export async function readKeyring(rows: Pick<StoreReader, 'blob'>): Promise<Uint8Array> {
  const blob = await rows.blob(KEYRING)
  if (blob !== undefined) return blob
  throw lost('keyring')
}

/** @throws CofferError `corrupt` when the keyring is not the one that the state speaks of. */
export function refuseOldKeyring(found: number, expected: number): void {
  if (found === expected) return
  throw new CofferError(
    'corrupt',
    `The keyring is at revision ${found}, but the store's state expects ${expected}.`,
    { details: { found, expected } },
  )
}
