import type { TokenSettings } from '../../../../core/ports/identities.ts'
import { refuse } from '../errors.ts'
import { permissionsFor } from '../policy/path-guard.ts'
import type { VaultContext } from '../route.ts'
import { isRootPolicy, policiesOf } from './policy-names.ts'

type Bearer = Pick<TokenSettings, 'actor' | 'policies'>

/**
 * Vault's auth methods make no root tokens, so an address that may change a role gives no root away.
 * Here a role's tokens may be such: only root makes or changes one, and hands out what logs in to it.
 * @throws VaultRefusal 400
 */
export async function refuseRootRole(
  context: VaultContext,
  ...bearers: readonly Bearer[]
): Promise<void> {
  const caller = await context.caller()
  for (const { actor, policies } of bearers) {
    const isActor = actor !== undefined && policies.length === 0
    const held = await policiesOf(
      caller.coffer,
      actor ?? '',
      isActor ? undefined : { policies, roles: [] },
    )
    if (!held.some(isRootPolicy)) continue
    if ((await permissionsFor(context, caller, context.path)).isRoot) return
    throw refuse(400, 'auth methods cannot create root tokens')
  }
}

/** A role's bearer before and after a change, of which what is not given stays. */
export const bearersOf = (
  before: Bearer | undefined,
  change: Partial<Bearer> | undefined,
): Bearer[] => {
  const { actor, policies = [] } = before ?? {}
  return [
    { actor, policies },
    { actor, policies: change?.policies ?? policies },
  ]
}
