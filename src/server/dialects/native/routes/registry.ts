import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { auditRoutes } from './audit.ts'
import { batchRoutes } from './batch.ts'
import { credentialRoutes } from './credentials.ts'
import { jwtRoutes } from './jwt.ts'
import { metadataRoutes } from './metadata.ts'
import { platformRoutes } from './platform.ts'
import { sealRoutes } from './seal.ts'
import { secretRoutes } from './secrets.ts'
import { streamRoutes } from './streams.ts'
import { tokenRoutes } from './tokens.ts'

/** Every operation by what it is about, in the order of the document. */
export const ROUTES: Readonly<Record<string, readonly Route[]>> = {
  secrets: secretRoutes,
  metadata: metadataRoutes,
  batch: batchRoutes,
  streams: streamRoutes,
  access: accessRoutes,
  tokens: tokenRoutes,
  credentials: credentialRoutes,
  jwt: jwtRoutes,
  audit: auditRoutes,
  platform: platformRoutes,
  seal: sealRoutes,
}
