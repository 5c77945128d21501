import { CofferError } from '../../core/errors.ts'

/** A page's `limit`, checked. @throws `invalid_argument` unless it is a whole number from 1 */
export function checkedLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return limit
  throw new CofferError('invalid_argument', 'A limit is a whole number, at least 1.')
}

/** For a call on rows whose transaction is over: someone forgot an `await`. */
export function transactionOver(): CofferError {
  return new CofferError('internal', 'The rows of a store were used after their transaction ended.')
}

export function storeClosed(description: string): CofferError {
  return new CofferError('store_unavailable', `The store (${description}) is closed.`, {
    remedy: 'Open it again.',
  })
}

export function outboxTaken(generation: number): CofferError {
  return new CofferError('internal', `Generation ${generation} has an event in the outbox already.`)
}
