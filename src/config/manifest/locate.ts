import { CofferError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import type { ProviderRef } from '../../core/ports/provider.ts'
import { locate } from '../reference.ts'
import type { ParsedReference } from '../reference.ts'
import type { Manifest } from './manifest.ts'

/**
 * Where a reference leads in this environment: a relative one is the name of a declared secret. Absent
 * where the environment does not need that.
 * @throws CofferError `invalid_reference` for a name that is not declared; and as `locate`
 */
export function locateDeclared(
  manifest: Manifest,
  env: string,
  parsed: ParsedReference,
): ProviderRef | undefined {
  if (parsed.error !== undefined || !parsed.relative) return locate(parsed, '')
  const declared = manifest.secrets.find(({ name }) => name === parsed.ref.key)
  if (declared !== undefined) return declared.references[env]?.ref
  const names = manifest.secrets.map(({ name }) => name)
  const meant = nearest(parsed.ref.key, names)
  const correct = meant === undefined ? 'correct its name' : `write ${meant} if that is meant`
  throw new CofferError('invalid_reference', 'The manifest declares no secret of this name.', {
    remedy: `Declare it in coffer.yaml, ${correct}, or write it with a leading slash.`,
  })
}
