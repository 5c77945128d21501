import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import type { Caller } from './caller.ts'
import { objectOf } from './document.ts'
import { subscribe } from './stream.ts'
import { errorOf } from './wire/error.ts'

interface Listener {
  readonly changed: () => void
  readonly failed: (error: unknown) => void
  readonly sinceMs: number
  /** A stream stands that tells of its path. */
  watched: boolean
}

/** What is watched in the same moment goes into one stream. */
const GATHER_MS = 5
/** So long the stream before goes on beside its successor: nothing falls between them. */
const OVERLAP_MS = 1_500
/** What stood for less cannot have missed what its caller did not read anyway. */
const UNWATCHED_MS_MAX = 250

/**
 * Watching many paths over one stream. When more are watched a stream of all of them takes over. A
 * change may be told twice, while one follows the other or after a gap; none is lost.
 */
export function createWatch(caller: Caller, closed: AbortSignal): Coffer['watch'] {
  const listeners = new Map<string, Set<Listener>>()
  let stops: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  const all = (paths: readonly string[]) =>
    paths.flatMap((path) => [...(listeners.get(path) ?? [])])

  const opened = (paths: readonly string[], again: boolean): void => {
    for (const listener of all(paths)) {
      const late = performance.now() - listener.sinceMs > UNWATCHED_MS_MAX
      const missed = again || (!listener.watched && late)
      listener.watched = true
      if (missed) tell(listener)
    }
  }

  const renew = (): void => {
    timer = undefined
    const before = stops
    const paths = [...listeners.keys()]
    let waiting = Math.ceil(paths.length / LIMITS.batchMax)
    const successorStands = (): void => {
      if (--waiting !== 0) return
      setTimeout(() => before.forEach((stop) => stop()), OVERLAP_MS).unref()
    }
    stops = Array.from({ length: waiting }, (_, i) => {
      const some = paths.slice(i * LIMITS.batchMax, (i + 1) * LIMITS.batchMax)
      return subscribe(
        caller,
        {
          request: { method: 'POST', path: '/watch', body: { paths: some } },
          opened(again) {
            opened(some, again)
            if (!again) successorStands()
          },
          each({ data }) {
            const { path, error } = objectOf<{ path: string; error?: unknown }>(JSON.parse(data))
            for (const listener of all([path])) {
              if (error === undefined) tell(listener)
              else listener.failed(errorOf(error))
            }
          },
          failed: (error) => all(some).forEach((listener) => listener.failed(error)),
          keepsAlive: false,
        },
        closed,
      )
    })
  }

  return (given, changed, failed) => {
    const path = canonicalPath(given)
    const listener: Listener = { changed, failed, sinceMs: performance.now(), watched: false }
    const known = listeners.get(path)
    if (known === undefined) {
      listeners.set(path, new Set([listener]))
      timer ??= setTimeout(renew, GATHER_MS)
    } else known.add(listener)
    return () => {
      listeners.get(path)?.delete(listener)
      if (listeners.get(path)?.size === 0) listeners.delete(path)
      if (listeners.size > 0) return
      clearTimeout(timer)
      timer = undefined
      stops.forEach((stop) => stop())
      stops = []
    }
  }
}

function tell({ changed, failed }: Listener): void {
  try {
    changed()
  } catch (error) {
    failed(error)
  }
}
