import type { TokenSelector } from '../../../../../core/ports/identities.ts'
import { isCofferError } from '../../../../../core/errors.ts'
import { everyItem } from '../../../../../core/paging.ts'
import { shownToken } from '../answers.ts'
import { policiesOf } from '../policy-names.ts'
import { refuse } from '../../errors.ts'
import { textField } from '../../fields.ts'
import { actingCaller } from '../../policy/path-guard.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../../route.ts'

/** `lookup`: the token of the body, or the one that asks. */
export const lookup: VaultHandler = async (context) => {
  const token = textField(context.body, 'token') ?? ''
  if (token === '') return lookupSelf(context)
  return shown(context, { token }, token, refuse(403, 'bad token'))
}

/** `lookup-self`: any token may. */
export const lookupSelf: VaultHandler = (context) =>
  shown(context, { self: true }, context.token ?? '', refuse(403, 'bad token'))

export const lookupAccessor: VaultHandler = (context) => {
  const accessor = requiredAccessor(context)
  return shown(context, { accessor }, '', refuse(400, 'invalid accessor'))
}

/** `LIST accessors`. */
export const listAccessors: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  const tokens = await everyItem((page) => coffer.identities.tokens(page))
  const keys = tokens.map(({ accessor }) => accessor)
  return keys.length === 0 ? 'absent' : { data: { keys: keys.toSorted() } }
}

/** @throws VaultRefusal 400 */
export function requiredAccessor({ body, params }: VaultContext): string {
  const accessor = textField(body, 'accessor') ?? params['accessor'] ?? ''
  if (accessor === '') throw refuse(400, 'missing accessor')
  return accessor
}

async function shown(
  context: VaultContext,
  which: TokenSelector,
  id: string,
  absent: Error,
): Promise<VaultAnswer> {
  const caller = await context.caller()
  const record = await caller.coffer.identities.lookupToken(which).catch((error: unknown) => {
    // What is no accessor at all is one that nobody has.
    if ('accessor' in which && isCofferError(error, 'invalid_argument')) return undefined
    throw error
  })
  if (record === undefined) throw absent
  const { coffer } = actingCaller(context, caller)
  const policies = await policiesOf(coffer, record.actor, record.grants)
  return { data: shownToken(record, id, policies, context.server.clock()) }
}
