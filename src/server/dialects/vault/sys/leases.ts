import { revokeTokens } from '../auth/remove.ts'
import { refuse } from '../errors.ts'
import { AUTH } from '../mounts/mount.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'

/** KV hands out no leases, and a token is renewed and revoked as a token: there is never one to find. */
const lookup: VaultHandler = () => {
  throw refuse(400, 'invalid lease')
}
const renew: VaultHandler = () => {
  throw refuse(400, 'lease not found')
}
const revoke: VaultHandler = () => undefined
const list: VaultHandler = () => 'absent'

/** Leases of tokens have the path of their login or creation: `auth/approle/login`, `auth/token/create`. */
const revokeBelow: VaultHandler = async (context) => {
  const prefix = `${(context.params['prefix'] ?? '').replace(/\/+$/, '')}/`
  if (prefix.startsWith(AUTH)) {
    await revokeTokens(context, (path) => `${path}/`.startsWith(prefix))
  }
  return undefined
}

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
  { path: 'leases/revoke-prefix/*prefix', on: { update: revokeBelow } },
  { path: 'leases/revoke-force/*prefix', on: { update: revokeBelow } },
  { path: 'leases/tidy', on: { update: revoke } },
]
