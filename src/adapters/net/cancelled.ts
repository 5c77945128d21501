import { CofferError } from '../../core/errors.ts'

/** What an aborted signal is told as: the reason where that is ours. */
export function cancelled({ reason }: AbortSignal): CofferError {
  const error: unknown = reason
  return error instanceof CofferError ? error : new CofferError('cancelled', 'It was cancelled.')
}
