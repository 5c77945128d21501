import { CofferError } from '../../core/errors.ts'
import type { Environment, Manifest } from './manifest.ts'

/** The environment of this name. @throws CofferError `invalid_config`, naming those there are */
export function environmentOf(manifest: Manifest, name: string): Environment {
  const found = manifest.environments.find((environment) => environment.name === name)
  if (found !== undefined) return found
  const names = manifest.environments.map((environment) => environment.name)
  throw new CofferError(
    'invalid_config',
    `There is no environment ${name} in the manifest: it lists ${names.join(', ')}.`,
    { remedy: 'Name one of them: --env NAME, or COFFER_ENV.' },
  )
}
