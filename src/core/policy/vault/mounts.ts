import type { JsonObject } from '../../value.ts'

/** Where the Vault dialect shows secrets: what its addresses stand for. */
export interface SecretMount {
  /** With its slash at the end: `secret/`, `team/kv/`. */
  readonly path: string
  /** Where its secrets are: `''` or a canonical path. */
  readonly prefix: string
  readonly version: 1 | 2
}

/** Settings of this prefix are mounts; the rest of the name is the path without its last slash. */
export const MOUNT_SETTINGS = 'vault/mount/'
/** The same for methods to log in by. */
export const AUTH_MOUNT_SETTINGS = 'vault/auth/'

/** What a store has of which nothing was set, and loses by a setting with `removed`. */
const SECRET: SecretMount = { path: 'secret/', prefix: '', version: 2 }

/** The mounts that settings tell of, the longest path first. */
export function secretMounts(
  settings: readonly { readonly name: string; readonly body: JsonObject }[],
): readonly SecretMount[] {
  const mounts = new Map([[SECRET.path, SECRET]])
  for (const { name, body } of settings) {
    const path = `${name.slice(MOUNT_SETTINGS.length)}/`
    const version = VERSIONS.get(body['backend'])
    mounts.delete(path)
    if (version === undefined || body['removed'] === true) continue
    const prefix = typeof body['prefix'] === 'string' ? body['prefix'] : ''
    mounts.set(path, { path, prefix, version })
  }
  return [...mounts.values()].toSorted((a, b) => b.path.length - a.path.length)
}

const VERSIONS: ReadonlyMap<unknown, SecretMount['version']> = new Map([
  ['kv1', 1],
  ['kv2', 2],
])
