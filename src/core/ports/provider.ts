import type { Secret } from '../secret.ts'

/** A reference that was parsed: which provider, which key there, which part of it. */
export interface ProviderRef {
  /** The provider's name in the composition: `coffer`, `env`, `file`, `dotenv`, `memory`. */
  readonly provider: string
  /** The provider's own key: a path, a variable, a file name. */
  readonly key: string
  readonly label?: string
  readonly version?: number
  /** A member of a JSON value: `a.b` or `/a/b` (JSON Pointer). */
  readonly field?: string
  /** How the text found there encodes the value. */
  readonly encoding?: 'base64' | 'hex' | 'utf8'
}

export interface ProviderValue {
  readonly secret: Secret<unknown>
  readonly version?: number | undefined
  /** When this version was written, where the place tells it. Milliseconds since 1970 UTC. */
  readonly createdAt?: number | undefined
  /** The variable name that the place records for it. */
  readonly envName?: string | undefined
}

/** One answer for one reference: a value, an absence (`value` undefined), or an error. */
export type ProviderAnswer =
  | {
      readonly value: ProviderValue | undefined
      /** Of an absence: where it was looked for. Added by who asks a provider that has `where`. */
      readonly where?: string | undefined
    }
  | { readonly error: unknown }

/**
 * Resolves references from one kind of place. Absent is `{ value: undefined }`; denied,
 * unavailable, throttled, expired and corrupt are errors with those codes (law 3), never absence.
 *
 * Adding one is one file in src/adapters/providers, its test, and one line in the registry.
 */
export interface Provider {
  readonly kind: string
  /** How many references one call to the place can carry; 1 when it cannot batch. */
  readonly batchMax: number
  /** Answers in the order of `refs`. Rejects only for a bug. `field` and `encoding` are not its work. */
  resolve(refs: readonly ProviderRef[], signal: AbortSignal): Promise<ProviderAnswer[]>
  /**
   * Calls `changed` after a reference's value may have changed. Returns a function that stops it.
   * Absent where the place cannot be watched.
   */
  watch?(ref: ProviderRef, changed: () => void, failed: (error: unknown) => void): () => void
  /**
   * Where it looked, once it did, for who finds nothing: `AWS Secrets Manager in eu-central-1`. A
   * wrong region, address or namespace is told from a missing secret by nothing else.
   */
  where?(): string | undefined
  /**
   * Gives connections and children back. Called by who made it: after a load, unless it succeeded and
   * the place can be watched; after a check, a sync, and what `run` resolves.
   */
  close?(): Promise<void>
}
