/** What was tried. A closed list, so that a query can rely on the words. */
export type AuditAction =
  | 'read'
  | 'describe'
  | 'list'
  | 'write'
  | 'label'
  | 'update'
  | 'delete'
  | 'undelete'
  | 'destroy'
  | 'purge'
  | 'rotate'
  | 'deliver'
  | 'export'
  | 'policy.write'
  | 'policy.delete'
  | 'role.write'
  | 'role.delete'
  | 'actor.write'
  | 'actor.delete'
  | 'key.rotate'
  | 'key.rewrap'
  | 'key.retire'
  | 'key.reseal'
  | 'store.init'
  | 'store.restore'
  | 'store.epoch'
  | 'store.unseal'
  | 'backup'
  | 'audit.read'
  | 'audit.prune'
  | 'audit.repair'
  | 'sweep'
  | 'store.seal'
  | 'setting.write'
  | 'setting.delete'
  | 'token.create'
  | 'token.renew'
  | 'token.lookup'
  | 'token.revoke'
  | 'access-key.create'
  | 'access-key.update'
  | 'access-key.delete'
  | 'approle.write'
  | 'approle.delete'
  | 'secret-id.create'
  | 'secret-id.destroy'
  | 'jwt.write'
  | 'jwt.delete'
  | 'identity.list'
  | 'login'
  // what strangers tried, counted
  | 'authenticate'
  // an address of the Vault dialect that is no secret
  | 'vault.request'

/**
 * `allowed` it was done; `denied` policy refused it; `failed` it was allowed and did not happen
 * (absent, expired, conflict …), with the error's `code`.
 */
export type AuditOutcome = 'allowed' | 'denied' | 'failed'

/**
 * One thing that somebody did or tried. Never a value, a token, or text from outside that was not
 * checked. The log adds `seq` and `prev` (docs/formats/audit.md).
 */
export interface AuditEvent {
  /** Milliseconds since 1970 UTC; the log writes it as ISO 8601. */
  readonly at: number
  readonly actor: string
  readonly action: AuditAction
  readonly outcome: AuditOutcome
  /** A path, or another thing's name with its kind (`policy:ci`). */
  readonly resource?: string
  readonly version?: number
  readonly label?: string
  /** Of `deliver`: where to. */
  readonly destination?: string
  /** The error code when denied or failed. */
  readonly code?: string
  /** Why, in a few of our own words: the deciding rule, counts. */
  readonly reason?: string
  /** The store generation that this change made. Present on committed changes only. */
  readonly generation?: number
  /** The way in: `cli`, `library`, `http`, `aws`, `vault`, `job`. */
  readonly via?: string
  /** Ties together the events of one request. */
  readonly request?: string
  /** The client's address, for requests over a network. */
  readonly address?: string
  /** Names the token that was presented: what to revoke. */
  readonly accessor?: string
}
