import { CofferError } from '../core/errors.ts'

/**
 * The CofferError that `run` is refused with.
 * @throws Error when it is not refused, and whatever else it throws
 */
export function refusal(run: () => unknown): CofferError {
  try {
    run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
  throw new Error('It was not refused.')
}

/** The same for what answers with a promise. */
export async function refusalOf(run: () => Promise<unknown>): Promise<CofferError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
  throw new Error('It was not refused.')
}
