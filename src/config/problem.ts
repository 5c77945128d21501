import { CofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'

/** One thing that is wrong with a configuration: names and codes, never a value. */
export interface Problem {
  /** Where in the configuration: `db.url`. */
  readonly field: string
  /** Where a document says so, with line and column: `app.yaml:3:7`. */
  readonly position?: string | undefined
  /** What was asked for: `shop/dev/api/db-url`, `env:CI_TOKEN`. */
  readonly reference: string
  /** Empty where no provider was asked. */
  readonly provider: string
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
}

/**
 * Everything that is wrong, at once. Nothing was started and no part of the configuration exists.
 * Its message lists the problems in aligned columns.
 */
export class ConfigError extends CofferError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('invalid_config', render(problems), {
      details: {
        problems: problems.length,
        codes: [...new Set(problems.map((p) => p.code))],
        fields: problems.map((p) => p.field),
      },
    })
    this.name = 'ConfigError'
    this.problems = problems
  }

  override toJSON() {
    return { ...super.toJSON(), problems: this.problems }
  }
}

/** Text from outside, made safe to print: control and direction characters are escaped. */
const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  )

function render(problems: readonly Problem[]): string {
  const rows = problems.map((p) =>
    [`${p.position ?? ''} ${p.field}`.trim(), p.reference, p.code, p.message].map(printable),
  )
  const widths = [0, 1, 2].map((i) =>
    rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0),
  )
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  )
  const remedies = [...new Set(problems.map((p) => `  try: ${printable(p.remedy)}`))]
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return [`${count} in the configuration; nothing was started.`, ...lines, ...remedies].join('\n')
}
