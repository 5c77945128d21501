import type { VaultRoute } from '../../route.ts'
import {
  renew,
  renewAccessor,
  renewSelf,
  revoke,
  revokeAccessor,
  revokeOrphan,
  revokeSelf,
  tidy,
} from './change.ts'
import { create, createByRole, createOrphan } from './create.ts'
import { listAccessors, lookup, lookupAccessor, lookupSelf } from './lookup.ts'
import { deleteRole, listRoles, readRole, roleExists, writeRole } from './role.ts'

/** `auth/token`. What a token does with itself takes no policy. */
export const TOKEN_ROUTES: readonly VaultRoute[] = [
  { path: 'create', on: { update: create } },
  { path: 'create-orphan', on: { update: createOrphan } },
  { path: 'create/:role', on: { update: createByRole } },
  { path: 'lookup-self', decidedInside: true, on: { read: lookupSelf, update: lookupSelf } },
  { path: 'renew-self', decidedInside: true, on: { update: renewSelf } },
  { path: 'revoke-self', decidedInside: true, on: { update: revokeSelf } },
  { path: 'lookup', on: { read: lookup, update: lookup } },
  { path: 'lookup-accessor', on: { update: lookupAccessor } },
  { path: 'renew', on: { update: renew } },
  { path: 'renew/:token', on: { update: renew } },
  { path: 'renew-accessor', on: { update: renewAccessor } },
  { path: 'revoke', on: { update: revoke } },
  { path: 'revoke/:token', on: { update: revoke } },
  { path: 'revoke-accessor', on: { update: revokeAccessor } },
  { path: 'revoke-orphan', on: { update: revokeOrphan } },
  { path: 'accessors', on: { list: listAccessors } },
  { path: 'roles', on: { list: listRoles } },
  {
    path: 'roles/:role',
    exists: roleExists,
    on: { read: readRole, update: writeRole, delete: deleteRole },
  },
  { path: 'tidy', on: { update: tidy } },
]
