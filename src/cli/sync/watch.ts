import type { ApplyOptions } from '../../compose/sync.ts'
import { describeError, isCofferError } from '../../core/errors.ts'
import { many } from '../report/reporter.ts'
import type { Session } from '../session.ts'
import { applyAll, isWrong } from './applied.ts'
import type { Run } from './applied.ts'
import type { Syncing } from './open.ts'
import { planAll } from './planned.ts'

export interface KeepOptions extends ApplyOptions {
  /** Seconds between two looks for drift; 0: never. */
  readonly every: number
  /** What was done before. */
  readonly first: readonly Run[]
  readonly signal: AbortSignal
}

/** Changes that come together are delivered together. */
const SETTLE_MS = 300
const DAY_MS = 86_400_000
const RETRY_MIN_MS = 1_000
const RETRY_MAX_MS = 60_000

/**
 * Goes on until the signal: changes of the secrets are delivered, drift is mended, what failed is tried
 * again, later and later. One line for each delivery and each new trouble. What was begun when the
 * signal comes is finished.
 */
export async function keepInStep(
  session: Session,
  syncing: Syncing,
  { every, first, signal, ...options }: KeepOptions,
): Promise<number> {
  ;(await session.platform()).startSweeping()
  const tell = teller(session)
  const wake = sleeper(signal)
  const stop = follow(syncing, () => wake.after(SETTLE_MS), signal)
  let runs = first
  let retryMs = RETRY_MIN_MS
  try {
    tell(runs)
    session.out.note(`Keeping ${many(syncing.places.length, 'destination')} in step.`)
    while (!signal.aborted) {
      const failed = runs.some(isTroubled)
      if (failed) wake.after(retryMs)
      else if (every > 0) wake.after(every * 1_000)
      retryMs = failed ? Math.min(retryMs * 2, RETRY_MAX_MS) : RETRY_MIN_MS
      await wake.up()
      if (signal.aborted) break
      runs = await applyAll(syncing, await planAll(syncing, {}), {
        ...options,
        progress: undefined,
      })
      tell(runs)
    }
  } finally {
    stop()
    wake.stop()
  }
  session.out.note('Stopped.')
  return 0
}

/** Calls `changed` for each change of a secret that is delivered, and once whenever some may be missed. */
function follow({ world, places }: Syncing, changed: () => void, signal: AbortSignal): () => void {
  const paths = new Set(
    places.flatMap(({ target }) => target?.entries.map(({ ref }) => ref.key) ?? []),
  )
  let stop = () => {}
  let timer: NodeJS.Timeout | undefined
  const begin = (after: string | undefined): void => {
    let cursor = after
    stop = world.coffer.events(
      { after },
      (event) => {
        ;({ cursor } = event)
        if (paths.has(event.path)) changed()
      },
      (error) => {
        if (signal.aborted) return
        // The log no longer has what follows: everything is looked at, and followed from now on.
        const from = isCofferError(error, 'not_found') ? undefined : cursor
        timer = setTimeout(() => begin(from), RETRY_MIN_MS)
        if (from === undefined) changed()
      },
      (began) => {
        cursor ??= began
      },
    )
  }
  begin(undefined)
  return () => {
    clearTimeout(timer)
    stop()
  }
}

interface Sleeper {
  /** Wakes up so much later, or when it would have anyway. */
  after(ms: number): void
  up(): Promise<void>
  stop(): void
}

function sleeper(signal: AbortSignal): Sleeper {
  let due = Infinity
  let timer: NodeJS.Timeout | undefined
  let rang = false
  // What is waited for may be a stream alone, which keeps no process alive.
  const alive = setInterval(() => {}, DAY_MS)
  let wake = () => {}
  const ring = () => {
    due = Infinity
    rang = true
    wake()
  }
  signal.addEventListener('abort', ring, { once: true })
  return {
    after(ms) {
      const at = Date.now() + ms
      if (at >= due) return
      due = at
      clearTimeout(timer)
      timer = setTimeout(ring, ms)
    },
    up: () =>
      new Promise((resolve) => {
        wake = () => {
          rang = false
          resolve()
        }
        if (rang || signal.aborted) wake()
      }),
    stop() {
      clearInterval(alive)
      clearTimeout(timer)
      signal.removeEventListener('abort', ring)
    },
  }
}

const isTroubled = ({ report, error }: Run): boolean =>
  error !== undefined || (report?.results.some(isWrong) ?? false)

/** A trouble that stays is told once. */
function teller(session: Session): (runs: readonly Run[]) => void {
  let before = new Set<string>()
  const { out, world } = session
  return (runs) => {
    const at = new Date(world.now()).toISOString()
    const now = new Set<string>()
    for (const { title, report, error } of runs) {
      if (error !== undefined) now.add(`${title}: ${describeError(error).message}`)
      for (const result of report?.results ?? []) {
        const { item, outcome, error: why } = result
        const { name, action, version } = item
        const which = version === undefined ? name : `${name} v${version}`
        if (outcome === 'done') {
          const line = { at, destination: title, name, version, action }
          out.line(out.json ? JSON.stringify(line) : `${at} ${title} ${which} ${action}`)
        }
        if (outcome === 'refused') now.add(`${title} ${name} refused: ${item.message ?? ''}`)
        if (isWrong(result)) {
          now.add(
            `${title} ${name} ${outcome}: ${why === undefined ? '' : describeError(why).message}`,
          )
        }
      }
    }
    for (const line of now) if (!before.has(line)) out.warn(`${at} ${line}`)
    before = now
  }
}
