import type { Identities, JwtVerifier } from '../../core/ports/identities.ts'
import type { EngineContext } from '../context.ts'
import { presentAccessKey } from './access-key.ts'
import { authenticate } from './authenticate.ts'

/** How callers become actors. What happens once in a while is loaded when it does. */
export function createIdentities(
  context: EngineContext,
  verifyJwt: JwtVerifier['verify'],
): Identities {
  return {
    authenticate: (token, from) => authenticate(context, token, from),
    accessKey: (id) => presentAccessKey(context, id),
    async loginAppRole(input, from) {
      return (await import('./approle-login.ts')).loginAppRole(context, input, from)
    },
    async loginJwt(input, from) {
      return (await import('./jwt-login.ts')).loginJwt(context, verifyJwt, input, from)
    },
    async tidy() {
      return (await import('./tidy.ts')).tidy(context)
    },
  }
}
