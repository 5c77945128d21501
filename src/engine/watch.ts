import { isCofferError } from '../core/errors.ts'
import { canonicalPath } from '../core/path.ts'
import type { HeadRow, StoreReader } from '../core/ports/store.ts'
import { denied, readsSome } from './access.ts'
import type { EngineContext, Origin } from './context.ts'
import { refuseOlder } from './witness.ts'
import { auditFailure } from './audited.ts'

/** Well inside the promised 2 s. One look is one tiny query, however many paths are watched. */
const POLL_MS = 400

interface Watched {
  readonly origin: Origin
  readonly path: string
  readonly changed: () => void
  readonly failed: (error: unknown) => void
  /** The generation of the head when it was last looked at; 0 when there was none. */
  seen: number
  /** It was told once that it may not look, and may not since. */
  refused: boolean
  /** The failure of the store that it was told of; undefined since the store could be looked at. */
  failure: string | undefined
}

/** Tells of changes by any process, from one poll of the store's generation. */
export interface Watcher {
  /** Only for actors who may read some version that is labelled; others are told `denied`. */
  watch(
    origin: Origin,
    path: string,
    changed: () => void,
    failed: (error: unknown) => void,
  ): () => void
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
    const refused: Watched[] = []
    try {
      const known = context.witness.known()
      await context.store.read(async (rows) => {
        const now = (await rows.state())?.generation ?? 0
        refuseOlder(now, known)
        if (now === generation) return
        for (const entry of watched) {
          const row = await rows.head('secret', entry.path)
          const head = row?.generation ?? 0
          const first = entry.seen === -1
          // Who was refused may be let in again, and learns of what changed meanwhile.
          if (head === entry.seen && !entry.refused) continue
          entry.seen = head
          if (!(await mayRead(context, rows, entry, row))) refused.push(entry)
          else if (!first) notify(entry)
        }
        generation = now
      })
      for (const entry of watched) entry.failure = undefined
      for (const entry of refused) await refuse(context, entry)
    } catch (error) {
      for (const entry of watched) tellFailure(entry, error)
    } finally {
      looking = false
    }
  }

  // What it rejects with comes from a listener that throws: that is the listener's own trouble.
  const start = () => {
    look().catch(() => {})
  }

  return {
    watch(origin, path, changed, failed) {
      const entry: Watched = {
        origin,
        path: canonicalPath(path),
        changed,
        failed,
        seen: -1,
        refused: false,
        failure: undefined,
      }
      watched.add(entry)
      generation = -1
      timer ??= setInterval(start, POLL_MS).unref()
      start()
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

/** Whether the actor may read some labelled version; of what is absent, `current`. */
async function mayRead(
  { access, heads, clock }: EngineContext,
  rows: StoreReader,
  { origin, path }: Watched,
  row: HeadRow | undefined,
): Promise<boolean> {
  const state = await rows.state()
  const actor = await access.loadFrom(rows, origin, state?.accessGeneration ?? 0)
  const record = row === undefined ? undefined : heads.secret(path, row.head)
  return readsSome(actor, origin, path, record, clock())
}

/** Once: a second time would tell that something changed. */
async function refuse(context: EngineContext, entry: Watched): Promise<void> {
  if (entry.refused) return
  entry.refused = true
  const { origin, path } = entry
  const error = denied(origin.actor, 'read', path)
  await auditFailure(context, origin, { action: 'read', resource: path }, error)
  entry.failed(error)
}

/** Once, however many looks fail: they come 400 ms after one another. */
function tellFailure(entry: Watched, error: unknown): void {
  const failure = isCofferError(error) ? error.code : 'internal'
  if (entry.failure === failure) return
  entry.failure = failure
  entry.failed(error)
}

function notify(entry: Watched): void {
  entry.refused = false
  try {
    entry.changed()
  } catch (error) {
    entry.failed(error)
  }
}
