import { refuse } from '../errors.ts'
import type { VaultContext } from '../route.ts'

/** Where a secret of a mount is in the store; undefined for the mount itself. */
export function secretPath({ mount, params }: VaultContext): string | undefined {
  const below = params['path'] ?? ''
  if (below === '') return undefined
  return mount.prefix === '' ? below : `${mount.prefix}/${below}`
}

/** The same for what is written. @throws VaultRefusal 400 */
export function requiredPath(context: VaultContext): string {
  const path = secretPath(context)
  if (path === undefined) throw refuse(400, 'missing path')
  return path
}
