import type { Presented } from '../../core/ports/identities.ts'
import type { EngineContext, Origin } from '../context.ts'
import { transact } from '../transaction.ts'
import { liveToken } from './live-token.ts'
import { ROWS } from './rows.ts'
import type { Find, TokenRow } from './rows.ts'

/**
 * Takes one of the uses that are left; `undefined` when there are none any more. However many
 * present a token at once, it is used as often as was granted.
 */
export function takeUse(
  context: EngineContext,
  hash: string,
  { record: { actor, grants, accessor } }: TokenRow,
  { address, via, request }: Presented,
): Promise<TokenRow | undefined> {
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
    return used
  })
}
