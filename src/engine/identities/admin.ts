import type { IdentityAdmin } from '../../core/ports/identities.ts'
import type { EngineContext, Origin } from '../context.ts'
import { createAccessKeyAdmin } from './access-key-admin.ts'
import { createAppRoleAdmin } from './approle-admin.ts'
import { createJwtAdmin } from './jwt-admin.ts'
import { createSecretIdAdmin } from './secret-id-admin.ts'
import { createTokenAdmin } from './token-admin.ts'

/** Credentials for one actor. Every change is a transaction with its event. */
export const createIdentityAdmin = (context: EngineContext, origin: Origin): IdentityAdmin => ({
  ...createTokenAdmin(context, origin),
  ...createAccessKeyAdmin(context, origin),
  ...createAppRoleAdmin(context, origin),
  ...createSecretIdAdmin(context, origin),
  ...createJwtAdmin(context, origin),
})
