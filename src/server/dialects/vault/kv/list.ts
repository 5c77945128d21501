import { LIMITS } from '../../../../core/limits.ts'
import { compareUtf8 } from '../../../../core/utf8-order.ts'
import { intField } from '../fields.ts'
import type { VaultHandler } from '../route.ts'

/**
 * `LIST metadata/PATH`: names of one level, folders with a slash at their end. Secrets whose versions
 * are deleted are among them, as in Vault. `after` and `limit` are OpenBao's.
 */
export const listFolder: VaultHandler = async (context) => {
  const { mount, params, query } = context
  const below = (params['path'] ?? '').replace(/\/$/, '')
  const prefix = [mount.prefix, below].filter((part) => part !== '').join('/')
  const { coffer } = await context.caller()
  const keys: string[] = []
  const start = prefix === '' ? 0 : prefix.length + 1
  for (let cursor: string | undefined; ;) {
    const page = await coffer.list({
      prefix,
      folders: true,
      deleted: true,
      limit: LIMITS.pageSizeMax,
      cursor,
    })
    keys.push(...page.items.map(({ path }) => path.slice(start)))
    keys.push(...(page.folders ?? []).map((name) => `${name}/`))
    cursor = page.cursor
    if (cursor === undefined) break
  }
  const { after } = query
  const limit = intField(query, 'limit') ?? 0
  const sorted = keys.toSorted(compareUtf8)
  const wanted = after === undefined ? sorted : sorted.filter((key) => compareUtf8(key, after) > 0)
  const page = limit > 0 ? wanted.slice(0, limit) : wanted
  return page.length === 0 ? 'absent' : { data: { keys: page } }
}
