import { isServerOfItsOwn } from '../../adapters/providers/context.ts'
import type { ProviderRef } from '../../core/ports/provider.ts'
import { COFFER } from '../reference.ts'
import type { Manifest } from './manifest.ts'

/**
 * Whether the Coffer that commands work at holds it. Where a manifest declares that `coffer` is a
 * server of its own, that is a provider like any other.
 */
export function isOwn(
  { providers }: Pick<Manifest, 'providers'>,
  ref: Pick<ProviderRef, 'provider'>,
): boolean {
  if (ref.provider !== COFFER) return false
  const { kind = COFFER, ...options } = Object.hasOwn(providers, COFFER) ? providers[COFFER]! : {}
  return kind === COFFER && !isServerOfItsOwn(options)
}

/** Whether a reference means a secret as it is, and no version, label or field of it. */
export const isWhole = ({
  label,
  version,
  field,
}: Pick<ProviderRef, 'label' | 'version' | 'field'>): boolean =>
  label === undefined && version === undefined && field === undefined
