import { LIMITS } from './limits.ts'
import type { Page, PageQuery } from './ports/coffer.ts'

/** All items of a list, page by page: what changes meanwhile may be seen or not. */
export async function everyItem<T>(page: (query: PageQuery) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = []
  let cursor: string | undefined
  do {
    const next = await page({ cursor, limit: LIMITS.pageSizeMax })
    found.push(...next.items)
    cursor = next.cursor
  } while (cursor !== undefined)
  return found
}
