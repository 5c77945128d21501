import { APPROLE_ROUTES } from './auth/approle/routes.ts'
import { JWT_ROUTES } from './auth/jwt/routes.ts'
import { TOKEN_ROUTES } from './auth/token/routes.ts'
import { KV1_ROUTES } from './kv/v1.ts'
import { KV2_ROUTES } from './kv/v2.ts'
import type { Backend } from './route.ts'
import { SYSTEM_ROUTES } from './sys/routes.ts'
import type { RouteTable } from './table.ts'
import { compileRoutes } from './table.ts'

/** What answers below a mount, by its backend. */
export const BACKENDS: Readonly<Record<Backend, RouteTable>> = {
  kv1: compileRoutes(KV1_ROUTES),
  kv2: compileRoutes(KV2_ROUTES),
  system: compileRoutes(SYSTEM_ROUTES),
  cubbyhole: [],
  identity: [],
  token: compileRoutes(TOKEN_ROUTES),
  approle: compileRoutes(APPROLE_ROUTES),
  jwt: compileRoutes(JWT_ROUTES),
}
