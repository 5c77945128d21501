import { LIMITS } from '../../../core/limits.ts'

/**
 * References that were absent or denied when somebody asked last, so that a program that starts
 * again and again for want of one does not ask each time: after the third time for 1 s, then twice as
 * long after each further one, up to 30 s. What was not asked for 10 minutes is forgotten.
 */
export type Absences = Readonly<Record<string, Absence>>

export interface Absence {
  readonly code: 'not_found' | 'denied'
  readonly times: number
  readonly at: number
}

/** @returns what to answer with and until when; undefined when the place is to be asked */
export function remembered(
  absences: Absences,
  key: string,
  now: number,
): { readonly code: Absence['code']; readonly until: number } | undefined {
  const absence = Object.hasOwn(absences, key) ? absences[key] : undefined
  if (absence === undefined || now < absence.at) return undefined
  const steps = Math.min(absence.times - 1 - TIMES_FREE, 10)
  const until = absence.at + (steps < 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** steps))
  return now < until ? { code: absence.code, until } : undefined
}

/** `heard`: by key, what the place said now; undefined: it is there. */
export function withHeard(
  absences: Absences,
  heard: ReadonlyMap<string, Absence['code'] | undefined>,
  now: number,
): Absences {
  const kept = new Map(
    Object.entries(absences).filter(([, { at }]) => at <= now && now - at < FORGET_MS),
  )
  for (const [key, code] of heard) {
    const before = kept.get(key)
    // Put at the end again: those that were asked longest ago go first.
    kept.delete(key)
    if (code === undefined) continue
    const times = before?.code === code ? before.times + 1 : 1
    kept.set(key, { code, times, at: now })
  }
  return Object.fromEntries([...kept].slice(-LIMITS.rememberedAbsencesMax))
}

/** Somebody who puts it there and starts again is not a crash loop. */
const TIMES_FREE = 2
const FIRST_MS = 1_000
const LONGEST_MS = 30_000
const FORGET_MS = 600_000
