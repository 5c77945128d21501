import { CofferError } from '../../core/errors.ts'

/** One value that a file holds. */
export interface Entry {
  /** What the file calls it: a variable, or the keys of a nested document. */
  readonly name: string
  /** Below the prefix. */
  readonly relative: string
  /** The variable it was, when it was one. */
  readonly envName?: string | undefined
  readonly value: string
  /** The value is JSON as such: an array. */
  readonly json?: true
  readonly line?: number | undefined
}

export interface ParsedFile {
  readonly entries: readonly Entry[]
  /** What the person should know, and what stops nothing. */
  readonly notes: readonly string[]
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * `DB_URL` is stored at `db-url`: lower case, underscores and dots become dashes. The name itself is
 * kept beside it, so nothing is lost.
 */
export function entryOfVariable(name: string, value: string, line?: number): Entry {
  const relative = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()).replace(/[_.]/g, '-')
  return { name, relative, ...(VARIABLE.test(name) ? { envName: name } : {}), value, line }
}

/** All that is wrong with a file, by line, in one error. Never a value. */
export function refuseFile(file: string, findings: readonly string[]): CofferError {
  const [first = ''] = findings
  if (findings.length === 1)
    return new CofferError('invalid_argument', `${file}: ${first}`, { remedy: REMEDY })
  return new CofferError(
    'invalid_argument',
    `${file} has ${findings.length} problems; nothing was imported.`,
    {
      remedy: REMEDY,
      details: { problems: findings },
    },
  )
}

const REMEDY = 'Correct the file and import it again; nothing was stored.'

export const at = (line: number | undefined): string => (line === undefined ? '' : `line ${line}: `)
