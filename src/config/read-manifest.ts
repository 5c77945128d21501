import { CofferError } from '../core/errors.ts'
import type { Manifest } from './manifest/manifest.ts'

/**
 * The manifest of the project that `dir` is in: the nearest coffer.yaml upwards. For
 * `defineConfig(…, { manifest })`, `loadDocument` and `loadOverlays`.
 *
 * @example
 * export default defineConfig(
 *   { stripe: secretRef('api/stripe-key') },
 *   { manifest: await readManifest(import.meta.dirname) },
 * )
 * @throws ConfigError with every mistake of the file; CofferError `not_found` where there is none, or it
 * has no `environments`
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const { loadManifest } = await import('./manifest/load.ts')
  const found = await loadManifest(dir)
  if (found !== undefined) return found
  throw new CofferError('not_found', 'No coffer.yaml with "environments" is there or above.', {
    remedy: 'Write one: project, environments and secrets.',
  })
}
