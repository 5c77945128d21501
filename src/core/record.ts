import type { JsonObject } from './value.ts'
import type { Encoding } from './value.ts'
import type { TypeSpec } from './types/spec.ts'

/**
 * What is known of a secret besides its values. Stored as the authenticated, unencrypted JSON of
 * its head (see docs/formats/head.md): a store sees it, and cannot change it unnoticed.
 *
 * Instants are milliseconds since 1970 UTC. An absent optional field is absent, never null.
 */
export interface SecretRecord {
  /** 32 hex digits, never used again, also not after a purge and a new secret at the same path. */
  readonly id: string
  /** Canonical. */
  readonly path: string
  /** Grows by one with every change of this secret: what compare-and-set compares for metadata. */
  readonly revision: number
  /** The store generation of the last change. */
  readonly generation: number
  readonly createdAt: number
  readonly updatedAt: number
  /** The number the next version gets. Numbers start at 1 and are never reused. */
  readonly nextVersion: number
  /** Ascending by number. May be empty: a secret without versions is legal. */
  readonly versions: readonly VersionRecord[]
  /** Label to version number. A label sits on at most one version. */
  readonly labels: Readonly<Record<string, number>>
  readonly type: TypeSpec
  /**
   * Where `type` says no more than what form a value has, what it was before, ascending by `before`:
   * versions below that number keep the type that they were written as.
   */
  readonly formerTypes?: readonly FormerType[]
  readonly description?: string
  readonly owner?: string
  readonly classification?: string
  readonly tags?: Readonly<Record<string, string>>
  /** Oldest unlabelled versions beyond this number are destroyed on write. */
  readonly maxVersions?: number
  /** The variable name it was imported under. */
  readonly envName?: string
  readonly rotation?: RotationRule
  /** Names of it in dialects that spell it otherwise, by dialect. */
  readonly spellings?: Readonly<Record<string, string>>
  /** Other things a dialect keeps with a secret, by dialect. */
  readonly dialects?: Readonly<Record<string, JsonObject>>
  /** Soft-deleted: reads are refused until it is undeleted, or purged after `purgeAt`. */
  readonly deletedAt?: number
  readonly purgeAt?: number
}

export interface FormerType {
  readonly type: TypeSpec
  /** A version's number. */
  readonly before: number
}

/**
 * - `live`: has a value.
 * - `empty`: made without one (a staged `pending` that a rotation will fill).
 * - `destroyed`: its DEK is erased; only its place in the history is left.
 */
export type VersionState = 'live' | 'empty' | 'destroyed'

export interface VersionRecord {
  readonly number: number
  readonly state: VersionState
  readonly createdAt: number
  readonly createdBy: string
  readonly encoding: Encoding
  /** Absent means enabled. */
  readonly disabled?: true
  readonly notBefore?: number
  readonly expiresAt?: number
  /** Soft-deleted by itself (Vault's `delete`), recoverable. */
  readonly deletedAt?: number
  readonly destroyedAt?: number
  /** The caller's idempotency token. */
  readonly token?: string
  /** The version's id in dialects that do not number: AWS 32-64 characters, Azure 32 hex digits. */
  readonly ids?: Readonly<Record<string, string>>
}

export interface RotationRule {
  /** Due when `current` is older than this. */
  readonly everyDays: number
  /** Coffer may generate and set the new value by itself. */
  readonly automatic: boolean
}
