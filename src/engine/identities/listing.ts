import type { StoreReader } from '../../core/ports/store.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'

const CHUNK = 500

/** All credentials whose row begins with a prefix, by the name of the row, from one snapshot. */
export function credentialsOf<T>(
  context: EngineContext,
  prefix: string,
  rows?: StoreReader,
): Promise<Map<string, T>> {
  const collect = async (reader: StoreReader) => {
    const found = new Map<string, T>()
    const before = `${prefix}\u{10FFFF}`
    for (let after: string | undefined; ;) {
      const position = after === undefined ? {} : { after }
      const chunk = await reader.heads({
        kind: 'credential',
        from: prefix,
        before,
        limit: CHUNK,
        ...position,
      })
      for (const { path, head } of chunk) {
        found.set(path, context.heads.named<T>('credential', path, head).body)
      }
      after = chunk.at(-1)?.path
      if (after === undefined || chunk.length < CHUNK) return found
      // Not in a change, which keeps others from writing.
      if (rows === undefined) await breathe()
    }
  }
  return rows === undefined ? context.store.read(collect) : collect(rows)
}
