import type { Coffer } from '../core/ports/coffer.ts'
import { isCofferError } from '../core/errors.ts'

/**
 * Whether clients of Vault log in at `auth/MOUNT` too. What is made for a login opens it, unless
 * something else is there, or somebody disabled it. Who may not look is not told: true.
 */
export async function isOpenToVault(
  { settings }: Coffer,
  mount: string,
  method: 'jwt' | 'approle',
): Promise<boolean> {
  try {
    const known = await settings.get(`vault/auth/${mount}`)
    return known === undefined ? mount === method : known.backend === method
  } catch (error) {
    if (isCofferError(error, 'denied')) return true
    throw error
  }
}

export const notOpenToVault = (mount: string): string =>
  `clients of Vault cannot log in at auth/${mount}: see \`vault auth list\` for what is there, above it or below it`
