import { createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export const KEY_BYTES = 32

/** HKDF-SHA256 (RFC 5869), one purpose one key. The key never becomes a string. */
export function deriveKey(from: KeyObject | Uint8Array, salt: string, purpose: string): KeyObject {
  return takeKey(new Uint8Array(hkdfSync('sha256', from, salt, purpose, KEY_BYTES)))
}

/** 16 hex digits that name a key and tell nothing of it. */
export const fingerprintOf = (
  from: KeyObject | Uint8Array,
  salt: string,
  purpose: string,
): string => Buffer.from(hkdfSync('sha256', from, salt, purpose, 8)).toString('hex')

/** Bytes to a key; the bytes are zeroed. */
export function takeKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

/** Names a root key: what a wrong one is told apart by, and shown to people. */
export const rootFingerprint = (rootKey: Uint8Array): string =>
  fingerprintOf(rootKey, '', 'coffer/v1/root-fingerprint')
