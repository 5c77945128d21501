import { refuse } from '../errors.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'

/** KV hands out no leases, and tokens are renewed and revoked as tokens: there is never one to find. */
const lookup: VaultHandler = () => {
  throw refuse(400, 'invalid lease')
}
const renew: VaultHandler = () => {
  throw refuse(400, 'lease not found')
}
const revoke: VaultHandler = () => undefined
const list: VaultHandler = () => 'absent'

export const LEASE_ROUTES: readonly VaultRoute[] = [
  { path: 'leases/lookup', on: { update: lookup, list } },
  { path: 'leases/lookup/*prefix', on: { list } },
  ...['leases/renew', 'renew'].flatMap((path): VaultRoute[] => [
    { path, on: { update: renew } },
    { path: `${path}/*lease`, on: { update: renew } },
  ]),
  ...['leases/revoke', 'revoke'].flatMap((path): VaultRoute[] => [
    { path, on: { update: revoke } },
    { path: `${path}/*lease`, on: { update: revoke } },
  ]),
  { path: 'leases/revoke-prefix/*prefix', on: { update: revoke } },
  { path: 'leases/revoke-force/*prefix', on: { update: revoke } },
  { path: 'leases/tidy', on: { update: revoke } },
]
