import type { Finding } from '../../core/finding.ts'
import type { DeliveryProblem, Facts, SecretFacts } from './facts.ts'

/** What a code means, for docs/check.md and reports. */
export interface CodeRow {
  readonly severity: Finding['severity']
  /** One sentence. */
  readonly meaning: string
  /** In general; a finding says it for its own case. */
  readonly remedy: string
}

/** One thing that is checked. Adding one is one file in rules/, its test, and one line in rules.ts. */
export interface Rule {
  /** Every code that it finds, by its name. */
  readonly codes: Readonly<Record<string, CodeRow>>
  /** Never puts a value into a finding. */
  find(facts: Facts): Iterable<Finding> | Promise<Iterable<Finding>>
}

/** Where a secret was declared, and what it is called: what its findings have in common. */
export const about = (
  secret: Pick<SecretFacts, 'declared' | 'environment' | 'path'>,
): Pick<Finding, 'path' | 'environment' | 'file' | 'line' | 'column'> => ({
  path: secret.path,
  environment: secret.environment,
  ...positionOf(secret.declared.at),
})

/** What the places themselves said of a delivery; `row` is that of its code. */
export const findingOfDelivery = (
  { code, environment, path, position, message, remedy }: DeliveryProblem,
  row: CodeRow,
): Finding => ({
  code,
  severity: row.severity,
  path,
  message,
  remedy: remedy ?? row.remedy,
  environment,
  ...positionOf(position),
})

/** `coffer.yaml:7:3` in its parts. */
export function positionOf(at: string | undefined): Pick<Finding, 'file' | 'line' | 'column'> {
  const found = /^(.*):(\d+):(\d+)$/s.exec(at ?? '')
  if (found === null) return {}
  return { file: found[1], line: Number(found[2]), column: Number(found[3]) }
}
