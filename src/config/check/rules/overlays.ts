import { positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

const CODES = {
  invalid_overlay: {
    severity: 'error',
    meaning: 'An overlay in config/ is absent, malformed, or not what its schema says.',
    remedy: 'Correct the overlay, or config/schema.yaml.',
  },
  inline_secret: {
    severity: 'error',
    meaning: 'A value stands where the schema of the overlays says `"secret": true`.',
    remedy: 'Store it with `coffer set`, and write { secretRef: … } in its place.',
  },
} as const satisfies Rule['codes']

/** The overlays of the environment are what their schema says. */
export const overlays: Rule = {
  codes: CODES,
  find: ({ overlays: problems }) =>
    problems.map(({ field, at, message, remedy, isInline, environment }) => {
      const place = positionOf(at)
      const file = place.file ?? 'config'
      const code = isInline ? 'inline_secret' : 'invalid_overlay'
      return {
        code,
        severity: CODES[code].severity,
        path: field === '' ? file : `${file}#${field}`,
        message,
        remedy,
        environment,
        ...place,
      }
    }),
}
