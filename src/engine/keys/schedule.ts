import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { KEY_ROTATION } from '../../core/ports/settings.ts'
import type { JsonObject } from '../../core/value.ts'
import type { KeyTerm } from '../../crypto/keyring.ts'
import type { EngineContext } from '../context.ts'
import { createSettings } from '../settings.ts'

const DAY_MS = 86_400_000

/** How old the active term becomes before a sweep makes the next one. */
export interface KeySchedule {
  /** Absent: only who asks for it makes one. */
  readonly everyDays?: number
}

/** @throws CofferError `invalid_value` for a setting that says something else */
export async function readSchedule(context: EngineContext): Promise<KeySchedule> {
  const setting = await createSettings(context).get(KEY_ROTATION)
  return setting === undefined
    ? { everyDays: LIMITS.keyRotateEveryDaysDefault }
    : scheduleOf(setting)
}

/** @throws CofferError `invalid_value` */
export function scheduleOf({ everyDays }: JsonObject): KeySchedule {
  if (everyDays === null) return {}
  const max = LIMITS.keyRotateEveryDaysMax
  if (
    typeof everyDays === 'number' &&
    Number.isInteger(everyDays) &&
    1 <= everyDays &&
    everyDays <= max
  ) {
    return { everyDays }
  }
  throw new CofferError(
    'invalid_value',
    `The setting ${KEY_ROTATION} has no everyDays of 1 to ${max}, or null.`,
    { remedy: 'Run `coffer key rotate --every 365d`, or `--every never`.' },
  )
}

export const dueAt = ({ createdAt }: KeyTerm, everyDays: number): number =>
  createdAt + everyDays * DAY_MS

/** A term that was made more than a day from now was made by a clock that was ahead: it would never end. */
export const isTermDue = (active: KeyTerm, everyDays: number | undefined, now: number): boolean =>
  everyDays !== undefined && (dueAt(active, everyDays) <= now || isAhead(active, now))

export const isAhead = ({ createdAt }: KeyTerm, now: number): boolean => createdAt > now + DAY_MS
