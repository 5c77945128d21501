import type { ErrorCode } from '../../core/errors.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { Secret } from '../../core/secret.ts'
import type { DeclaredSecret, Environment, Manifest } from '../manifest/manifest.ts'
import type { ProviderRef } from '../../core/ports/provider.ts'

/** All that the rules judge: collected once, before any of them runs. Rules do no I/O. */
export interface Facts {
  readonly manifest: Manifest
  /** `coffer.yaml`: from the project's directory. */
  readonly manifestFile: string
  readonly environments: readonly Environment[]
  readonly secrets: readonly SecretFacts[]
  /** Places that could not be asked at all. */
  readonly places: readonly PlaceFailure[]
  readonly documents: readonly CheckedDocument[]
  readonly overlays: readonly OverlayProblem[]
  readonly fields: readonly FieldProblem[]
  readonly usages: readonly Usage[]
  /** Where secrets can be delivered; undefined: not known. */
  readonly destinationKinds?: readonly string[] | undefined
  /** Places whose options are wrong, where that was looked at. */
  readonly deliveries?: readonly DeliveryProblem[] | undefined
  /** Files and folders that were not looked through, and why. */
  readonly skipped: readonly Skipped[]
  /** Milliseconds since 1970 UTC. */
  readonly now: number
  readonly expiresWithinDays: number
}

/** What the places that the manifest delivers to say of it, without being asked over a network. */
export interface DeliveryProblem {
  readonly code: 'invalid_delivery' | 'delivery_collision'
  readonly environment: string
  /** `secrets.api/stripe-key.deliver`: the first line that leads there. */
  readonly path: string
  /** `coffer.yaml:7:3`. */
  readonly position: string | undefined
  readonly message: string
  /** Default: that of its code. */
  readonly remedy?: string | undefined
}

/** One declared secret in one environment. */
export interface SecretFacts {
  readonly declared: DeclaredSecret
  readonly environment: string
  /** Undefined for a reference that is malformed; `error` says how. */
  readonly ref?: ProviderRef | undefined
  /** The Coffer that commands work at holds it, and no other provider. */
  readonly isOwn: boolean
  /** What to call it: `shop/prod/api/stripe-key`, `aws:/shop/prod/api/key`. */
  readonly path: string
  /** What the store knows of it, where whoever checks may list it. */
  readonly record?: SecretRecord | undefined
  readonly answer: SecretAnswer
  readonly readers: readonly ReaderFacts[]
}

/**
 * What became of reading it. `unread`: it may not be read by whoever checks, or was not to be; what
 * is known of it is in its record. `unknown`: it was not to be read, and nothing
 * else tells of it. `unasked`: the place could not be asked, which is told once.
 */
export type SecretAnswer =
  | {
      readonly kind: 'value'
      readonly secret: Secret<unknown>
      /** Of its version, where the place tells it. */
      readonly createdAt?: number | undefined
    }
  | { readonly kind: 'absent'; readonly where?: string | undefined }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'unread' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unasked' }

export interface ReaderFacts {
  readonly workload: string
  readonly actor: string
  /** Undefined: whoever checks may not know. */
  readonly allowed: boolean | undefined
  /** The store knows nobody of this name, and the manifest only implies it. */
  readonly isAbsent: boolean
}

export interface PlaceFailure {
  /** A provider's name. */
  readonly provider: string
  readonly environments: readonly string[]
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  /** Of the secrets that could therefore not be checked, as people call them. */
  readonly paths: readonly string[]
}

/** A file of the project in which nothing sensitive may stand. */
export interface CheckedDocument {
  /** From the project's directory, with `/`. */
  readonly file: string
  readonly kind: 'manifest' | 'overlay'
  readonly text: string
  readonly scalars: readonly Scalar[]
}

/** Something that the overlays' loader, or their schema, refuses. */
export interface OverlayProblem {
  /** Where in the merged overlays: `db.password`; empty for a file as a whole. */
  readonly field: string
  /** `config/prod.yaml:3:7`. */
  readonly at: string | undefined
  readonly message: string
  readonly remedy: string
  /** A value stands where the schema wants a reference. */
  readonly isInline: boolean
  /** Undefined where several environments have it. */
  readonly environment: string | undefined
}

/** A field of coffer.config.ts that cannot be resolved. */
export interface FieldProblem {
  /** `db.url`. */
  readonly field: string
  readonly at: string | undefined
  readonly reference: string
  readonly environment: string
  readonly code: string
  readonly message: string
  readonly remedy: string
}

export interface Scalar {
  /** Keys from the root: `['api', 'password']`; empty in a manifest, whose keys say nothing. */
  readonly path: readonly string[]
  readonly value: string
  readonly isText: boolean
  readonly line: number
  readonly column: number
}

/** A place in the code that uses a secret. */
export type Usage = ReferenceUsage | VariableUsage

export interface ReferenceUsage {
  readonly kind: 'reference'
  readonly file: string
  readonly line: number
  readonly column: number
  /** As written: `db-url`, `/shop/prod/api/db-url`, `aws:/shop/key`. */
  readonly written: string
  /** Its whole path, where the configuration itself was asked. */
  readonly located?: string | undefined
}

export interface VariableUsage {
  readonly kind: 'variable'
  readonly name: string
}

export interface Skipped {
  readonly file: string
  readonly why: string
}
