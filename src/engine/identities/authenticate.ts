import { LIMITS } from '../../core/limits.ts'
import type { Identities, Presented, Session } from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { liveToken, mayComeFrom } from './live-token.ts'
import { hashOf } from './made.ts'
import type { TokenRow } from './rows.ts'

/** Who presents this token, now; without a promise where nothing has to be waited for. */
export function authenticate(
  context: EngineContext,
  token: string,
  from: Presented,
): ReturnType<Identities['authenticate']> {
  if (typeof token !== 'string' || token === '' || token.length > LIMITS.bearerCharsMax) {
    return undefined
  }
  const hash = hashOf(token)
  const live = liveToken(context.credentials, hash, context.clock())
  const enter = (row: TokenRow | undefined) => {
    if (row === undefined || row.usedUp || !mayComeFrom(row.record.boundCidrs, from.address)) {
      return undefined
    }
    return row.record.usesLeft === 0 ? sessionOf(row) : useOf(context, hash, row, from)
  }
  return live instanceof Promise ? live.then(enter) : enter(live)
}

async function useOf(
  context: EngineContext,
  hash: string,
  live: TokenRow,
  from: Presented,
): Promise<Session | undefined> {
  const { takeUse } = await import('./take-use.ts')
  const row = await takeUse(context, hash, live, from)
  return row && sessionOf(row)
}

const sessionOf = ({ record }: TokenRow): Session => ({
  actor: record.actor,
  grants: record.grants,
  token: record,
})
