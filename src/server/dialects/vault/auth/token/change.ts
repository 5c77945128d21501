import { isCofferError } from '../../../../../core/errors.ts'
import type { TokenSelector } from '../../../../../core/ports/identities.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { textField } from '../../fields.ts'
import { actingCaller } from '../../policy/path-guard.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../../route.ts'
import { authOf } from '../answers.ts'
import { policiesOf } from '../policy-names.ts'
import { requiredAccessor } from './lookup.ts'
import { refuseWithoutRole } from './role.ts'

export const renew: VaultHandler = (context) => {
  const token = requiredToken(context)
  return renewed(context, { token }, token)
}
export const renewSelf: VaultHandler = (context) =>
  renewed(context, { self: true }, context.token ?? '')
export const renewAccessor: VaultHandler = (context) =>
  renewed(context, { accessor: requiredAccessor(context) }, '')

export const revoke: VaultHandler = (context) => revoked(context, { token: requiredToken(context) })
export const revokeSelf: VaultHandler = (context) => revoked(context, { self: true })

export const revokeAccessor: VaultHandler = async (context) =>
  revoked(context, { accessor: requiredAccessor(context) }, () => ({
    data: null,
    warnings: ['No token found with this accessor'],
  }))

/** `revoke-orphan`: what it made stays. */
export const revokeOrphan: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  try {
    await coffer.identities.revokeToken({ token: requiredToken(context) }, { orphanChildren: true })
  } catch (error) {
    if (isCofferError(error, 'not_found')) throw refuse(400, 'token to revoke not found')
    throw error
  }
  return undefined
}

/** `tidy`: expired tokens are gone anyhow; now their rows are too. */
export const tidy: VaultHandler = async ({ server }) => {
  await server.gate.platform().identities.tidy()
  return {
    data: null,
    status: 202,
    warnings: ['Tidy operation successfully started and finished.'],
  }
}

async function renewed(
  context: VaultContext,
  which: TokenSelector,
  token: string,
): Promise<VaultAnswer> {
  const caller = await context.caller()
  const increment = parseSeconds('increment', context.body['increment'] ?? 0)
  try {
    const { identities } = caller.coffer
    const made = 'self' in which ? caller.session.token : await identities.lookupToken(which)
    if (made !== undefined) await refuseWithoutRole(context, made)
    const record = await identities.renewToken(which, Math.max(0, increment))
    const { coffer } = actingCaller(context, caller)
    const policies = await policiesOf(coffer, record.actor, record.grants)
    return { auth: authOf(record, token, policies, context.server.clock()) }
  } catch (error) {
    if (isCofferError(error, 'not_found')) {
      throw refuse(400, 'accessor' in which ? 'invalid accessor' : 'token not found')
    }
    if (isCofferError(error, 'failed_precondition')) throw refuse(400, 'lease is not renewable')
    throw error
  }
}

/** What is not there is as gone as it was to be. */
async function revoked(
  context: VaultContext,
  which: TokenSelector,
  absent: () => VaultAnswer = () => undefined,
): Promise<VaultAnswer> {
  const { coffer } = await context.caller()
  try {
    await coffer.identities.revokeToken(which)
  } catch (error) {
    if (isCofferError(error, 'not_found')) return absent()
    throw error
  }
  return undefined
}

/** @throws VaultRefusal 400 */
function requiredToken({ body, params }: VaultContext): string {
  const token = textField(body, 'token') ?? params['token'] ?? ''
  if (token === '') throw refuse(400, 'missing token ID')
  return token
}
