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
  token: [],
  approle: [],
  jwt: [],
}
