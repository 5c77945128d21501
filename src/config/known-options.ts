import { CofferError } from '../core/errors.ts'

/**
 * For whoever writes JavaScript: a misspelt option would be as if it were not given.
 * @throws CofferError `invalid_argument`
 */
export function refuseUnknownOptions<T extends object>(
  what: string,
  options: T,
  known: Readonly<Record<keyof T, true>>,
): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    throw new CofferError('invalid_argument', `${what} has no option ${name}.`, {
      remedy: `Its options are ${Object.keys(known).join(', ')}.`,
    })
  }
}
