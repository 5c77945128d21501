import type { FastifyRequest } from 'fastify'
import type { JsonObject } from '../../../core/value.ts'
import type { Caller } from '../../caller.ts'
import type { Operation, Server } from '../../server.ts'

/**
 * What Vault does at one kind of address. Every backend (KV, `sys`, an auth method) is a table of
 * these, asked in order. A path that no row has is `unsupported path` (404), an operation that the
 * row lacks is `unsupported operation` (405).
 */
export interface VaultRoute {
  /**
   * The path below the mount: `role/:name/secret-id`, `config`. `:name` is one segment; `*name`, only
   * at the end, is all the rest, slashes included, and may be empty. A slash at the end of what was
   * asked for is ignored.
   */
  readonly path: string
  /** Nobody needs a token here: `login`, `seal-status`. The handler may still ask for the caller. */
  readonly open?: true
  /**
   * Decided by the Coffer that the handler calls, as reading a secret is. Otherwise the path guard
   * is asked before the handler (see `PathGuard`).
   */
  readonly decidedInside?: true
  /** Of those that are decided inside: operations that are more than one address to a policy. */
  readonly alsoGuarded?: Readonly<Partial<Record<VaultOperation, LabelsMeant>>>
  /** A parameter whose case does not count: policies are asked about both spellings. */
  readonly folds?: string
  /** What limits count it as. Default: read, list or write by the operation; `manage` below `sys/`, `auth/`. */
  readonly counts?: Operation
  /** Whether what an `update` is about is there: without it that takes `create`, with it `update`. */
  readonly exists?: (context: VaultContext) => Promise<boolean>
  readonly on: Readonly<Partial<Record<VaultOperation, VaultHandler>>>
}

/** `update` is POST and PUT, `list` is LIST or `GET ?list=true`, `patch` is PATCH. */
export type VaultOperation = 'read' | 'list' | 'update' | 'patch' | 'delete'

/**
 * The labels that policies are asked about: one set for each version that a request is about, every one
 * of which must be allowed.
 */
export type LabelsMeant = (context: VaultContext) => Promise<readonly (readonly string[])[]>

export type VaultHandler = (context: VaultContext) => VaultAnswer | Promise<VaultAnswer>

/** One request, already parsed. */
export interface VaultContext {
  readonly server: Server
  readonly request: FastifyRequest
  readonly operation: VaultOperation
  /** The mount that the path lies in. */
  readonly mount: Mount
  readonly route: VaultRoute | undefined
  /** The whole path without `/v1/`, decoded: `secret/data/app/x`, `auth/token/lookup-self`. */
  readonly path: string
  /** What the route's path captured, by name. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string | undefined>>
  /** `{}` without a body. Anything but a JSON object was refused before. */
  readonly body: JsonObject
  /** The body as it came, for what must keep its numbers exactly. */
  readonly bodyText: string
  /** Of `X-Vault-Token` or `Authorization: Bearer`. */
  readonly token: string | undefined
  /** Every mount there is. @throws `sealed` */
  mounts(): Promise<readonly Mount[]>
  /** Who asks; the same at every call of one request. @throws `unauthenticated`, `throttled`, `sealed` */
  caller(): Promise<Caller>
}

/** Where a backend is reached. Auth methods are mounted below `auth/`. */
export interface Mount {
  /** With its slash at the end: `secret/`, `team/kv/`, `auth/approle/`, `sys/`. */
  readonly path: string
  readonly backend: Backend
  /** As clients are told: `kv_1a2b3c4d`; stable for the life of the mount. */
  readonly accessor: string
  readonly uuid: string
  readonly description: string
  /** For KV: where its secrets are. `''` or a canonical path without slashes at its ends. */
  readonly prefix: string
  /** `{ version: '2' }` and whatever else the client gave. */
  readonly options: Readonly<Record<string, string>>
  /** Of `local`, `seal_wrap`, `external_entropy_access`: those that it was made with. They mean nothing here. */
  readonly flags: readonly string[]
  /** As `sys/mounts` and `sys/auth` show it: `default_lease_ttl`, `max_lease_ttl`, … */
  readonly config: JsonObject
  /** Settings of the backend itself: KV 2's `max_versions` and so on. */
  readonly settings: JsonObject
}

export type Backend =
  'kv1' | 'kv2' | 'system' | 'cubbyhole' | 'identity' | 'token' | 'approle' | 'jwt'

/**
 * Whether the caller may use a path which is no secret: `sys/*`, `auth/*`. Asked before the handler of
 * every route that is neither `open` nor `decidedInside`. The answer is the caller that the handler is
 * given. @throws CofferError `denied`
 */
export type PathGuard = (context: VaultContext, caller: Caller) => Promise<Caller>

/**
 * What the envelope is made of.
 * - `undefined`: 204.
 * - `absent`: 404 with `{"errors":[]}`, as for a read of nothing and an empty list.
 * - `data` alone or with the rest: 200 in the envelope. `injected`: also at the top level, as some of
 *   `sys/*` do. `dataText` is JSON text to be put there as it is.
 * - `auth`: what a login, a token's creation or its renewal answers.
 * - `raw`: this body instead of an envelope.
 */
export type VaultAnswer =
  | undefined
  | 'absent'
  | {
      readonly data?: JsonObject | null | undefined
      readonly dataText?: string | undefined
      readonly auth?: VaultAuth | undefined
      readonly warnings?: readonly string[] | undefined
      readonly injected?: true | undefined
      /** What a reader may take for the value's lifetime, in KV 1. */
      readonly leaseSeconds?: number | undefined
      readonly status?: number | undefined
    }
  | { readonly raw: JsonObject; readonly status?: number | undefined }

/** The `auth` part of the envelope, as Vault spells it. */
export interface VaultAuth {
  readonly client_token: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly token_policies: readonly string[]
  readonly identity_policies?: readonly string[] | undefined
  readonly metadata: Readonly<Record<string, string>> | null
  readonly lease_duration: number
  readonly renewable: boolean
  readonly entity_id: string
  readonly token_type: 'service'
  readonly orphan: boolean
  readonly mfa_requirement: null
  readonly num_uses: number
}
