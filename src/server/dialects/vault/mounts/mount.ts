import { createHash } from 'node:crypto'
import { AUTH_MOUNT_SETTINGS, MOUNT_SETTINGS } from '../../../../core/policy/vault/mounts.ts'
import type { JsonObject, JsonValue } from '../../../../core/value.ts'
import type { Backend, Mount } from '../route.ts'

/**
 * What is kept of a mount, as the setting `vault/mount/PATH`, or `vault/auth/PATH` for an auth method.
 * `removed` stands for one that every store has until somebody unmounts it.
 */
export const SECRET_MOUNTS = MOUNT_SETTINGS
export const AUTH_MOUNTS = AUTH_MOUNT_SETTINGS
export const AUTH = 'auth/'

/** `secret/` to `vault/mount/secret`, `auth/ci/` to `vault/auth/ci`. */
export function settingOf(mountPath: string): string {
  const path = mountPath.slice(0, -1)
  return path.startsWith(AUTH) ? AUTH_MOUNTS + path.slice(AUTH.length) : SECRET_MOUNTS + path
}

/** `vault/mount/secret` to `secret/`. */
export const mountPathOf = (setting: string): string =>
  setting.startsWith(AUTH_MOUNTS)
    ? `${AUTH}${setting.slice(AUTH_MOUNTS.length)}/`
    : `${setting.slice(SECRET_MOUNTS.length)}/`

export function bodyOfMount({ path: _path, options, flags, ...body }: Mount): JsonObject {
  return { ...body, options: { ...options }, ...(flags.length === 0 ? {} : { flags: [...flags] }) }
}

/** From a setting that this dialect wrote; what is missing gets its default. */
export function mountOf(storeId: string, path: string, body: JsonObject): Mount {
  return defaultMount(storeId, path, textOf(body['backend'], 'kv2') as Backend, {
    description: textOf(body['description'], ''),
    prefix: textOf(body['prefix'], ''),
    options: objectOf(body['options']) as Record<string, string>,
    flags: Array.isArray(body['flags']) ? (body['flags'] as string[]) : [],
    config: objectOf(body['config']),
    settings: objectOf(body['settings']),
    ...(typeof body['accessor'] === 'string' ? { accessor: body['accessor'] } : {}),
    ...(typeof body['uuid'] === 'string' ? { uuid: body['uuid'] } : {}),
  })
}

/** Accessor and uuid of a mount that nobody made follow from the store, and never change. */
export function defaultMount(
  storeId: string,
  path: string,
  backend: Backend,
  more: Partial<Mount> = {},
): Mount {
  const digest = createHash('sha256').update(`${storeId}\n${path}`).digest('hex')
  return {
    path,
    backend,
    accessor: `${typeOf(backend)}_${digest.slice(0, 8)}`,
    uuid: uuidOf(digest),
    description: '',
    prefix: '',
    options: {},
    flags: [],
    config: {},
    settings: {},
    ...more,
  }
}

/** What clients call the kind of a mount. */
export const typeOf = (backend: Backend): string => TYPES[backend]

const TYPES: Readonly<Record<Backend, string>> = {
  kv1: 'kv',
  kv2: 'kv',
  system: 'system',
  cubbyhole: 'cubbyhole',
  identity: 'identity',
  token: 'token',
  approle: 'approle',
  jwt: 'jwt',
}

/** 32 hex digits and more, written as a UUID. */
export const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )

const textOf = (value: JsonValue | undefined, otherwise: string): string =>
  typeof value === 'string' ? value : otherwise

const objectOf = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
