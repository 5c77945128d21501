import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Operator } from '../core/ports/platform.ts'
import type { Origin } from './context.ts'

/** `kind:name`, as local accounts and services are called. @throws `invalid_argument` */
export function checkActor(name: unknown): string {
  if (typeof name === 'string' && name.length <= LIMITS.actorCharsMax && ACTOR.test(name)) {
    if (!name.startsWith('system:')) return name
    throw new CofferError('invalid_argument', 'Actors of kind system are Coffer itself.')
  }
  throw new CofferError(
    'invalid_argument',
    'An actor is written kind:name, for example local:alice or service:ci.',
  )
}

/** The origin of what an operator asks for. @throws `invalid_argument` */
export const operatorOrigin = (
  { actor, via, request, address, grants, token }: Operator,
  wayIn?: string,
): Origin => ({ actor: checkActor(actor), via: via ?? wayIn, request, address, grants, token })

const ACTOR = /^[a-z][a-z0-9-]{0,31}:[^\s\p{C}]+$/u
