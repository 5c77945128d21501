/** What can be done to a secret (or, with `admin` and `audit`, to the platform). */
export const ACTIONS = [
  'read',
  'describe',
  'list',
  'write',
  'label',
  'update',
  'delete',
  'undelete',
  'destroy',
  'rotate',
  'deliver',
  'audit',
  'backup',
  'admin',
] as const
export type Action = (typeof ACTIONS)[number]

/**
 * Default deny. With `denyWins` (ours) a matching deny rule decides; otherwise a matching allow
 * rule does. `mostSpecific` is HashiCorp Vault's rule: the most specific matching pattern decides.
 */
export type Combining = 'denyWins' | 'mostSpecific'

export interface Policy {
  readonly name: string
  readonly description?: string
  readonly combine?: Combining
  readonly rules: readonly Rule[]
  /**
   * In place of rules: a text in HashiCorp Vault's policy language, HCL or JSON. It speaks of the
   * addresses of the Vault dialect, and what those stand for is decided by it in every way in.
   */
  readonly hcl?: string
}

export interface Rule {
  readonly effect: 'allow' | 'deny'
  /** `*` is every action. */
  readonly actions: readonly (Action | '*')[]
  /**
   * Patterns over canonical paths, segment by segment: `*` is one segment or, inside a segment,
   * any part of it; `**` as a whole segment is any number of segments, none included. Things that
   * are not secrets are `policy:NAME`, `role:NAME`, `actor:NAME`, `audit:log`, `store:keys`,
   * `setting:NAME`, `token:ACCESSOR`, `token:create`, `access-key:ID`, `approle:MOUNT/NAME`,
   * `jwt:MOUNT`, `jwt:MOUNT/ROLE`.
   */
  readonly paths: readonly string[]
  readonly conditions?: Conditions
}

/** All that are given must hold for the rule to match. */
export interface Conditions {
  /** Instants, ISO 8601 or milliseconds. */
  readonly notBefore?: string | number
  readonly notAfter?: string | number
  /** A daily window in UTC, `HH:MM-HH:MM`; it may pass midnight. */
  readonly timeOfDay?: string
  /** ISO weekdays, 1 Monday to 7 Sunday, UTC. */
  readonly weekdays?: readonly number[]
  /** The label that is asked for. A read without label or version asks for `current`. */
  readonly labels?: readonly string[]
  /**
   * Patterns over ids of destinations, as over paths. An allow rule reaches `deliver` only where it
   * names destinations, `*` and `admin` included: nothing is sent where nobody said so. Of other
   * actions a rule that names destinations does not speak.
   */
  readonly destinations?: readonly string[]
}
