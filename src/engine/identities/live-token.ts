import { isWithin } from '../../core/cidr.ts'
import { LIMITS } from '../../core/limits.ts'
import type { TokenRecord } from '../../core/ports/identities.ts'
import { ROWS } from './rows.ts'
import type { Find, TokenRow } from './rows.ts'

/**
 * A token that is neither expired nor revoked, nor is any that it came from: it ends with them
 * without anybody having to search for it. Used up ones are given too. Without a promise for a row
 * that was found without one and came from none.
 */
export function liveToken(
  find: Find,
  hash: string,
  now: number,
): TokenRow | undefined | Promise<TokenRow | undefined> {
  const judge = (row: TokenRow | undefined) => {
    if (row === undefined || hasExpired(row.record, now)) return undefined
    return row.parent === undefined ? row : withAncestors(find, row, now)
  }
  const row = find<TokenRow>(ROWS.token(hash))
  return row instanceof Promise ? row.then(judge) : judge(row)
}

async function withAncestors(
  find: Find,
  row: TokenRow,
  now: number,
): Promise<TokenRow | undefined> {
  let { parent } = row
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
