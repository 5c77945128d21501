import { CofferError } from '../core/errors.ts'

/** One of the two rows is gone without which nothing of a store opens. */
export const lost = (what: 'keyring' | 'state'): CofferError =>
  new CofferError('corrupt', `The ${what} of the store is gone.`, {
    remedy:
      'Nothing in this file opens without it: restore the last whole backup into a new directory (docs/runbooks/damage.md, the store file itself).',
  })
