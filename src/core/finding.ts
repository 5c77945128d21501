/** Something that a check found. A result, not an error; never a value. */
export interface Finding {
  /** Stable, in snake case: `not_found`, `expired`, `plaintext_secret`. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** What it is about: a secret's path, else a place in a file. */
  readonly path: string
  /** One sentence. */
  readonly message: string
  /** What to do, as a command where one does it. */
  readonly remedy: string
  readonly environment?: string | undefined
  /** Where somebody wrote it: relative to the project, lines and columns from 1. */
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly column?: number | undefined
}
