import { checkDestinationKinds } from '../../manifest/kinds.ts'
import { ConfigError } from '../../problem.ts'
import { positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

const CODES = {
  unknown_destination: {
    severity: 'error',
    meaning: 'It is delivered to a kind of place that there is not.',
    remedy: 'Write a kind of docs/destinations.md, or a name of `destinations`.',
  },
} as const satisfies Rule['codes']

/** Every place that the manifest delivers to is of a kind that there is. */
export const destinations: Rule = {
  codes: CODES,
  find({ manifest, destinationKinds }) {
    if (destinationKinds === undefined) return []
    try {
      checkDestinationKinds(manifest, destinationKinds)
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
  },
}
