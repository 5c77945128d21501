import type { Facts, FieldProblem } from '../facts.ts'
import { positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

const CODES = {
  invalid_field: {
    severity: 'error',
    meaning:
      'coffer.config.ts cannot be loaded: a field is refused by its schema, or not resolved.',
    remedy: 'Correct the value or the schema; see `coffer run`, which would fail as well.',
  },
} as const satisfies Rule['codes']

/** The configuration could be loaded. A secret about which there is a finding already is not told twice. */
export const configuration: Rule = {
  codes: CODES,
  find: (facts) =>
    facts.fields
      .filter((field) => !isTold(field, facts))
      .map(({ field, at, reference, environment, message, remedy }) => ({
        code: 'invalid_field',
        severity: CODES.invalid_field.severity,
        path: reference === '' ? field : reference,
        message: `${field}: ${message}`,
        remedy,
        environment,
        ...positionOf(at),
      })),
}

/** An absent, denied or broken secret is a finding by itself, where it is declared; an undeclared one, where it is written. */
const isTold = (
  { reference, environment, code }: FieldProblem,
  { secrets, usages }: Facts,
): boolean =>
  code === 'invalid_reference'
    ? usages.some(
        (usage) =>
          usage.kind === 'reference' && usage.located === undefined && usage.written === reference,
      )
    : code !== 'invalid_value' &&
      secrets.some((secret) => secret.path === reference && secret.environment === environment)
