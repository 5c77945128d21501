import { CofferError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { SecretRecord } from './record.ts'

/** The labels with a meaning of their own; any other is the user's. */
export const CURRENT = 'current'
export const PREVIOUS = 'previous'
export const PENDING = 'pending'

const LABEL = /^[A-Za-z][A-Za-z0-9._:/=+@-]*$/

/**
 * A label begins with a letter, so that it can never be taken for a version number.
 * @throws CofferError `invalid_label`
 */
export function checkLabel(label: string): string {
  if (typeof label !== 'string' || label.length > LIMITS.labelCharsMax || !LABEL.test(label)) {
    throw new CofferError(
      'invalid_label',
      `A label begins with a letter, and has at most ${LIMITS.labelCharsMax} letters, digits and . _ : / = + @ -`,
    )
  }
  return label
}

/** The labels that sit on a version. */
export function labelsOf({ labels }: Pick<SecretRecord, 'labels'>, number: number): string[] {
  const found: string[] = []
  for (const label in labels) if (labels[label] === number) found.push(label)
  return found
}
