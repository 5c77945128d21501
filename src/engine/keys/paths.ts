import { isCofferError } from '../../core/errors.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import type { EngineContext } from '../context.ts'
import { allHeads } from '../integrity.ts'

/** The paths of secrets by their ids. A row's own path may be what is damaged; heads are authentic. */
export async function pathsOf(
  { store, heads }: Pick<EngineContext, 'store' | 'heads'>,
  ids: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const paths = new Map<string, string>()
  await store.read(async (rows) => {
    for await (const row of allHeads(rows, 'secret')) {
      try {
        const { id, path } = heads.secret(row.path, row.head)
        if (ids.has(id)) paths.set(id, path)
      } catch (error) {
        if (!isCofferError(error, 'corrupt')) throw error
      }
    }
  })
  return paths
}

/** The same of one, unless its secret has moved since. */
export async function pathNow(
  { heads }: Pick<EngineContext, 'heads'>,
  rows: StoreReader,
  id: string,
  paths: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const path = paths.get(id)
  const row = path === undefined ? undefined : await rows.head('secret', path)
  if (path === undefined || row === undefined) return undefined
  return heads.secret(path, row.head).id === id ? path : undefined
}
