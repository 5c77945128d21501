import type { AuditAction, AuditEvent, AuditOutcome } from '../event.ts'

/** Needs action `audit` on `audit:log`. */
export interface AuditReader {
  /** Newest last. */
  query(filter: AuditFilter): Promise<AuditEntry[]>
  verify(options?: AuditVerifyOptions): Promise<AuditReport>
  head(): Promise<AuditHead>
  /** Calls with each new entry until stopped; `began` once it is known that the actor may. */
  follow(
    each: (entry: AuditEntry) => void,
    failed: (error: unknown) => void,
    began?: () => void,
  ): () => void
  /** The log's own lines, oldest first, as bytes that still verify. */
  export(filter?: { fromSeq?: number }): AsyncIterable<Uint8Array>
}

/** An event as the log holds it. */
export type AuditEntry = AuditEvent & { readonly seq: number; readonly prev: string }

export interface AuditFilter {
  readonly actor?: string | undefined
  readonly action?: AuditAction | string | undefined
  readonly outcome?: AuditOutcome | undefined
  /** A path pattern. */
  readonly resource?: string | undefined
  /** A pattern over ids of destinations. */
  readonly destination?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** The newest so many; default 100. */
  readonly limit?: number | undefined
}

export interface AuditVerifyOptions {
  /** A head that was kept elsewhere: the log must contain it. */
  readonly checkpoint?: AuditHead | undefined
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** The newest signed point of the log: what to keep elsewhere as a witness. */
export interface AuditHead {
  readonly seq: number
  /** SHA-256 of the signature line, base64url. */
  readonly hash: string
  /** The greatest store generation in the log. */
  readonly generation: number
  /** Fingerprint of the signing key. */
  readonly key: string
}

export interface AuditReport {
  readonly ok: boolean
  /** Events, signature lines not counted. */
  readonly events: number
  readonly segments: number
  /** Complete lines at the end which no signature covers yet. */
  readonly unsigned: number
  readonly head?: AuditHead | undefined
  /** The first bad entry. */
  readonly problem?:
    | {
        readonly seq: number
        readonly segment: string
        readonly line: number
        readonly what: string
      }
    | undefined
  /** Things that are odd but prove nothing: a clock that went backwards. */
  readonly warnings: readonly string[]
}
