import { canonicalPath } from '../core/path.ts'
import type { EngineContext } from './context.ts'
import { refuseRollback } from './state.ts'

/** Well inside the promised 2 s. One look is one tiny query, however many paths are watched. */
const POLL_MS = 400

interface Watched {
  readonly path: string
  readonly changed: () => void
  readonly failed: (error: unknown) => void
  /** The generation of the head when it was last looked at; 0 when there was none. */
  seen: number
}

/** Tells of changes by any process, from one poll of the store's generation. */
export interface Watcher {
  watch(path: string, changed: () => void, failed: (error: unknown) => void): () => void
  stop(): void
}

export function createWatcher(context: EngineContext): Watcher {
  const watched = new Set<Watched>()
  let timer: NodeJS.Timeout | undefined
  let generation = -1
  let looking = false

  async function look(): Promise<void> {
    if (looking || watched.size === 0) return
    looking = true
    try {
      const known = context.log.tail.generation
      await context.store.read(async (rows) => {
        const now = (await rows.state())?.generation ?? 0
        refuseRollback(now, known, 'the audit log')
        if (now === generation) return
        for (const entry of watched) {
          const head = (await rows.head('secret', entry.path))?.generation ?? 0
          const first = entry.seen === -1
          if (head === entry.seen) continue
          entry.seen = head
          if (!first) notify(entry)
        }
        generation = now
      })
    } catch (error) {
      for (const entry of watched) entry.failed(error)
    } finally {
      looking = false
    }
  }

  return {
    watch(path, changed, failed) {
      const entry: Watched = { path: canonicalPath(path), changed, failed, seen: -1 }
      watched.add(entry)
      generation = -1
      timer ??= setInterval(() => void look(), POLL_MS).unref()
      void look()
      return () => {
        watched.delete(entry)
        if (watched.size === 0 && timer !== undefined) {
          clearInterval(timer)
          timer = undefined
        }
      }
    },
    stop() {
      watched.clear()
      if (timer !== undefined) clearInterval(timer)
      timer = undefined
    },
  }
}

function notify(entry: Watched): void {
  try {
    entry.changed()
  } catch (error) {
    entry.failed(error)
  }
}
