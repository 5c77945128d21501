import { isWithin } from '../../core/cidr.ts'
import { LIMITS } from '../../core/limits.ts'
import type { TokenRecord } from '../../core/ports/identities.ts'
import { ROWS } from './rows.ts'
import type { Find, TokenRow } from './rows.ts'

/**
 * A token that is neither expired nor revoked, nor is any that it came from: it ends with them
 * without anybody having to search for it. Used up ones are given too.
 */
export async function liveToken(
  find: Find,
  hash: string,
  now: number,
): Promise<TokenRow | undefined> {
  const row = await find<TokenRow>(ROWS.token(hash))
  if (row === undefined || hasExpired(row.record, now)) return undefined
  let parent = row.parent
  for (let above = 0; parent !== undefined; above++) {
    const next: TokenRow | undefined = await find<TokenRow>(ROWS.token(parent))
    if (next === undefined || hasExpired(next.record, now)) return undefined
    if (above >= LIMITS.tokenDepthMax) return undefined
    parent = next.parent
  }
  return row
}

export const hasExpired = ({ expiresAt }: TokenRecord, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now

/** Whoever is bound to addresses and comes from none that is known is refused. */
export const mayComeFrom = (cidrs: readonly string[], address: string | undefined): boolean =>
  cidrs.length === 0 || (address !== undefined && isWithin(address, cidrs))
