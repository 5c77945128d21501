import { CofferError, isCofferError } from '../../core/errors.ts'
import type { ApplyAnswer } from '../../core/ports/destination.ts'
import { mayBeMade } from '../net/repeated.ts'

/** What became of one change of a host: `unknown` only of a call that was begun. */
export async function attempted(
  signal: AbortSignal,
  work: () => Promise<ApplyAnswer>,
): Promise<ApplyAnswer> {
  if (signal.aborted) {
    return { done: false, error: new CofferError('cancelled', 'The delivery was cancelled.') }
  }
  try {
    return await work()
  } catch (error) {
    return { done: false, error, ...(mayBeMade(error) ? { unknown: true } : {}) }
  }
}

/** `attempted` for changes of one host: once it asks to wait, it is asked for none of the others. */
export function untilThrottled(signal: AbortSignal): typeof attempt {
  let limited: CofferError | undefined
  return attempt

  async function attempt(work: () => Promise<ApplyAnswer>): Promise<ApplyAnswer> {
    if (limited !== undefined) return { done: false, error: limited }
    const answer = await attempted(signal, work)
    if (!answer.done && isCofferError(answer.error, 'throttled')) {
      const { remedy, details } = answer.error
      limited = new CofferError('throttled', 'It was not tried: the host asks to wait.', {
        remedy,
        details,
      })
    }
    return answer
  }
}
