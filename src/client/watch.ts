import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import type { Caller } from './caller.ts'
import { eventOf } from './document.ts'
import { subscribe } from './stream.ts'
import { errorOf } from './wire/error.ts'

interface Listener {
  readonly changed: () => void
  readonly failed: (error: unknown) => void
  readonly sinceMs: number
  /** A stream stands that tells of its path. */
  watched: boolean
  /** It was told that it may not look: a second time would tell that something changed. */
  refused: boolean
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
  let streams: readonly (() => void)[] = []
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

  const heard = (data: string): void => {
    const { path, error } = eventOf<{ path: string; error?: unknown }>(data, 'path')
    for (const listener of all([path])) {
      if (error === undefined) tell(listener)
      else if (!listener.refused) {
        listener.refused = true
        listener.failed(errorOf(error))
      }
    }
  }

  const failed = (paths: readonly string[], error: unknown, final: boolean): void => {
    const told = all(paths)
    if (final) for (const path of paths) listeners.delete(path)
    for (const listener of told) listener.failed(error)
  }

  const renew = (): void => {
    timer = undefined
    const before = streams
    const retire = (): void => {
      for (const stop of before) stop()
      streams = streams.filter((stop) => !before.includes(stop))
    }
    const paths = [...listeners.keys()]
    let waiting = Math.ceil(paths.length / LIMITS.batchMax)
    const successors = Array.from({ length: waiting }, (_, i) => {
      const some = paths.slice(i * LIMITS.batchMax, (i + 1) * LIMITS.batchMax)
      return subscribe(
        caller,
        {
          request: { method: 'POST', path: '/watch', body: { paths: some } },
          opened(again) {
            opened(some, again)
            if (!again && --waiting === 0) setTimeout(retire, OVERLAP_MS).unref()
          },
          each: ({ data }) => heard(data),
          failed: (error, final) => failed(some, error, final),
          keepsAlive: false,
        },
        closed,
      )
    })
    streams = [...before, ...successors]
  }

  return (given, changed, failed) => {
    const path = canonicalPath(given)
    const known = listeners.get(path) ?? new Set()
    const watched = [...known].some((other) => other.watched)
    const sinceMs = performance.now()
    const listener: Listener = { changed, failed, sinceMs, watched, refused: false }
    if (known.size === 0) timer ??= setTimeout(renew, GATHER_MS)
    listeners.set(path, known.add(listener))
    return () => {
      known.delete(listener)
      if (known.size === 0 && listeners.get(path) === known) listeners.delete(path)
      if (listeners.size > 0) return
      clearTimeout(timer)
      timer = undefined
      for (const stop of streams) stop()
      streams = []
    }
  }
}

function tell(listener: Listener): void {
  listener.refused = false
  try {
    listener.changed()
  } catch (error) {
    listener.failed(error)
  }
}
