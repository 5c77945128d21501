import type { Secret } from '../secret.ts'
import type { JsonValue } from '../value.ts'
import type { Page, PageQuery } from './coffer.ts'

/**
 * Who may call a server, and with what. Credentials live in the store like policies do: as
 * authenticated heads, changed in audited transactions. A bearer token and a secret id are kept as
 * SHA-256 only; an access key's secret, which signatures are made with, is kept encrypted.
 */

/** Policies and roles that came with a credential instead of with the actor's own record. */
export interface Grants {
  readonly policies: readonly string[]
  readonly roles: readonly string[]
}

/** What a checked credential says: who it is, and what it may do. */
export interface Session {
  /** `token:…`, `approle:ci`, `jwt:gitlab/…`, `access-key:AKIA…`, or whom the credential was made for. */
  readonly actor: string
  /** Absent: what the actor's own record says. */
  readonly grants?: Grants | undefined
  /** Absent for an access key. */
  readonly token?: TokenRecord | undefined
}

/** What is known of a token besides itself. Instants in milliseconds since 1970 UTC. */
export interface TokenRecord {
  /** Names the token without being it: for lookup, renewal and revocation by others. */
  readonly accessor: string
  readonly actor: string
  /** Absent: the actor's own. */
  readonly grants?: Grants | undefined
  readonly displayName: string
  readonly createdAt: number
  /** As given at creation or last renewal; 0: it does not expire. */
  readonly ttlSeconds: number
  /** Absent: it does not expire. */
  readonly expiresAt?: number | undefined
  /** Renewals never pass `createdAt` plus this; 0: no such limit but the platform's. */
  readonly maxTtlSeconds: number
  /** Each renewal sets this ttl, without a maximum; 0: not periodic. */
  readonly periodSeconds: number
  readonly renewable: boolean
  /** How often it may still be used; 0: without limit. */
  readonly usesLeft: number
  /** Accessor of the token that made it and takes it along when it ends; absent: an orphan. */
  readonly parent?: string | undefined
  /** The way it was made: `auth/token/create`, `auth/approle/login`. */
  readonly path: string
  readonly metadata: Readonly<Record<string, string>>
  /** Only from these addresses (CIDR); empty: from anywhere. */
  readonly boundCidrs: readonly string[]
}

export interface TokenInput {
  /** Whom it stands for; its own grants then. Needs `admin` on `actor:NAME`. Default: `token:ACCESSOR`. */
  readonly actor?: string | undefined
  /** Policies of its own. A maker without `admin` can only give what it has itself. */
  readonly policies?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  /** Default `tokenTtlSecondsDefault`; 0 only for makers with `admin`: it never expires. */
  readonly ttlSeconds?: number | undefined
  readonly maxTtlSeconds?: number | undefined
  readonly periodSeconds?: number | undefined
  readonly renewable?: boolean | undefined
  /** 0: without limit. */
  readonly uses?: number | undefined
  readonly displayName?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly boundCidrs?: readonly string[] | undefined
  /** It outlives the token that made it. Needs `admin` on `token:*`. */
  readonly orphan?: boolean | undefined
  readonly unknownPolicies?: UnknownPolicies | undefined
  /** The way it was made, where a role of Vault's token store says more: `auth/token/create/ROLE`. */
  readonly path?: string | undefined
}

/**
 * Names of policies that do not exist: `refuse` (the default) or `keep`, as Vault does: they give
 * nothing until they exist.
 */
export type UnknownPolicies = 'refuse' | 'keep'

export interface CreatedToken {
  /** Shown once, here. */
  readonly token: Secret<string>
  readonly record: TokenRecord
}

/** Which token: itself, its accessor, or the one that asks. */
export type TokenSelector =
  { readonly token: string } | { readonly accessor: string } | { readonly self: true }

/** An AWS-style pair of access key id and secret access key. */
export interface AccessKeyRecord {
  /** `AKIA…`, 20 characters. */
  readonly id: string
  readonly actor: string
  readonly grants?: Grants | undefined
  readonly createdAt: number
  readonly expiresAt?: number | undefined
  readonly disabled: boolean
  readonly displayName: string
}

export interface AccessKeyInput {
  /** Whom it stands for, or `policies` and `roles` of its own; one of them must be said. */
  readonly actor?: string | undefined
  readonly policies?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  /** 0, the default: it does not expire. */
  readonly ttlSeconds?: number | undefined
  readonly displayName?: string | undefined
  readonly unknownPolicies?: UnknownPolicies | undefined
}

