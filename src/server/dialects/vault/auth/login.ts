import { isCofferError } from '../../../../core/errors.ts'
import type { CreatedToken, Presented } from '../../../../core/ports/identities.ts'
import { loggingIn } from '../../../caller.ts'
import { refuse } from '../errors.ts'
import type { VaultAnswer, VaultContext } from '../route.ts'
import { authOfNew } from './answers.ts'
import { policiesOf } from './policy-names.ts'

/**
 * A login by whatever method, limited and watched. `name` is what is logged in to, never a secret.
 * @throws VaultRefusal 400 with `refusal` for what is not good
 */
export async function loggedIn(
  context: VaultContext,
  name: string,
  refusal: string,
  login: (from: Presented) => Promise<CreatedToken>,
): Promise<VaultAnswer> {
  const { server, request } = context
  const from = { address: request.ip, via: 'vault', request: request.id }
  let made: CreatedToken
  try {
    made = await loggingIn(server, request, 'vault', name, () => login(from))
  } catch (error) {
    if (isCofferError(error, 'unauthenticated')) throw refuse(400, refusal)
    throw error
  }
  const { actor, grants } = made.record
  const asking = { via: 'vault', request: request.id, grants: { policies: ['admin'], roles: [] } }
  const coffer = server.gate.platform().as(actor, asking)
  return { auth: authOfNew(made, await policiesOf(coffer, actor, grants), server.clock()) }
}
