import type { IdentityAdmin } from '../../core/ports/identities.ts'
import type { EngineContext, Origin } from '../context.ts'
import { createTokenAdmin } from './token-admin.ts'

/** Credentials for one actor. Every change is a transaction with its event. */
export function createIdentityAdmin(context: EngineContext, origin: Origin): IdentityAdmin {
  return { ...createTokenAdmin(context, origin) } as IdentityAdmin
}
