import type { Setting } from '../../../../core/ports/settings.ts'
import type { Server } from '../../../server.ts'
import type { Mount } from '../route.ts'
import { AUTH_MOUNTS, SECRET_MOUNTS, defaultMount, mountOf, mountPathOf } from './mount.ts'

/** What is mounted where, in the order in which a path is looked up: the longest first. */
export type MountTable = readonly Mount[]

/** `sys/` is there also while the store is sealed. */
export const SYSTEM: Mount = defaultMount('', 'sys/', 'system', {
  description: 'system endpoints used for control, policy and debugging',
})

/**
 * Reads the table, as fresh as the store. While the store did not change its settings are the same
 * arrays, and so is the table. @throws CofferError `sealed`
 */
export function createMounts(server: Server): () => Promise<MountTable> {
  let from: readonly (readonly Setting[])[] = []
  let table: MountTable = []
  return async () => {
    const { settings, storeId } = server.gate.platform()
    const found = [await settings.list(SECRET_MOUNTS), await settings.list(AUTH_MOUNTS)]
    if (found[0] !== from[0] || found[1] !== from[1]) {
      table = buildTable(storeId, found.flat())
      from = found
    }
    return table
  }
}

/** The mount that a path lies in, and what is left of the path below it. */
export function mountAt(
  table: MountTable,
  path: string,
): { readonly mount: Mount; readonly rest: string } | undefined {
  for (const mount of table) {
    if (path.startsWith(mount.path)) return { mount, rest: path.slice(mount.path.length) }
    if (path.length === mount.path.length - 1 && mount.path.startsWith(path)) {
      return { mount, rest: '' }
    }
  }
  return undefined
}

function buildTable(storeId: string, stored: readonly Setting[]): MountTable {
  const mounts = new Map(defaultsOf(storeId).map((mount) => [mount.path, mount]))
  for (const { name, body } of stored) {
    const path = mountPathOf(name)
    if (body['removed'] === true) mounts.delete(path)
    else mounts.set(path, mountOf(storeId, path, body))
  }
  return [...mounts.values()].toSorted((a, b) => b.path.length - a.path.length)
}

/** What a fresh store has. */
const defaultsOf = (storeId: string): Mount[] => [
  SYSTEM,
  defaultMount(storeId, 'secret/', 'kv2', {
    description: 'key/value secret storage',
    options: { version: '2' },
  }),
  defaultMount(storeId, 'cubbyhole/', 'cubbyhole', {
    description: 'per-token private secret storage',
    flags: ['local'],
  }),
  defaultMount(storeId, 'identity/', 'identity', { description: 'identity store' }),
  defaultMount(storeId, 'auth/token/', 'token', { description: 'token based credentials' }),
  defaultMount(storeId, 'auth/approle/', 'approle'),
  defaultMount(storeId, 'auth/jwt/', 'jwt'),
]
