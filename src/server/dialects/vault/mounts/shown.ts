import type { JsonObject } from '../../../../core/value.ts'
import type { Mount } from '../route.ts'
import { AUTH, typeOf } from './mount.ts'
import { MOUNT_FLAGS } from './tuning.ts'

export const isAuth = ({ path }: Mount): boolean => path.startsWith(AUTH)

/** A mount as `sys/mounts` and `sys/auth` show it. */
export const shownMount = ({
  backend,
  accessor,
  uuid,
  description,
  options,
  flags,
  config,
}: Mount): JsonObject => ({
  accessor,
  config: { default_lease_ttl: 0, force_no_cache: false, max_lease_ttl: 0, ...config },
  deprecation_status: 'supported',
  description,
  options: Object.keys(options).length === 0 ? null : { ...options },
  plugin_version: '',
  running_plugin_version: '',
  running_sha256: '',
  type: typeOf(backend),
  uuid,
  ...Object.fromEntries(MOUNT_FLAGS.map((name) => [name, flags.includes(name)])),
})

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
export const shownTuning = ({ backend, description, options, config }: Mount): JsonObject => ({
  default_lease_ttl: LEASE_TTL_SECONDS,
  description,
  force_no_cache: false,
  max_lease_ttl: LEASE_TTL_SECONDS,
  ...nonZero(config),
  ...(backend === 'kv1' || backend === 'kv2' ? { options: { ...options } } : {}),
})

/** 32 days, as Vault has it. */
const LEASE_TTL_SECONDS = 2_764_800

const nonZero = (config: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== 0))
