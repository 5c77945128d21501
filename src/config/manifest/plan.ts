import type { Plan } from '../plan.ts'
import { schemaOfType } from '../type-schema.ts'
import { environmentOf } from './environment.ts'
import type { Manifest } from './manifest.ts'

/**
 * What one environment needs, to be resolved.
 * @throws CofferError `invalid_config` for an environment that the manifest does not list
 */
export function planOf(manifest: Manifest, env: string): Plan {
  const { name } = environmentOf(manifest, env)
  const places = manifest.secrets.flatMap((secret) => {
    const reference = secret.references[name]
    if (reference === undefined) return []
    return {
      kind: 'secret' as const,
      name: `secrets.${secret.name}`,
      at: secret.at,
      path: [secret.name],
      reference: { ...reference, envName: secret.envName ?? reference.envName },
      optional: secret.optional,
      schema: secret.type === undefined ? undefined : schemaOfType(secret.type),
    }
  })
  return { places, build: (values) => values }
}
