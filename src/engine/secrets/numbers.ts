import { CofferError } from '../../core/errors.ts'

/** @throws CofferError `invalid_argument` */
export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value
  }
  throw new CofferError('invalid_argument', `${name} is a whole number from ${min} to ${max}.`)
}

/** Instants are milliseconds since 1970; JavaScript's own range. */
export const instant = (name: string, value: unknown): number =>
  wholeNumber(name, value, 0, 8_640_000_000_000_000)

interface Validity {
  readonly notBefore?: number
  readonly expiresAt?: number
}

/** As it is. @throws CofferError `invalid_argument` for what could never be read */
export function checkedValidity<T extends Validity>(version: T): T {
  const { notBefore, expiresAt } = version
  if (notBefore === undefined || expiresAt === undefined || notBefore < expiresAt) return version
  throw new CofferError(
    'invalid_argument',
    'notBefore is not before expiresAt: the version would never be valid.',
    { remedy: 'Give a notBefore that lies before expiresAt, or leave one of them out.' },
  )
}
