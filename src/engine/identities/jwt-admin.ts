import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  IdentityAdmin,
  JwtIssuer,
  JwtRole,
  JwtRoleInput,
} from '../../core/ports/identities.ts'
import { requireAudited } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { checkMount, checkRoleName } from './checks.ts'
import { changedJwtRole, checkedIssuer, newJwtRole } from './jwt-checks.ts'
import { credentialsOf } from './listing.ts'
import { ROWS } from './rows.ts'
import { changedSettings } from './token-settings.ts'
import { closeVaultMount, openVaultMount } from './vault-mount.ts'

type JwtAdmin = Pick<
  IdentityAdmin,
  | 'putJwtIssuer'
  | 'jwtIssuer'
  | 'jwtIssuers'
  | 'deleteJwtIssuer'
  | 'putJwtRole'
  | 'jwtRole'
  | 'jwtRoles'
  | 'deleteJwtRole'
>

/** Issuers need `admin` on `jwt:MOUNT`, their roles on `jwt:MOUNT/NAME`. */
export function createJwtAdmin(context: EngineContext, origin: Origin): JwtAdmin {
  const look = (resource: string) =>
    requireAudited(context, origin, 'admin', resource, 'identity.list')
  const all = async <T>(prefix: string): Promise<T[]> => [
    ...(await credentialsOf<T>(context, prefix)).values(),
  ]
  return {
    async putJwtIssuer(input) {
      const issuer = checkedIssuer(input)
      await change(context, origin, issuer.mount, undefined, () => issuer)
    },
    async jwtIssuer(mount) {
      await look(`jwt:${checkMount(mount)}`)
      return context.credentials<JwtIssuer>(ROWS.jwtIssuer(mount))
    },
    async jwtIssuers() {
      await look('jwt:*')
      return all<JwtIssuer>(ROWS.jwtIssuer(''))
    },
    async deleteJwtIssuer(mount) {
      await change(context, origin, checkMount(mount), undefined, () => undefined)
    },
    putJwtRole: (input) => putRole(context, origin, input),
    async jwtRole(mount, name) {
      await look(`jwt:${checkMount(mount)}/${checkRoleName(name)}`)
      return context.credentials<JwtRole>(ROWS.jwtRole(mount, name))
    },
    async jwtRoles(mount) {
      await look(`jwt:${checkMount(mount)}/*`)
      return all<JwtRole>(ROWS.jwtRole(mount, ''))
    },
    async deleteJwtRole(mount, name) {
      await change(context, origin, checkMount(mount), checkRoleName(name), () => undefined)
    },
  }
}

async function putRole(
  context: EngineContext,
  origin: Origin,
  input: JwtRoleInput,
): Promise<JwtRole> {
  const mount = checkMount(input.mount)
  const name = checkRoleName(input.name)
  const role = await change<JwtRole>(context, origin, mount, name, async (tx, found) => {
    const before = found ?? newJwtRole(mount, name)
    const token = await changedSettings(tx, before.token, input.token, input.unknownPolicies)
    return changedJwtRole(before, input, token)
  })
  if (role === undefined) throw absent('role', `${mount}/${name}`)
  return role
}

/**
 * `undefined` from `next` removes what is there. Without its issuer nobody logs in with a role; it
 * stays, for an issuer that comes back.
 */
function change<T extends JwtIssuer | JwtRole>(
  context: EngineContext,
  origin: Origin,
  mount: string,
  role: string | undefined,
  next: (tx: Transaction, before: T | undefined) => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const resource = role === undefined ? `jwt:${mount}` : `jwt:${mount}/${role}`
  const row = role === undefined ? ROWS.jwtIssuer(mount) : ROWS.jwtRole(mount, role)
  return transact(context, origin, { action: 'jwt.write', resource }, async (tx) => {
    tx.require('admin', resource)
    const before = await tx.named<T>('credential', row)
    const after = await next(tx, before)
    if (after === undefined && before === undefined) {
      throw absent(role === undefined ? 'issuer' : 'role', resource.slice('jwt:'.length))
    }
    if (after !== undefined && JSON.stringify(after).length > LIMITS.settingBytesMax) {
      throw new CofferError('too_large', `It has at most ${LIMITS.settingBytesMax} characters.`)
    }
    const action = after === undefined ? 'jwt.delete' : 'jwt.write'
    await tx.putNamed('credential', row, await tx.record({ action, resource }), after)
    if (role === undefined) {
      await (after === undefined ? closeVaultMount : openVaultMount)(tx, mount, 'jwt')
    }
    return after
  })
}

const absent = (what: 'issuer' | 'role', name: string) =>
  new CofferError('not_found', `There is no ${what} ${name} for JWTs.`, {
    remedy: 'See `coffer jwt list`.',
  })
