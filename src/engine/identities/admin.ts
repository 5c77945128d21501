import { CofferError } from '../../core/errors.ts'
import type { IdentityAdmin } from '../../core/ports/identities.ts'
import type { EngineContext, Origin } from '../context.ts'

export function createIdentityAdmin(_context: EngineContext, _origin: Origin): IdentityAdmin {
  throw new CofferError('internal', 'Identities are not there yet.')
}
