import { CofferError } from '../core/errors.ts'
import type { HeadKind } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import { openHead, sealHead } from '../crypto/head.ts'
import type { KeyHolder } from './keys/holder.ts'

/** Any head but a secret's: its name and its body. */
export interface NamedRecord<T> {
  readonly path: string
  readonly generation: number
  readonly body: T
}

/** Records to authenticated bytes and back. */
export interface HeadCodec {
  seal(kind: Exclude<HeadKind, 'secret'>, record: { readonly path: string }): Uint8Array
  sealSecret(record: SecretRecord): Uint8Array
  /** @throws CofferError `corrupt` when the bytes are not the authentic head of this path */
  secret(path: string, head: Uint8Array): SecretRecord
  /** The same for one of all that are looked at in turn: what is remembered of others stays. */
  passing(path: string, head: Uint8Array): SecretRecord
  named<T>(kind: HeadKind, path: string, head: Uint8Array): NamedRecord<T>
}

/** Heads that were verified or made here before are recognised by their bytes; no value is among them. */
const REMEMBERED_MAX = 2_048
const REMEMBERED_BYTES_MAX = 8_192

export function createHeadCodec(keys: KeyHolder): HeadCodec {
  const remembered = new Map<string, { readonly head: Uint8Array; readonly record: SecretRecord }>()

  function open<T extends { readonly path: string }>(
    kind: HeadKind,
    path: string,
    head: Uint8Array,
  ): T {
    const { keyring } = keys
    let record: T
    try {
      const json = openHead(keyring.headKey, keyring.storeId, kind, head)
      record = JSON.parse(
        Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString(),
      ) as T
    } catch (cause) {
      throw corrupt(kind, path, cause)
    }
    if (record.path !== path) throw corrupt(kind, path)
    return record
  }

  function remember(record: SecretRecord, head: Uint8Array): void {
    if (head.length > REMEMBERED_BYTES_MAX) return
    if (remembered.size >= REMEMBERED_MAX) {
      for (const oldest of remembered.keys()) {
        remembered.delete(oldest)
        break
      }
    }
    remembered.set(record.path, { head, record })
  }

  const seal = (kind: HeadKind, record: { readonly path: string }): Uint8Array =>
    sealHead(keys.keyring.headKey, keys.keyring.storeId, kind, JSON.stringify(record))

  return {
    seal,

    sealSecret(record) {
      const head = seal('secret', record)
      remember(record, head)
      return head
    },

    secret(path, head) {
      const known = remembered.get(path)
      if (known !== undefined && sameBytes(known.head, head)) return known.record
      const record = open<SecretRecord>('secret', path, head)
      remember(record, head)
      return record
    },

    passing: (path, head) => open('secret', path, head),

    named: (kind, path, head) => open(kind, path, head),
  }
}

/** A store may hand out the very same bytes again. */
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a === b || Buffer.compare(a, b) === 0

const corrupt = (kind: HeadKind, path: string, cause?: unknown) =>
  new CofferError('corrupt', `The ${kind} ${path} was changed outside Coffer, or is damaged.`, {
    details: { kind, path },
    cause,
  })
