import { CofferError, isCofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { ProviderAnswer } from '../../../core/ports/provider.ts'
import type { GuardContext } from '../guarded.ts'
import { stateDir, stateFolder } from '../state-dir.ts'
import type { Ambient } from './ambient.ts'
import { errorOf, isPassing } from './attempts.ts'
import { offlineCache, offlineMaxAgeMs } from './offline.ts'
import type { OfflineCache } from './offline.ts'

/** Answers, with those of the offline cache in place of errors that pass. */
export type StandIn = (
  scope: string,
  keys: readonly string[],
  answers: readonly ProviderAnswer[],
) => ProviderAnswer[]

/**
 * Keeps good answers and answers with them while their place is unavailable, throttled or too slow,
 * where an offline cache is asked for. What the place says instead (absent, denied, deleted) stands,
 * and what was kept of it is gone.
 */
export function standInOf(
  kind: string,
  title: string,
  context: GuardContext,
  { now }: Ambient,
): StandIn {
  const caches = new Map<string, OfflineCache>()
  const cacheOf = (scope: string): OfflineCache | undefined => {
    const { env, options, onOffline } = context
    if (onOffline === false) return undefined
    const maxAgeMs = offlineMaxAgeMs(options.offlineMaxAge, env)
    if (maxAgeMs === undefined) return undefined
    if (stateDir(env) === undefined) throw noPlace()
    const folder = stateFolder(env, 'offline')
    // Where nothing can be kept, nothing breaks.
    if (folder === undefined) return undefined
    const known = caches.get(scope)
    if (known !== undefined) return known
    const made = offlineCache(folder, scope, env, maxAgeMs, now)
    caches.set(scope, made)
    return made
  }
  return (scope, keys, answers) => {
    let cache: OfflineCache | undefined
    try {
      cache = cacheOf(scope)
    } catch (error) {
      return answers.map(() => ({ error }))
    }
    if (cache === undefined) return [...answers]
    const savedAt: number[] = []
    const stood = answers.map((answer, i) => {
      const key = keys[i] ?? ''
      if ('value' in answer && answer.value !== undefined) cache.keep(key, answer.value)
      else if ('value' in answer || isFinal(answer.error)) cache.drop(key)
      else if (isPassing(errorOf(answer))) {
        const found = cache.find(key)
        if (found !== undefined) savedAt.push(found.savedAt)
        return found === undefined ? answer : { value: found.value }
      }
      return answer
    })
    if (savedAt.length > 0) tell(kind, title, context, savedAt.length, now() - Math.min(...savedAt))
    return stood
  }
}

/** What a place says of a secret that it no longer hands out, or not to us. */
const FINAL: readonly ErrorCode[] = [
  'denied',
  'unauthenticated',
  'deleted',
  'destroyed',
  'disabled',
  'expired',
  'empty_version',
  'not_found',
]

const isFinal = (error: unknown): boolean => FINAL.some((code) => isCofferError(error, code))

function tell(
  kind: string,
  title: string,
  { onOffline }: GuardContext,
  references: number,
  ageMs: number,
): void {
  const values = references === 1 ? '1 value comes' : `${references} values come`
  const message = `${title} cannot be asked: ${values} from the offline cache, up to ${ageOf(ageMs)} old.`
  if (typeof onOffline === 'function') onOffline({ kind, references, ageMs, message })
  else process.emitWarning(message, { type: 'OfflineWarning', code: 'COFFER_OFFLINE' })
}

function ageOf(ageMs: number): string {
  const seconds = Math.max(1, Math.round(ageMs / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

const noPlace = () =>
  new CofferError('invalid_argument', 'There is no folder to keep an offline cache in.', {
    remedy: 'Name one in COFFER_STATE_DIR.',
  })
