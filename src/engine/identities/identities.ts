import { CofferError } from '../../core/errors.ts'
import type { Identities } from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { authenticate } from './authenticate.ts'
import { createFind } from './rows.ts'

/** How callers become actors. */
export function createIdentities(context: EngineContext): Identities {
  const find = createFind(context)
  const later = async (): Promise<never> => {
    throw new CofferError('internal', 'Not there yet.')
  }
  return {
    authenticate: (token, from) => authenticate(context, find, token, from),
    accessKey: later,
    loginAppRole: later,
    loginJwt: later,
    tidy: later,
  }
}
