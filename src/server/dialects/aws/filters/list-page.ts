import { isCofferError } from '../../../../core/errors.ts'
import { LIMITS } from '../../../../core/limits.ts'
import type { ListQuery, Page } from '../../../../core/ports/coffer.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call } from '../call.ts'
import { faults } from '../errors/faults.ts'
import { positionOf, tokenOf } from '../page-token.ts'
import type { Matches } from './match.ts'
import type { SortKey, SortOrder, Standing } from './order.ts'
import { SORT_KEYS, compareStandings, standingOf } from './order.ts'

export interface Listing {
  readonly matches: Matches
  readonly max: number
  readonly token: string | undefined
  /** Absent: by creation where the store is small enough to be sorted, else by path. */
  readonly sortBy?: SortKey | undefined
  readonly order: SortOrder
  /** Also those that are scheduled for deletion. */
  readonly deleted: boolean
}

export interface ListPage {
  readonly records: readonly SecretRecord[]
  readonly token?: string
}

/** A store with more pages of `LIMITS.pageSizeMax` than this is listed by path unless asked otherwise. */
export const SORTED_PAGES_MAX = 10
/** Pages of the store that are looked at for one page of an answer that is listed by path. */
const PATH_PAGES_MAX = 50

/**
 * One page of the secrets that the caller may list. Sorted, each page costs one look at all of them:
 * memory is that of a page. By path it costs what it shows.
 * @throws AwsFault `InvalidNextTokenException`
 */
export async function listPage(call: Call, listing: Listing): Promise<ListPage> {
  const position = listing.token === undefined ? undefined : positionOf(listing.token, isPosition)
  if (position !== undefined && 'cursor' in position) {
    return byPath(call, listing, position.cursor)
  }
  const by = position?.by ?? listing.sortBy
  if (listing.sortBy !== undefined && by !== listing.sortBy) throw faults.invalidNextToken()
  const sorted = await inOrder(call, listing, by ?? 'created-date', position, by === undefined)
  return sorted ?? byPath(call, listing, undefined)
}

type Position = { readonly cursor: string } | (Standing & { readonly by: SortKey })

const isPosition = (value: object): value is Position =>
  'cursor' in value
    ? typeof value.cursor === 'string'
    : 'by' in value &&
      'path' in value &&
      'key' in value &&
      SORT_KEYS.some((key) => key === value.by) &&
      typeof value.path === 'string' &&
      typeof value.key === (value.by === 'name' ? 'string' : 'number')

/** The first `max` after a place; undefined when it is optional and the store is too large. */
async function inOrder(
  call: Call,
  { matches, max, order, deleted }: Listing,
  by: SortKey,
  after: Standing | undefined,
  optional: boolean,
): Promise<ListPage | undefined> {
  const best: { standing: Standing; record: SecretRecord }[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages++) {
    const page = await call.coffer.list({ cursor, deleted, limit: LIMITS.pageSizeMax })
    for (const record of page.items) {
      const standing = standingOf(record, by, call)
      if (after !== undefined && compareStandings(standing, after, order) <= 0) continue
      const worst = best.at(-1)
      const full = best.length > max
      if (full && worst && compareStandings(standing, worst.standing, order) >= 0) continue
      if (!matches(record)) continue
      let at = best.length
      while (at > 0 && compareStandings(best[at - 1]?.standing ?? standing, standing, order) > 0) {
        at -= 1
      }
      best.splice(at, 0, { standing, record })
      if (best.length > max + 1) best.pop()
    }
    cursor = page.cursor
    if (cursor === undefined) break
    if (optional && pages === SORTED_PAGES_MAX) return undefined
  }
  const shown = best.slice(0, max)
  const last = shown.at(-1)
  const records = shown.map(({ record }) => record)
  return best.length > max && last !== undefined
    ? { records, token: tokenOf({ by, ...last.standing }) }
    : { records }
}

async function byPath(
  call: Call,
  { matches, max, deleted }: Listing,
  from: string | undefined,
): Promise<ListPage> {
  const records: SecretRecord[] = []
  let cursor = from
  for (let pages = 0; pages < PATH_PAGES_MAX && records.length < max; pages++) {
    const page = await listed(call, { cursor, deleted, limit: max - records.length })
    records.push(...page.items.filter(matches))
    cursor = page.cursor
    if (cursor === undefined) return { records }
  }
  return { records, token: tokenOf({ cursor }) }
}

/** A cursor that came back changed is a token that is not good. */
async function listed(call: Call, query: ListQuery): Promise<Page<SecretRecord>> {
  try {
    return await call.coffer.list(query)
  } catch (error) {
    if (query.cursor !== undefined && isCofferError(error, 'invalid_argument')) {
      throw faults.invalidNextToken()
    }
    throw error
  }
}
