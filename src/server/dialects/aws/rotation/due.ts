import { CURRENT } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Rotation } from '../kept.ts'
import { keptOf } from '../kept.ts'
import { windowAfter, windowOfDays } from './schedule.ts'
import type { Window } from './schedule.ts'

/** The window of the next rotation, and when to begin: where it failed before, some time later. */
export interface Due extends Window {
  readonly at: number
}

/**
 * Absent for a secret that no schedule rotates. Of `AutomaticallyAfterDays`, a value that somebody
 * wrote counts as a rotation, as in AWS.
 */
export function dueOf(record: SecretRecord): Due | undefined {
  const { rotation } = keptOf(record)
  if (rotation?.enabled !== true || rotation.nextAt === undefined) return undefined
  const { rules, nextAt: closesAt, opensAt = closesAt, retryAt = opensAt } = rotation
  const days = rules?.AutomaticallyAfterDays
  const current = record.versions.find(({ number }) => number === record.labels[CURRENT])
  if (days !== undefined && current !== undefined) {
    const moved = windowOfDays(days, current.createdAt, durationMs(rules?.Duration))
    if (moved.opensAt > opensAt) return { ...moved, at: moved.opensAt }
  }
  return { opensAt, closesAt, at: retryAt }
}

/** With a fresh window after `at`; of rules that were kept, hours go on from the window before. */
export function aimed(rotation: Rotation, at: number): Rotation {
  const { opensAt: anchor, nextAt: _closed, tries: _tries, retryAt: _retry, ...rest } = rotation
  const window = rest.rules === undefined ? undefined : windowAfter(rest.rules, at, anchor)
  return window === undefined ? rest : { ...rest, opensAt: window.opensAt, nextAt: window.closesAt }
}

/**
 * After a try that failed: another one while the window is open, ever later; else in the next
 * window.
 */
export function failedOnce(rotation: Rotation, due: Due, at: number): Rotation {
  const tries = (rotation.tries ?? 0) + 1
  const retryAt = at + Math.min(RETRY_MS * 2 ** (tries - 1), RETRY_MS_MAX)
  if (retryAt >= due.closesAt) return aimed(rotation, at)
  return { ...rotation, opensAt: due.opensAt, nextAt: due.closesAt, tries, retryAt }
}

const durationMs = (duration: string | undefined): number | undefined =>
  duration === undefined ? undefined : Number.parseInt(duration, 10) * 3_600_000 || undefined

const RETRY_MS = 60_000
const RETRY_MS_MAX = 3_600_000
