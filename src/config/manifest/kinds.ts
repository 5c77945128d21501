import { refuseUnknown } from './fields.ts'
import type { Manifest } from './manifest.ts'
import { collectMistakes } from './mistakes.ts'

/**
 * Whether everything is delivered to a kind of place that is known.
 * @throws ConfigError for every one that is not, with the nearest known one
 */
export function checkDestinationKinds(manifest: Manifest, kinds: readonly string[]): void {
  const mistakes = collectMistakes()
  const { destinations, secrets } = manifest
  for (const [name, { kind, at }] of Object.entries(destinations)) {
    if (!kinds.includes(kind))
      mistakes.attempt(`destinations.${name}`, () => refuseUnknown(kind, kinds, at))
  }
  const known = [...Object.keys(destinations), ...kinds]
  for (const { name, deliver } of secrets) {
    for (const [i, { to, at }] of deliver.entries()) {
      if (!known.includes(to))
        mistakes.attempt(`secrets.${name}.deliver.${i}`, () => refuseUnknown(to, known, at))
    }
  }
  mistakes.refuse()
}
