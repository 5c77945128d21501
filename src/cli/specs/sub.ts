import type { actor, policy } from './access.ts'
import type { audit } from './audit.ts'
import type { accessKey, token } from './credentials.ts'
import type { jwt } from './jwt.ts'
import type { docs } from './manifest.ts'
import type { role } from './roles.ts'
import type { key } from './store.ts'
import type { sync } from './sync.ts'

interface Groups {
  'access-key': typeof accessKey
  actor: typeof actor
  audit: typeof audit
  docs: typeof docs
  jwt: typeof jwt
  key: typeof key
  policy: typeof policy
  role: typeof role
  sync: typeof sync
  token: typeof token
}

/** The spec of a group's command, for its handler: `Sub<'audit', 'tail'>`. */
export type Sub<
  G extends keyof Groups,
  N extends keyof Groups[G]['subcommands'],
> = Groups[G]['subcommands'][N]
