import type { AppRoleInput } from '../../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { refuse } from '../../errors.ts'
import type { VaultHandler, VaultRoute } from '../../route.ts'
import { existingRole, putRole, roleExists, roleFields, shownRole } from './role.ts'

type Change = Omit<AppRoleInput, 'mount' | 'name'>

/** One property of a role, with an address of its own. */
interface Property {
  /** Below `role/NAME/`. */
  readonly path: string
  /** The fields that say it, of which a read shows all and a write needs one. */
  readonly fields: readonly string[]
  /** What a role without it is like; absent: it cannot be taken away. */
  readonly reset?: Change
}

const PROPERTIES: readonly Property[] = [
  {
    path: 'policies',
    fields: ['token_policies', 'policies'],
    reset: { token: { policies: [] } },
  },
  {
    path: 'secret-id-bound-cidrs',
    fields: ['secret_id_bound_cidrs'],
    reset: { secretIdBoundCidrs: [] },
  },
  { path: 'bound-cidr-list', fields: ['bound_cidr_list'], reset: { secretIdBoundCidrs: [] } },
  {
    path: 'token-bound-cidrs',
    fields: ['token_bound_cidrs'],
    reset: { token: { boundCidrs: [] } },
  },
  { path: 'bind-secret-id', fields: ['bind_secret_id'], reset: { bindSecretId: true } },
  { path: 'secret-id-num-uses', fields: ['secret_id_num_uses'], reset: { secretIdUses: 0 } },
  { path: 'secret-id-ttl', fields: ['secret_id_ttl'], reset: { secretIdTtlSeconds: 0 } },
  { path: 'token-num-uses', fields: ['token_num_uses'], reset: { token: { uses: 0 } } },
  { path: 'token-ttl', fields: ['token_ttl'], reset: { token: { ttlSeconds: 0 } } },
  { path: 'token-max-ttl', fields: ['token_max_ttl'], reset: { token: { maxTtlSeconds: 0 } } },
  { path: 'period', fields: ['token_period', 'period'], reset: { token: { periodSeconds: 0 } } },
  { path: 'local-secret-ids', fields: ['local_secret_ids'] },
]

const readId: VaultHandler = async (context) => ({
  data: { role_id: (await existingRole(context)).roleId },
})

const writeId: VaultHandler = async (context) => {
  const { roleId } = roleFields(context.body)
  if (roleId === undefined) throw refuse(400, 'missing role_id')
  await existingRole(context)
  await putRole(context, { roleId })
  return undefined
}

/** `role/NAME/PROPERTY`, and the role id. */
export const PROPERTY_ROUTES: readonly VaultRoute[] = [
  {
    path: 'role/:role/role-id',
    folds: 'role',
    exists: roleExists,
    on: { read: readId, update: writeId },
  },
  ...PROPERTIES.map(({ path, fields, reset }): VaultRoute => {
    const read: VaultHandler = async (context) => {
      const shown: JsonObject = shownRole(await existingRole(context))
      shown['bound_cidr_list'] = shown['secret_id_bound_cidrs'] ?? null
      return { data: Object.fromEntries(fields.map((name) => [name, shown[name] ?? null])) }
    }
    const update: VaultHandler = async (context) => {
      const { body } = context
      if (!fields.some((name) => body[name] !== undefined)) {
        throw refuse(400, `missing ${fields[0] ?? path}`)
      }
      await existingRole(context)
      const own = Object.fromEntries(fields.map((name) => [name, body[name] ?? null]))
      await putRole(context, roleFields(own))
      return undefined
    }
    const remove: VaultHandler = async (context) => {
      await existingRole(context)
      await putRole(context, reset ?? {})
      return undefined
    }
    const on = { read, update, ...(reset === undefined ? {} : { delete: remove }) }
    return { path: `role/:role/${path}`, folds: 'role', exists: roleExists, on }
  }),
]
