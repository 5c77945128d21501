import { CofferError } from '../../core/errors.ts'
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
