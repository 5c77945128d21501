import type { actor, policy, role } from './access.ts'
import type { audit } from './audit.ts'
import type { key } from './store.ts'

interface Groups {
  actor: typeof actor
  audit: typeof audit
  key: typeof key
  policy: typeof policy
  role: typeof role
}

/** The spec of a group's command, for its handler: `Sub<'audit', 'tail'>`. */
export type Sub<
  G extends keyof Groups,
  N extends keyof Groups[G]['subcommands'],
> = Groups[G]['subcommands'][N]
