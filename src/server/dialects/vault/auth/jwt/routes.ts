import { refuse } from '../../errors.ts'
import { textField } from '../../fields.ts'
import type { VaultHandler, VaultRoute } from '../../route.ts'
import { loggedIn } from '../login.ts'
import { mountName } from '../mount-name.ts'
import { readConfig, writeConfig } from './config.ts'
import { deleteRole, listRoles, readRole, roleExists, writeRole } from './role.ts'

const login: VaultHandler = (context) => {
  const { body, server } = context
  const jwt = textField(body, 'jwt') ?? ''
  if (jwt === '') throw refuse(400, 'missing token')
  const role = textField(body, 'role')?.toLowerCase() || undefined
  const mount = mountName(context)
  return loggedIn(context, `${mount}/${role ?? ''}`, 'error validating token', (from) =>
    server.gate.platform().identities.loginJwt({ mount, role, jwt }, from),
  )
}

/** `auth/jwt`, and wherever else the method is mounted. */
export const JWT_ROUTES: readonly VaultRoute[] = [
  { path: 'config', on: { read: readConfig, update: writeConfig } },
  { path: 'login', open: true, counts: 'login', on: { update: login } },
  { path: 'role', on: { list: listRoles } },
  {
    path: 'role/:role',
    folds: 'role',
    exists: roleExists,
    on: { read: readRole, update: writeRole, delete: deleteRole },
  },
]
