import { CofferError } from '../../core/errors.ts'
import type { Rewrapped } from './rewrap-hidden.ts'

const NAMED_MAX = 10
const DETAILS_MAX = 500

/** What to tell of a rotation that could not take everything along. */
export function leftBehind({ term, left, stray }: Rewrapped, made: boolean): CofferError {
  const some = left.slice(0, NAMED_MAX).join(', ')
  const more = left.length > NAMED_MAX ? ` and ${left.length - NAMED_MAX} more` : ''
  return new CofferError(
    'corrupt',
    `Term ${term} is active and wraps all but what is damaged: ${some}${more} cannot be opened, and the terms before are kept for that.`,
    {
      remedy: stray
        ? `${DESTROY} What no secret speaks of goes with \`coffer restore --without-damaged\` of a backup made \`--with-damaged\`.`
        : DESTROY,
      details: { term, made, damaged: left.slice(0, DETAILS_MAX) },
    },
  )
}

const DESTROY =
  'Restore them from a backup, or destroy them (docs/runbooks/damage.md): the next sweep then destroys the old terms.'

/** What to tell when all is done but for what a reader still holds on to. */
export const notYetErased = (term: number, cause: CofferError): CofferError =>
  new CofferError(
    cause.code,
    `Term ${term} is active and wraps everything; the old keyring is not yet erased from the store's files. ${cause.message}`,
    {
      remedy:
        'Run `coffer sweep` in a while: every sweep erases what is left. The key need not be rotated again.',
      details: { ...cause.details, term },
      cause,
    },
  )
