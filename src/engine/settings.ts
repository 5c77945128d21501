import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { Settings } from '../core/ports/settings.ts'
import type { JsonObject } from '../core/value.ts'
import type { EngineContext } from './context.ts'
import { refuseOlder } from './witness.ts'

/**
 * The platform's own documents. What was read is kept while none of them changed: a look at the
 * store's counters is one query of one head.
 */
export function createSettings(context: EngineContext): Settings {
  const kept = new Map<string, Kept>()
  const bodyOf = (path: string, head: Uint8Array) =>
    context.heads.named<JsonObject>('setting', path, head).body
  return {
    async get(input) {
      const name = canonicalPath(input)
      const known = context.witness.known()
      const { generation, head } = await context.store.head('setting', name, known)
      refuseOlder(generation, known)
      return head === undefined ? undefined : bodyOf(name, head)
    },
    async list(prefix) {
      const known = context.witness.known()
      const { generation, accessGeneration } = await context.store.head('setting', prefix, known)
      refuseOlder(generation, known)
      const before = kept.get(prefix)
      if (before?.accessGeneration === accessGeneration) return before.found
      return context.store.read(async (rows) => {
        const now = await rows.state()
        refuseOlder(now?.generation ?? 0, known)
        const limit = LIMITS.settingsMax
        const heads = await rows.heads({ kind: 'setting', from: prefix, limit })
        const found = heads
          .filter(({ path }) => path.startsWith(prefix))
          .map(({ path, head }) => ({ name: path, body: bodyOf(path, head) }))
        if (kept.size >= KEPT_MAX) kept.clear()
        kept.set(prefix, { accessGeneration: now?.accessGeneration ?? 0, found })
        return found
      })
    },
  }
}

/** An answer of `list`, and what the store's `accessGeneration` was: settings are counted by it too. */
interface Kept {
  readonly accessGeneration: number
  readonly found: Awaited<ReturnType<Settings['list']>>
}

const KEPT_MAX = 16
