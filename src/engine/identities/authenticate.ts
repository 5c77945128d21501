import { LIMITS } from '../../core/limits.ts'
import type { Presented, Session } from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { liveToken, mayComeFrom } from './live-token.ts'
import { hashOf } from './made.ts'

/** Who presents this token, now. */
export async function authenticate(
  context: EngineContext,
  token: string,
  from: Presented,
): Promise<Session | undefined> {
  if (typeof token !== 'string' || token === '' || token.length > LIMITS.bearerCharsMax) {
    return undefined
  }
  const hash = hashOf(token)
  const live = await liveToken(context.credentials, hash, context.clock())
  if (live === undefined || live.usedUp || !mayComeFrom(live.record.boundCidrs, from.address)) {
    return undefined
  }
  const row =
    live.record.usesLeft === 0
      ? live
      : await (await import('./take-use.ts')).takeUse(context, hash, live, from)
  return row && { actor: row.record.actor, grants: row.record.grants, token: row.record }
}
