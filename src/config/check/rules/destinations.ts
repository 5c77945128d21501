import type { Finding } from '../../../core/finding.ts'
import { checkDestinationKinds } from '../../manifest/kinds.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import { findingOfDelivery, positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

const CODES = {
  unknown_destination: {
    severity: 'error',
    meaning: 'It is delivered to a kind of place that there is not.',
    remedy: 'Write a kind of docs/destinations.md, or a name of `destinations`.',
  },
  invalid_delivery: {
    severity: 'error',
    meaning: 'It is delivered to a place whose options are wrong.',
    remedy: 'Correct the options; docs/destinations.md has them.',
  },
} as const satisfies Rule['codes']

/** Every place that the manifest delivers to is of a kind that there is, and has the options of it. */
export const destinations: Rule = {
  codes: CODES,
  find: ({ manifest, destinationKinds, deliveries = [] }) => [
    ...unknownIn(manifest, destinationKinds),
    ...deliveries
      .filter(({ code }) => code === 'invalid_delivery')
      .map((problem) => findingOfDelivery(problem, CODES.invalid_delivery)),
  ],
}

function unknownIn(manifest: Manifest, kinds: readonly string[] | undefined): Finding[] {
  if (kinds === undefined) return []
  try {
    checkDestinationKinds(manifest, kinds)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ field, message, position }) => ({
      code: 'unknown_destination',
      severity: CODES.unknown_destination.severity,
      remedy: CODES.unknown_destination.remedy,
      path: field,
      message,
      ...positionOf(position),
    }))
  }
}
