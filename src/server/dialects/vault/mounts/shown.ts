import type { JsonObject } from '../../../../core/value.ts'
import type { Mount } from '../route.ts'
import { AUTH, typeOf } from './mount.ts'
import { DEFAULT_TOKEN_TYPE, MOUNT_FLAGS } from './tuning.ts'

export const isAuth = ({ path }: Mount): boolean => path.startsWith(AUTH)

/** A mount as `sys/mounts` and `sys/auth` show it. */
export const shownMount = (mount: Mount): JsonObject => ({
  accessor: mount.accessor,
  config: {
    default_lease_ttl: 0,
    force_no_cache: false,
    max_lease_ttl: 0,
    ...mount.config,
    ...tokenTypeOf(mount),
  },
  deprecation_status: 'supported',
  description: mount.description,
  options: Object.keys(mount.options).length === 0 ? null : { ...mount.options },
  plugin_version: '',
  running_plugin_version: '',
  running_sha256: '',
  type: typeOf(mount.backend),
  uuid: mount.uuid,
  ...Object.fromEntries(MOUNT_FLAGS.map((name) => [name, mount.flags.includes(name)])),
})

/** A member that auth methods have and others have not. */
const tokenTypeOf = (mount: Mount): JsonObject =>
  isAuth(mount) ? { token_type: mount.config['token_type'] || DEFAULT_TOKEN_TYPE } : {}

/** Many of them, by path; those of auth methods without `auth/`. */
export const shownMounts = (mounts: readonly Mount[]): JsonObject =>
  Object.fromEntries(
    mounts
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map((mount) => [
        isAuth(mount) ? mount.path.slice(AUTH.length) : mount.path,
        shownMount(mount),
      ]),
  )

/** As `tune` answers; durations are seconds. */
export const shownTuning = (mount: Mount): JsonObject => ({
  default_lease_ttl: LEASE_TTL_SECONDS,
  description: mount.description,
  force_no_cache: false,
  max_lease_ttl: LEASE_TTL_SECONDS,
  ...nonZero(mount.config),
  ...tokenTypeOf(mount),
  ...(mount.backend === 'kv1' || mount.backend === 'kv2' ? { options: { ...mount.options } } : {}),
})

/** 32 days, as Vault has it. */
const LEASE_TTL_SECONDS = 2_764_800

const nonZero = (config: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== 0))
