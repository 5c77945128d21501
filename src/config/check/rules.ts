import { ERRORS } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import type { Facts } from './facts.ts'
import type { CodeRow, Rule } from './rule.ts'
import { configuration } from './rules/configuration.ts'
import { deliveries } from './rules/deliveries.ts'
import { destinations } from './rules/destinations.ts'
import { expiry } from './rules/expiry.ts'
import { metadata } from './rules/metadata.ts'
import { overlays } from './rules/overlays.ts'
import { places } from './rules/places.ts'
import { plaintext } from './rules/plaintext.ts'
import { readers } from './rules/readers.ts'
import { references } from './rules/references.ts'
import { rotation } from './rules/rotation.ts'
import { sharedValues } from './rules/shared-values.ts'
import { state } from './rules/state.ts'
import { types } from './rules/types.ts'
import { unchecked } from './rules/unchecked.ts'

/** Every rule, in the order of docs/check.md. */
export const RULES = {
  places,
  unchecked,
  state,
  expiry,
  rotation,
  types,
  sharedValues,
  metadata,
  readers,
  deliveries,
  destinations,
  configuration,
  overlays,
  plaintext,
  references,
} as const satisfies Record<string, Rule>

/** What a code of a finding means: a rule's, else an error's. */
export function describeCode(code: string): CodeRow {
  const rule = Object.values<Rule>(RULES).find(({ codes }) => Object.hasOwn(codes, code))
  const own = rule?.codes[code]
  if (own !== undefined) return own
  const error = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : ERRORS.internal
  return { severity: 'error', meaning: 'It could not be checked.', remedy: error.remedy }
}

/** What all rules find, errors first, each once; in the order of environments and files. */
export async function findAll(facts: Facts): Promise<Finding[]> {
  const found: Finding[] = []
  for (const rule of Object.values<Rule>(RULES)) {
    for (const finding of await rule.find(facts)) found.push(finding)
  }
  const order = facts.environments.map(({ name }) => name)
  return inOrder(found, order)
}

/** Errors first; then by environment as given, path, place and code. Equal ones once. */
export function inOrder(findings: readonly Finding[], environments: readonly string[]): Finding[] {
  const keyed = new Map<string, Finding>()
  for (const finding of findings) {
    const { code, environment = '', path, file = '', line = 0, column = 0 } = finding
    const rank = environments.indexOf(environment) + 1
    const key = [
      finding.severity === 'error' ? 0 : 1,
      String(rank).padStart(6, '0'),
      path,
      file,
      String(line).padStart(9, '0'),
      String(column).padStart(9, '0'),
      code,
    ].join('\0')
    if (!keyed.has(key)) keyed.set(key, finding)
  }
  return [...keyed].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding)
}
