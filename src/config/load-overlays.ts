import type { DocumentShape, ResolveDocument } from './infer.ts'
import type { DocumentOptions } from './load-document.ts'

/**
 * Loads `default.yaml` of a folder and over it the environment's own file, `prod.yaml`: objects are
 * merged, everything else is replaced. Both may be `.yml` or `.json`; `default` may be absent, the
 * environment's file may not. Beside them `schema.json` or `schema.yaml`, a JSON Schema, says what the
 * whole must be; `"secret": true` there is where a `{ secretRef: … }` belongs. Shape, secrets and result
 * are those of `loadDocument`.
 *
 * @example
 * const cfg = await loadOverlays('config', { port: z.number(), key: secret() }, { coffer, prefix: 'shop/prod' })
 * @throws ConfigError with every problem, its file, line and column; CofferError `not_found` where
 * there are no overlays, or none of this environment
 */
export function loadOverlays(dir: string | URL): Promise<unknown>
export function loadOverlays(
  dir: string | URL,
  shape: undefined,
  options?: DocumentOptions,
): Promise<unknown>
export function loadOverlays<S extends DocumentShape>(
  dir: string | URL,
  shape: S,
  options?: DocumentOptions,
): Promise<ResolveDocument<S>>
export async function loadOverlays(
  dir: string | URL,
  shape?: DocumentShape,
  options: DocumentOptions = {},
): Promise<unknown> {
  const { load } = await import('./overlay/load.ts')
  return load(dir, shape, options)
}
