import type { Coffer } from '../core/ports/coffer.ts'
import { isCofferError } from '../core/errors.ts'

/**
 * Lets clients of Vault log in at `auth/MOUNT` too, which every store has for `jwt` and `approle` by
 * itself. False: who asks may not, which needs `admin` on `setting:vault/auth/MOUNT`.
 */
export async function openVaultMethod(
  { settings }: Coffer,
  mount: string,
  backend: 'jwt' | 'approle',
): Promise<boolean> {
  if (mount === backend) return true
  const known = await settings.get(nameOf(mount))
  if (known !== undefined && known.removed !== true) return true
  return allowed(() => settings.put(nameOf(mount), { backend }))
}

/** The opposite, for a method that is no more. */
export async function closeVaultMethod({ settings }: Coffer, mount: string): Promise<boolean> {
  if ((await settings.get(nameOf(mount))) === undefined) return true
  return allowed(() => settings.put(nameOf(mount), undefined))
}

const nameOf = (mount: string) => `vault/auth/${mount}`

async function allowed(change: () => Promise<void>): Promise<boolean> {
  try {
    await change()
    return true
  } catch (error) {
    if (isCofferError(error, 'denied')) return false
    throw error
  }
}
