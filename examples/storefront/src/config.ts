import { join } from 'node:path'
import { loadOverlays, readManifest } from 'coffer/config'
import type { LoadOptions } from 'coffer/config'
import type { Secret } from 'coffer'

/** What config/schema.yaml says, in TypeScript. */
export interface StorefrontConfig {
  readonly shop: {
    readonly name: string
    readonly currency: 'EUR' | 'USD'
    readonly banner?: string
  }
  readonly http: {
    readonly port: number
    readonly publicUrl: string
    readonly sessionKey: Secret<string>
  }
  readonly orders: { readonly databaseUrl: Secret<string>; readonly pageSize: number }
  readonly payments: { readonly stripeKey: Secret<string>; readonly mode: 'test' | 'live' }
  readonly mail: {
    readonly transport: 'log' | 'smtp'
    readonly host?: string
    readonly password?: Secret<string>
  }
}

const ROOT = join(import.meta.dirname, '..')

/** The whole configuration of the environment, or an error with everything that is wrong. */
export async function loadConfig(options: LoadOptions): Promise<StorefrontConfig> {
  const manifest = await readManifest(ROOT)
  const found = await loadOverlays(join(ROOT, 'config'), undefined, { ...options, manifest })
  return found as StorefrontConfig
}
