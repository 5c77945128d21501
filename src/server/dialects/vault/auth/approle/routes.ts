import { refuse } from '../../errors.ts'
import { textField } from '../../fields.ts'
import type { VaultHandler, VaultRoute } from '../../route.ts'
import { loggedIn } from '../login.ts'
import { mountName } from '../mount-name.ts'
import { PROPERTY_ROUTES } from './properties.ts'
import { deleteRole, listRoles, readRole, roleExists, writeRole } from './role.ts'
import {
  createCustomSecretId,
  createSecretId,
  destroyAccessor,
  destroySecretId,
  listSecretIds,
  lookupAccessor,
  lookupSecretId,
} from './secret-id.ts'

const login: VaultHandler = (context) => {
  const { body, server } = context
  const roleId = textField(body, 'role_id') ?? ''
  if (roleId === '') throw refuse(400, 'missing role_id')
  const secretId = textField(body, 'secret_id') || undefined
  const mount = mountName(context)
  return loggedIn(context, `${mount}/${roleId}`, 'invalid role or secret ID', (from) =>
    server.gate.platform().identities.loginAppRole({ mount, roleId, secretId }, from),
  )
}

/** Expired secret ids are gone anyhow; now their rows are too. */
const tidy: VaultHandler = async ({ server }) => {
  await server.gate.platform().identities.tidy()
  return {
    data: null,
    status: 202,
    warnings: ['Tidy operation successfully started and finished.'],
  }
}

/** `auth/approle`, and wherever else the method is mounted. */
export const APPROLE_ROUTES: readonly VaultRoute[] = [
  { path: 'login', open: true, counts: 'login', on: { update: login } },
  { path: 'role', on: { list: listRoles } },
  {
    path: 'role/:role',
    folds: 'role',
    exists: roleExists,
    on: { read: readRole, update: writeRole, delete: deleteRole },
  },
  ...PROPERTY_ROUTES,
  {
    path: 'role/:role/secret-id',
    folds: 'role',
    on: { update: createSecretId, list: listSecretIds },
  },
  { path: 'role/:role/custom-secret-id', folds: 'role', on: { update: createCustomSecretId } },
  { path: 'role/:role/secret-id/lookup', folds: 'role', on: { update: lookupSecretId } },
  {
    path: 'role/:role/secret-id/destroy',
    folds: 'role',
    on: { update: destroySecretId, delete: destroySecretId },
  },
  { path: 'role/:role/secret-id-accessor/lookup', folds: 'role', on: { update: lookupAccessor } },
  {
    path: 'role/:role/secret-id-accessor/destroy',
    folds: 'role',
    on: { update: destroyAccessor, delete: destroyAccessor },
  },
  { path: 'tidy/secret-id', on: { update: tidy } },
]