/** A role that machines log in to with a role id and a secret id. Its fields are Vault's AppRole's. */
export interface AppRole {
  /** Which of several sets of roles: `approle` unless there are more. */
  readonly mount: string
  readonly name: string
  readonly roleId: string
  readonly bindSecretId: boolean
  readonly secretIdTtlSeconds: number
  readonly secretIdUses: number
  readonly secretIdBoundCidrs: readonly string[]
  readonly token: TokenSettings
}

/** What tokens of a role are like. `ttlSeconds` 0: the default, `tokenTtlSecondsDefault`. */
export interface TokenSettings {
  /** Whom they stand for; absent: `approle:NAME`, `jwt:ROLE`, with the policies below. */
  readonly actor?: string | undefined
  readonly policies: readonly string[]
  /** They have the policy `default` as well, as tokens of Vault do. */
  readonly withDefault?: boolean | undefined
  readonly ttlSeconds: number
  readonly maxTtlSeconds: number
  readonly periodSeconds: number
  readonly uses: number
  readonly boundCidrs: readonly string[]
}

export interface SecretIdInput {
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly ttlSeconds?: number | undefined
  readonly uses?: number | undefined
  readonly cidrs?: readonly string[] | undefined
  readonly tokenBoundCidrs?: readonly string[] | undefined
  /** The caller's own secret id instead of a generated one. */
  readonly secretId?: string | undefined
}

export interface SecretIdRecord {
  readonly accessor: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt?: number | undefined
  readonly ttlSeconds: number
  /** 0: without limit. */
  readonly usesLeft: number
  readonly metadata: Readonly<Record<string, string>>
  readonly cidrs: readonly string[]
  readonly tokenBoundCidrs: readonly string[]
}

/** How JWTs of one issuer are verified. Exactly one source of keys. */
export interface JwtIssuer {
  readonly mount: string
  /** Keys and issuer from `<this>/.well-known/openid-configuration`. */
  readonly discoveryUrl?: string | undefined
  readonly jwksUrl?: string | undefined
  /** PEM. */
  readonly publicKeys?: readonly string[] | undefined
  /** PEM of the certificate authority that the two URLs are checked with. */
  readonly caPem?: string | undefined
  readonly boundIssuer?: string | undefined
  /** Default: every asymmetric one that is known. `none` and HMACs are never accepted. */
  readonly algorithms?: readonly string[] | undefined
  readonly defaultRole?: string | undefined
}

/** At least one of audiences, subject, claims or addresses must be bound. */
export interface JwtRole {
  readonly mount: string
  readonly name: string
  readonly boundAudiences: readonly string[]
  readonly boundSubject?: string | undefined
  /** Claim (or JSON Pointer) to the values of which it must have one. */
  readonly boundClaims: Readonly<Record<string, JsonValue>>
  /** `glob`: `*` in bound values stands for anything. */
  readonly boundClaimsType: 'string' | 'glob'
  /** Names the user: default `sub`. */
  readonly userClaim: string
  /** Claim (or JSON Pointer) to the name under which the token's metadata has it. */
  readonly claimMappings: Readonly<Record<string, string>>
  /** 0: the default of 60; negative: none. */
  readonly clockSkewSeconds: number
  /** Of a JWT without `exp`, after its `iat` or `nbf`. 0: the default of 150; negative: none. */
  readonly expirationLeewaySeconds: number
  /** Of a JWT without `nbf`, before its `iat` or `exp`. 0: the default of 150; negative: none. */
  readonly notBeforeLeewaySeconds: number
  readonly token: TokenSettings
}

/** Verifies a JWT's signature. Who issued it, when and for whom is for the engine to check. */
export interface JwtVerifier {
  /** @throws `unauthenticated` for one that is not good, `unavailable` when keys cannot be had */
  verify(jwt: string, issuer: JwtIssuer): Promise<VerifiedJwt>
}

export interface VerifiedJwt {
  readonly claims: Readonly<Record<string, JsonValue>>
  /** Who must have issued it, where the place that gave the keys says so. */
  readonly issuer?: string | undefined
}

