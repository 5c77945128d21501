import type { KeyObject } from 'node:crypto'
import type { AuditSigner } from '../core/ports/audit-log.ts'
import { deriveKey } from './derive.ts'
import { signerOf } from './signing-key.ts'

/**
 * All keys of a store, in memory. Keys are KeyObjects: their bytes lie outside the JavaScript heap
 * and print as nothing. At rest it is the blob of docs/formats/keyring.md, under the root key.
 */
export interface Keyring {
  /** 32 hex digits. */
  readonly storeId: string
  /** Grows by one with every change. */
  readonly revision: number
  /** Term n is at index n - 1, for ever; the last one is active and no other. */
  readonly terms: readonly KeyTerm[]
  /** Authenticates heads. */
  readonly headKey: KeyObject
  /** Hides the elements of the digest of heads. */
  readonly digestKey: KeyObject
  /** Encrypts the store's state. */
  readonly stateKey: KeyObject
  /** Encrypts the secrets of access keys. */
  readonly credentialKey: KeyObject
  /** Hides what secret ids are found by. */
  readonly secretIdKey: KeyObject
  readonly auditSigner: AuditSigner
  /** Root keys, oldest first; the one in use has no `until`. */
  readonly roots: readonly KeyringRoot[]
  /** What the keys above are made from. Only sealing the keyring needs it. */
  readonly material: KeyringMaterial
}

/**
 * - `active`: wraps new DEKs.
 * - `retiring`: still opens old ones.
 * - `destroyed`: its key is gone, its place in the history is left.
 */
export interface KeyTerm {
  readonly term: number
  readonly createdAt: number
  readonly state: 'active' | 'retiring' | 'destroyed'
  readonly fingerprint: string
  readonly destroyedAt?: number
  /** Absent once destroyed. */
  readonly kek?: KeyObject
}

export interface KeyringRoot {
  readonly fingerprint: string
  readonly seal: string
  readonly since: number
  readonly until?: number
}

export interface KeyringMaterial {
  readonly base: KeyObject
  readonly auditSeed: KeyObject
  /** Ed25519, 32 bytes. */
  readonly auditPublicKey: Uint8Array
}

/** The keyring with the keys that follow from its material. */
export function keyringOf(
  parts: Pick<Keyring, 'storeId' | 'revision' | 'terms' | 'roots' | 'material'>,
): Keyring {
  const { base, auditSeed, auditPublicKey } = parts.material
  return {
    ...parts,
    headKey: deriveKey(base, parts.storeId, 'coffer/v1/head'),
    digestKey: deriveKey(base, parts.storeId, 'coffer/v1/digest'),
    stateKey: deriveKey(base, parts.storeId, 'coffer/v1/state'),
    credentialKey: deriveKey(base, parts.storeId, 'coffer/v1/credential'),
    secretIdKey: deriveKey(base, parts.storeId, 'coffer/v1/secret-id'),
    auditSigner: signerOf(auditSeed, auditPublicKey),
  }
}
