import { LIMITS } from '../../core/limits.ts'
import type { Presented, Session } from '../../core/ports/identities.ts'
import type { EngineContext, Origin } from '../context.ts'
import { transact } from '../transaction.ts'
import { liveToken, mayComeFrom } from './live-token.ts'
import { hashOf } from './made.ts'
import { ROWS } from './rows.ts'
import type { Find, TokenRow } from './rows.ts'

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
  const row = await liveToken(context.credentials, hash, context.clock())
  if (row === undefined || row.usedUp || !mayComeFrom(row.record.boundCidrs, from.address)) {
    return undefined
  }
  return row.record.usesLeft === 0 ? sessionOf(row) : takeUse(context, hash, row, from)
}

const sessionOf = ({ record }: TokenRow): Session => ({
  actor: record.actor,
  grants: record.grants,
  token: record,
})

/** However many present it at once, it is used as often as was granted. */
function takeUse(
  context: EngineContext,
  hash: string,
  { record: { actor, grants, accessor } }: TokenRow,
  { address, via, request }: Presented,
): Promise<Session | undefined> {
  const origin: Origin = { actor, grants, address, via, request }
  const attempt = { action: 'authenticate', resource: `token:${accessor}` } as const
  return transact(context, origin, attempt, async (tx) => {
    const find: Find = (name) => tx.named('credential', name)
    const row = await liveToken(find, hash, tx.now)
    if (row === undefined || row.usedUp) return undefined
    const usesLeft = row.record.usesLeft - 1
    const generation = await tx.record({ ...attempt, reason: `${usesLeft} uses left` })
    const used: TokenRow = {
      ...row,
      record: { ...row.record, usesLeft },
      ...(usesLeft === 0 ? { usedUp: true as const } : {}),
    }
    await tx.putNamed('credential', ROWS.token(hash), generation, used)
    return sessionOf(used)
  })
}