/** The part that is bound to an actor: `coffer.identities`. Everything here is audited. */
export interface IdentityAdmin {
  /** @throws `denied`, `not_found` for an unknown policy or role, `invalid_argument` */
  createToken(input: TokenInput): Promise<CreatedToken>
  /** @throws `not_found`; `failed_precondition` when it is not renewable or past its maximum */
  renewToken(which: TokenSelector, incrementSeconds?: number): Promise<TokenRecord>
  lookupToken(which: TokenSelector): Promise<TokenRecord | undefined>
  /** With all that it made; `orphanChildren` leaves those behind on their own. */
  revokeToken(which: TokenSelector, options?: { orphanChildren?: boolean }): Promise<void>
  /** Those that are good. */
  tokens(query?: PageQuery): Promise<Page<TokenRecord>>

  createAccessKey(
    input: AccessKeyInput,
  ): Promise<{ record: AccessKeyRecord; secretAccessKey: Secret<string> }>
  accessKeys(query?: PageQuery): Promise<Page<AccessKeyRecord>>
  updateAccessKey(id: string, change: { disabled: boolean }): Promise<AccessKeyRecord>
  deleteAccessKey(id: string): Promise<void>

  /** Makes or changes; what is absent keeps its value, or gets its default. */
  putAppRole(role: AppRoleInput): Promise<AppRole>
  appRole(mount: string, name: string): Promise<AppRole | undefined>
  appRoles(mount: string): Promise<AppRole[]>
  deleteAppRole(mount: string, name: string): Promise<void>
  createSecretId(
    mount: string,
    role: string,
    input?: SecretIdInput,
  ): Promise<{ secretId: Secret<string>; record: SecretIdRecord }>
  secretId(
    mount: string,
    role: string,
    which: SecretIdSelector,
  ): Promise<SecretIdRecord | undefined>
  secretIds(mount: string, role: string, query?: PageQuery): Promise<Page<SecretIdRecord>>
  destroySecretId(mount: string, role: string, which: SecretIdSelector): Promise<void>

  putJwtIssuer(issuer: JwtIssuer): Promise<void>
  jwtIssuer(mount: string): Promise<JwtIssuer | undefined>
  jwtIssuers(): Promise<JwtIssuer[]>
  deleteJwtIssuer(mount: string): Promise<void>
  putJwtRole(role: JwtRoleInput): Promise<JwtRole>
  jwtRole(mount: string, name: string): Promise<JwtRole | undefined>
  jwtRoles(mount: string): Promise<JwtRole[]>
  deleteJwtRole(mount: string, name: string): Promise<void>
}

export type SecretIdSelector = { readonly secretId: string } | { readonly accessor: string }

export type AppRoleInput = Partial<Omit<AppRole, 'token'>> &
  Pick<AppRole, 'mount' | 'name'> & {
    readonly token?: Partial<TokenSettings>
    readonly unknownPolicies?: UnknownPolicies | undefined
  }

export type JwtRoleInput = Partial<Omit<JwtRole, 'token'>> &
  Pick<JwtRole, 'mount' | 'name'> & {
    readonly token?: Partial<TokenSettings>
    readonly unknownPolicies?: UnknownPolicies | undefined
  }

/** Where a request came from. */
export interface Presented {
  /** The client's address, after trusted proxies. */
  readonly address?: string | undefined
  readonly via?: string | undefined
  readonly request?: string | undefined
}

/** An access key that is good now. */
export interface PresentedKey {
  readonly session: Session
  readonly secretAccessKey: Secret<string>
}

/**
 * How callers become actors. Looked up in the store at every call, so that what was revoked by any
 * process is dead on its next request. Wrong, expired, revoked and used up are all `undefined`: a
 * stranger learns nothing; the caller counts it.
 */
export interface Identities {
  /**
   * A use of the token: takes one of its uses where they are limited. Without a promise where nothing
   * has to be waited for.
   */
  authenticate(token: string, from: Presented): Session | undefined | Promise<Session | undefined>
  /** For checking a signature; the caller erases nothing, `Secret` keeps it from view. */
  accessKey(
    id: string,
    from: Presented,
  ): PresentedKey | undefined | Promise<PresentedKey | undefined>
  /** @throws `unauthenticated`, `throttled` (too many failures of this role from this address) */
  loginAppRole(
    input: { mount: string; roleId: string; secretId?: string | undefined },
    from: Presented,
  ): Promise<CreatedToken>
  /** @throws `unauthenticated`, `unavailable` */
  loginJwt(
    input: { mount: string; role?: string | undefined; jwt: string },
    from: Presented,
  ): Promise<CreatedToken>
  /** Removes what is expired or orphaned. Returns how many; also done by the sweep. */
  tidy(): Promise<number>
}
