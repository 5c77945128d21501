import { ERRORS } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { readSmall, removeSmall, replaceSmall, takeTurn } from '../private-files.ts'
import type { Absence, Absences } from './absences.ts'
import type { Ambient } from './ambient.ts'
import { isBreakerCode } from './breaker.ts'
import type { BreakerState } from './breaker.ts'

/** What the processes of this machine know of one scope. */
export interface Known {
  readonly breaker?: BreakerState | undefined
  readonly absences: Absences
}

export interface Memory {
  /** What is shown to people: absent where nothing can be kept. */
  readonly file: string | undefined
  read(): Known
  /** Reads, changes and writes in one step as far as processes go. Never fails. */
  change(step: (known: Known) => Known, signal: AbortSignal): Promise<void>
}

/**
 * Kept in `file`, and in this process alone where there is none or it cannot be written. A file that
 * is not understood counts as none.
 */
export function memoryIn(file: string | undefined, { now, sleep }: Ambient): Memory {
  let own: Known = NOTHING
  let kept = file !== undefined
  const read = () => (kept && file !== undefined ? parse(readSmall(file, BYTES_MAX)) : own)
  const write = (known: Known) => {
    own = known
    if (kept && file !== undefined) {
      kept = replaceSmall(file, Buffer.from(JSON.stringify({ v: 1, ...known })))
    }
  }
  return {
    get file() {
      return kept ? file : undefined
    },
    read,
    async change(step, signal) {
      const lock = `${file}.lock`
      const giveUpAt = now() + TURN_MS
      let turn = kept ? takeTurn(lock, STALE_MS) : undefined
      while (turn === 'held' && now() < giveUpAt && !signal.aborted) {
        await sleep(TRY_AGAIN_MS, signal)
        turn = takeTurn(lock, STALE_MS)
      }
      // Two at once lose what one of them learned, which is no harm.
      try {
        const before = read()
        const after = step(before)
        if (after !== before) write(after)
      } finally {
        if (turn === 'mine') removeSmall(lock)
      }
    },
  }
}

const BYTES_MAX = LIMITS.stateFileBytesMax
const NOTHING: Known = { absences: {} }
const TURN_MS = 500
const TRY_AGAIN_MS = 5
const STALE_MS = 2_000
const PHASES: readonly unknown[] = ['closed', 'asking', 'open']

function parse(bytes: Buffer | undefined): Known {
  if (bytes === undefined) return NOTHING
  try {
    const { v, breaker, absences } = JSON.parse(bytes.toString()) as Record<string, unknown>
    if (v !== 1) return NOTHING
    return {
      ...(isBreaker(breaker) ? { breaker } : {}),
      absences: isObject(absences)
        ? Object.fromEntries(
            Object.entries(absences).filter((e): e is [string, Absence] => isAbsence(e[1])),
          )
        : {},
    }
  } catch {
    return NOTHING
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isBreaker = (value: unknown): value is BreakerState =>
  isObject(value) &&
  PHASES.includes(value.phase) &&
  [value.at, value.until, value.failures].every(Number.isFinite) &&
  (value.phase !== 'open' || isBreakerCode(String(value.code))) &&
  (value.as === undefined || (typeof value.as === 'string' && Object.hasOwn(ERRORS, value.as)))

const isAbsence = (value: unknown): value is Absence =>
  isObject(value) &&
  (value.code === 'not_found' || value.code === 'denied') &&
  [value.times, value.at].every(Number.isFinite)
