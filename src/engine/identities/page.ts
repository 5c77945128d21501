import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Page, PageQuery } from '../../core/ports/coffer.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import type { EngineContext } from '../context.ts'
import { makeCursor, openCursor } from '../cursor.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import { refuseOlder } from '../witness.ts'
import type { Find } from './rows.ts'

/** A page ends after so many rows looked at, full or not; its cursor goes on. */
const SCANNED_MAX = 10_000
const CHUNK = 500

/** What a row shows of itself; undefined for what is not good any more. */
export type Shown<Row, Item> = (
  row: Row,
  name: string,
  find: Find,
) => Item | undefined | Promise<Item | undefined>

/**
 * Credentials whose row begins with a prefix, in the order of their rows, from one snapshot.
 * @throws `invalid_argument`
 */
export async function credentialPage<Row, Item>(
  context: EngineContext,
  prefix: string,
  query: PageQuery,
  shown: Shown<Row, Item>,
): Promise<Page<Item>> {
  const limit = wholeNumber('limit', query.limit ?? LIMITS.pageSizeDefault, 1, LIMITS.pageSizeMax)
  const after = query.cursor === undefined ? undefined : placeOf(context, prefix, query.cursor)
  const known = context.witness.known()
  return context.store.read(async (rows) => {
    refuseOlder((await rows.state())?.generation ?? 0, known)
    return scan(context, rows, { prefix, limit, after }, shown)
  })
}

/** A cursor of another list is none of this one. */
function placeOf(context: EngineContext, prefix: string, cursor: string): string {
  const place = openCursor(context, 'credential cursor', cursor)
  if (place.startsWith(prefix)) return place
  throw new CofferError('invalid_argument', 'The cursor belongs to another list.')
}

interface Scan {
  readonly prefix: string
  readonly limit: number
  readonly after: string | undefined
}

async function scan<Row, Item>(
  context: EngineContext,
  rows: StoreReader,
  { prefix, limit, after }: Scan,
  shown: Shown<Row, Item>,
): Promise<Page<Item>> {
  const bodyOf = <T>(name: string, head: Uint8Array): T =>
    context.heads.named<T>('credential', name, head).body
  const find: Find = async <T>(name: string) => {
    const row = await rows.head('credential', name)
    return row === undefined ? undefined : bodyOf<T>(name, row.head)
  }
  const range = { kind: 'credential', from: prefix, before: `${prefix}\u{10FFFF}` } as const
  const items: Item[] = []
  let last = after
  for (let scanned = 0; ;) {
    const position = last === undefined ? {} : { after: last }
    const chunk = await rows.heads({ ...range, ...position, limit: CHUNK })
    for (const { path, head } of chunk) {
      if (last !== undefined && (items.length === limit || scanned === SCANNED_MAX)) {
        return { items, cursor: makeCursor(context, 'credential cursor', last) }
      }
      const item = await shown(bodyOf<Row>(path, head), path, find)
      if (item !== undefined) items.push(item)
      last = path
      scanned += 1
    }
    if (chunk.length < CHUNK) return { items }
  }
}
