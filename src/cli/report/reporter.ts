import type { Finding } from '../../core/finding.ts'

/** What a check found, in whatever way it was asked. */
export interface CheckReport {
  /** No finding is an error. */
  readonly ok: boolean
  readonly environments: readonly string[]
  readonly secrets: readonly CheckedSecret[]
  /** How many fields of a configuration hold none: variables, plain values. */
  readonly others?: number | undefined
  /** Errors first. */
  readonly findings: readonly Finding[]
  /** What was resolved without a manifest, for programs. */
  readonly fields?: readonly object[] | undefined
}

export interface CheckedSecret {
  readonly environment?: string | undefined
  readonly path: string
}

export interface ReportContext {
  /** Between the repository's root and the project: ``, `apps/web/`. Files of findings lie below. */
  readonly base: string
  /** Of Coffer. */
  readonly version: string
  /** Milliseconds since 1970 UTC. */
  readonly now: number
  readonly look: { readonly color: boolean }
}

/** A report as text, with a newline at its end. Adding one is one file and one line in registry.ts. */
export type Reporter = (report: CheckReport, context: ReportContext) => string

/** `2 errors, 1 warning`. */
export function counted(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const parts = [many(errors, 'error'), many(warnings, 'warning')].filter((_, i) =>
    i === 0 ? errors > 0 || warnings === 0 : warnings > 0,
  )
  return parts.join(', ')
}

export const many = (count: number, word: string): string =>
  `${count === 0 ? 'no' : count} ${word}${count === 1 ? '' : 's'}`

/** `coffer.yaml:7:3`. */
export const placeOf = ({ file, line, column }: Finding): string | undefined =>
  file === undefined
    ? undefined
    : [file, line, column].filter((part) => part !== undefined).join(':')
