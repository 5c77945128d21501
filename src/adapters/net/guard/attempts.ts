import { CofferError, isCofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'
import type { RemoteService } from '../guarded.ts'
import type { Ambient } from './ambient.ts'
import type { Lane } from './lane.ts'

/** What a batch came to. `thrown`: it was about the whole account. */
export interface Heard {
  readonly answers: readonly ProviderAnswer[]
  readonly thrown?: unknown
}

/** Errors that may have gone by a moment later. */
export const isPassing = (error: unknown): boolean => PASSING.some((c) => isCofferError(error, c))

export const retryAfterMs = (error: unknown): number => {
  const ms = error instanceof CofferError ? error.details.retryAfterMs : undefined
  return typeof ms === 'number' && ms > 0 ? ms : 0
}

/**
 * Asks for a batch; what passes is asked for again, after a wait of a random part of a doubling time
 * and at least what the place asks for, as long as the budget lasts. Never rejects.
 */
export async function attempt(
  service: RemoteService,
  refs: readonly ProviderRef[],
  lane: Lane,
  { random, sleep }: Ambient,
  signal: AbortSignal,
  retriesMax: number = LIMITS.providerRetriesMax,
): Promise<Heard> {
  const answers: ProviderAnswer[] = []
  let pending = refs.map((_, i) => i)
  let thrown: unknown
  lane.countCall()
  for (let retry = 0; ; retry++) {
    const batch = pending.flatMap((i) => refs[i] ?? [])
    const heard = await once(service, batch, signal)
    thrown = heard.thrown
    for (const [n, i] of pending.entries()) answers[i] = heard.answers[n] ?? NONE
    const again = pending.filter((i) => isPassing(errorOf(answers[i])))
    if (again.length === 0 || retry >= retriesMax) break
    const errors = again.map((i) => errorOf(answers[i]))
    const backOffMs = random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** retry)
    const waitMs = Math.max(backOffMs, ...errors.map(retryAfterMs))
    const throttled = errors.some((error) => isCofferError(error, 'throttled'))
    if (throttled) lane.slowDown(Math.min(waitMs, WAIT_MS_MAX))
    if (waitMs > WAIT_MS_MAX || signal.aborted || !lane.takeRetry()) break
    await sleep(waitMs, signal)
    if (signal.aborted) break
    pending = again
  }
  return thrown === undefined ? { answers } : { answers, thrown }
}

export const errorOf = (answer: ProviderAnswer | undefined): unknown =>
  answer !== undefined && 'error' in answer ? answer.error : undefined

const PASSING: readonly ErrorCode[] = ['throttled', 'unavailable', 'timeout']
const BACK_OFF_MS = 200
const BACK_OFF_MS_MAX = 2_000
/** Who is asked to come back later than this gives up. */
const WAIT_MS_MAX = 5_000
const NONE: ProviderAnswer = {
  error: new CofferError('internal', 'The provider did not answer for this reference.'),
}

async function once(
  service: RemoteService,
  refs: readonly ProviderRef[],
  signal: AbortSignal,
): Promise<Heard> {
  const timeoutMs = service.timeoutMs ?? LIMITS.providerCallTimeoutMs
  const late = new CofferError('timeout', `It did not answer within ${timeoutMs} ms.`)
  const controller = new AbortController()
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = (reason: unknown) => {
    controller.abort(reason)
    reject(reason)
  }
  const cancel = () => end(signal.reason)
  const timer = setTimeout(end, timeoutMs, late)
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    const calling = signal.aborted ? over : service.call(refs, controller.signal)
    return { answers: await Promise.race([calling, over]) }
  } catch (error) {
    return { answers: refs.map(() => ({ error })), thrown: error }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
    over.catch(() => {})
  }
}
