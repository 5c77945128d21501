import type { Operator } from '../../../../core/ports/platform.ts'
import type { VaultContext } from '../route.ts'

/** Who asks, for what the platform does and no Coffer. */
export async function operatorOf({ caller, request }: VaultContext): Promise<Operator> {
  const { actor, grants, token } = (await caller()).session
  return {
    actor,
    grants,
    token: token?.accessor,
    via: 'vault',
    request: request.id,
    address: request.ip,
  }
}
