import { auditUnavailable, type Waiter } from './flush-queue.ts'

/** Rejects those of the waiters that `which` picks, and answers the others. */
export function refuse(
  waiters: readonly Waiter[],
  which: (waiter: Waiter) => boolean,
  error: unknown,
): readonly Waiter[] {
  for (const waiter of waiters) if (which(waiter)) waiter.reject(error)
  return waiters.filter((waiter) => !which(waiter))
}

/** Refuses all but administrators' actions, by default since the disk is full. */
export const refuseOrdinary = (
  waiters: readonly Waiter[],
  cause: unknown = { code: 'ENOSPC' },
): readonly Waiter[] => refuse(waiters, (waiter) => !waiter.privileged, auditUnavailable(cause))
