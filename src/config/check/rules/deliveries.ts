import { deliveriesOf } from '../../manifest/deliveries.ts'
import { ConfigError } from '../../problem.ts'
import { findingOfDelivery, positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

const CODES = {
  delivery_collision: {
    severity: 'error',
    meaning: 'Two secrets, or two environments, would be delivered to one place under one name.',
    remedy: 'Give one of them another name there.',
  },
} as const satisfies Rule['codes']

/** No two secrets, nor two environments, are delivered to one place under one name. */
export const deliveries: Rule = {
  codes: CODES,
  find: ({ manifest, environments, deliveries: problems = [] }) => [
    ...problems
      .filter(({ code }) => code === 'delivery_collision')
      .map((problem) => findingOfDelivery(problem, CODES.delivery_collision)),
    ...environments.flatMap(({ name }) => {
      try {
        deliveriesOf(manifest, name)
        return []
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return error.problems.map(({ field, message, remedy, position }) => ({
          code: 'delivery_collision',
          severity: CODES.delivery_collision.severity,
          path: field,
          message,
          remedy,
          environment: name,
          ...positionOf(position),
        }))
      }
    }),
  ],
}
