import { AUTH_METHOD_ROUTES } from '../auth/methods.ts'
import { PREFLIGHT_ROUTES } from '../mounts/preflight.ts'
import { MOUNT_ROUTES } from '../mounts/routes.ts'
import { CAPABILITY_ROUTES } from '../policy/capabilities.ts'
import { POLICY_ROUTES } from '../policy/routes.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'
import { KEY_ROUTES } from './keys.ts'
import { LEASE_ROUTES } from './leases.ts'
import { SEAL_ROUTES } from './seal.ts'

/** Coffer's own log cannot be taken away, and is no device that somebody made. */
const listAudit: VaultHandler = () => ({ data: {}, injected: true })

export const SYSTEM_ROUTES: readonly VaultRoute[] = [
  ...SEAL_ROUTES,
  ...CAPABILITY_ROUTES,
  ...PREFLIGHT_ROUTES,
  ...AUTH_METHOD_ROUTES,
  ...POLICY_ROUTES,
  ...MOUNT_ROUTES,
  ...KEY_ROUTES,
  ...LEASE_ROUTES,
  { path: 'audit', on: { read: listAudit, list: listAudit } },
]
