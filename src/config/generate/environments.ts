import { environmentOf } from '../manifest/environment.ts'
import type { Environment, Manifest } from '../manifest/manifest.ts'

/**
 * The environments of these names, in the manifest's order; all of them where none is named.
 * @throws CofferError `invalid_config` for a name that the manifest does not list
 */
export function environmentsOf(
  manifest: Manifest,
  names: readonly string[] = [],
): readonly Environment[] {
  const wanted = new Set(names.map((name) => environmentOf(manifest, name)))
  return wanted.size === 0
    ? manifest.environments
    : manifest.environments.filter((environment) => wanted.has(environment))
}
