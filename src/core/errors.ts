/**
 * Every error Coffer can answer with: one row each. Below this table nothing invents a code, an
 * HTTP status or an exit code; docs/errors.md is checked against it.
 *
 * Exit codes (sysexits where one fits): 1 a finding, 64 usage, 65 bad data, 66 absent, 69
 * unavailable, 70 a bug, 73 cannot create, 74 I/O, 75 try again, 77 denied, 78 configuration;
 * `run` uses 126, 127 and 128+n as a shell does.
 */
export interface ErrorRow {
  /** HTTP status a server answers with. */
  readonly status: number
  /** Process exit code of the command line. */
  readonly exit: number
  /** What to do next, when the place that throws has nothing better to say. */
  readonly remedy: string
}

const row = (status: number, exit: number, remedy: string): ErrorRow => ({ status, exit, remedy })

export const ERRORS = {
  // what was asked for is malformed
  invalid_argument: row(400, 64, 'See `coffer help`.'),
  invalid_path: row(
    400,
    64,
    'Write it as project/env/service/name: no empty, "." or ".." segments, no control characters, at most 512 bytes.',
  ),
  invalid_label: row(400, 64, 'Use letters, digits and . _ : / = + @ -, at most 256 of them.'),
  invalid_value: row(422, 65, 'Correct the value and write it again; nothing was stored.'),
  invalid_reference: row(400, 64, 'Write it as "name", "a/path" or "provider:key".'),
  invalid_pattern: row(400, 64, '"*" stands for one segment or part of it, "**" for any number.'),
  invalid_policy: row(400, 64, 'See `coffer policy --help` for the shape of a policy.'),
  invalid_config: row(422, 78, 'Correct the configuration; nothing was started.'),
  inline_secret: row(
    422,
    78,
    'Store it with `coffer set` and write a secretRef, or set allowInlineSecrets.',
  ),
  unknown_provider: row(400, 78, 'Name one of the providers that are composed.'),
  too_large: row(413, 65, 'Shorten it, or raise the limit where one can be raised.'),
  limit_exceeded: row(400, 65, 'Ask for less at once.'),
  // absent, denied and the states between
  not_found: row(404, 66, 'Check the spelling with `coffer list`.'),
  already_exists: row(409, 73, 'Choose another name, or change the one that exists.'),
  denied: row(403, 77, 'Ask an administrator; `coffer policy test` shows which rule decides.'),
  unauthenticated: row(401, 77, 'Log in with `coffer login`, or give a credential that is good.'),
  deleted: row(409, 66, 'Bring it back with `coffer undelete` within its recovery window.'),
  destroyed: row(
    410,
    66,
    'This version was erased for good: read another one, set a new one, or delete the secret.',
  ),
  empty_version: row(409, 66, 'This version has no value yet; write one, or read another.'),
  disabled: row(403, 77, 'Enable the version first, or read another one.'),
  not_yet_valid: row(403, 77, 'Wait until its notBefore, or read another version.'),
  expired: row(
    403,
    77,
    'Rotate the secret, or give it a later end: `coffer update PATH --expires 30d`.',
  ),
  conflict: row(409, 75, 'Someone changed it first: read it again and repeat the change.'),
  failed_precondition: row(
    409,
    65,
    'What is there is not in the state that this needs; look at it.',
  ),
  token_reused: row(409, 65, 'Use a fresh idempotency token for a different value.'),
  // keys
  sealed: row(503, 69, 'Give the root key: COFFER_MASTER_KEY, a key file or a passphrase.'),
  wrong_key: row(503, 78, 'Give the root key whose fingerprint is named.'),
  invalid_key: row(400, 78, 'A key is 32 bytes as base64, base64url or 64 hex characters.'),
  key_exposed: row(403, 78, 'Run `chmod 600` on the key file: others can read it.'),
  term_in_use: row(409, 75, 'Let the re-wrap finish: `coffer key rotate` resumes it.'),
  // the store
  store_missing: row(503, 66, 'Create it with `coffer init`, or name another --data-dir.'),
  store_exists: row(409, 73, 'Use another --data-dir; an existing store is never overwritten.'),
  store_unavailable: row(503, 74, 'Check the disk and its permissions, then try again.'),
  store_busy: row(503, 75, 'Another process holds the store; try again.'),
  store_full: row(507, 74, 'Free disk space, then try again; nothing was lost.'),
  store_read_only: row(503, 73, 'Make the data directory writable.'),
  store_rolled_back: row(
    503,
    65,
    'Put the newer store back, or accept this one with `coffer doctor --accept-restored`.',
  ),
  store_newer: row(503, 78, 'Use the newer Coffer that wrote this store.'),
  corrupt: row(500, 65, 'Run `coffer doctor`; restore from a backup if it is confirmed.'),
  // audit
  audit_unavailable: row(
    503,
    74,
    'Make the audit log writable (disk space, permissions); nothing was handed out.',
  ),
  audit_tampered: row(500, 65, 'Keep a copy as evidence, then see docs/runbooks/audit.md.'),
  // backup
  backup_invalid: row(422, 65, 'Check that the file is a Coffer backup and is whole.'),
  backup_key: row(422, 78, 'Give the identity or passphrase that the backup was made for.'),
  not_empty: row(409, 73, 'Restore into an empty data directory.'),
  // the world outside
  unavailable: row(503, 69, 'Check that it is reachable, then try again.'),
  throttled: row(429, 75, 'Wait, then try again.'),
  timeout: row(504, 75, 'Try again, or allow more time.'),
  cancelled: row(499, 75, 'Run it again when it is meant.'),
  missing_dependency: row(500, 78, 'Install the package that is named.'),
  // running a command
  env_name_refused: row(
    400,
    64,
    'Such a name changes how programs are loaded; allow it with --allow-env NAME.',
  ),
  env_collision: row(400, 64, 'Give one of them another variable name.'),
  command_not_found: row(400, 127, 'Check the spelling of the command and PATH.'),
  command_not_executable: row(400, 126, 'Make the file executable, or name its interpreter.'),
  // a finding is a result, not a failure of the tool
  check_failed: row(422, 1, 'Correct the findings above.'),
  unsupported_runtime: row(500, 70, 'Use Node 24.16 or newer.'),
  internal: row(
    500,
    70,
    'This is a bug in Coffer: please report it with the code and the version.',
  ),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

export interface CofferErrorOptions {
  /** Replaces the row's remedy. */
  readonly remedy?: string
  /** Names and numbers for programs (paths, limits, generations). Never a value, never a token. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  /** Kept for debugging, never printed by Coffer. */
  readonly cause?: unknown
}

/**
 * The one error class. `code` is stable; `message` is one sentence without secrets, tokens or vendor
 * bodies.
 *
 * @example
 * throw new CofferError('not_found', 'There is no secret shop/dev/api/db-url.')
 */
export class CofferError extends Error {
  readonly code: ErrorCode
  readonly remedy: string
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[]>>

  constructor(code: ErrorCode, message: string, options: CofferErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CofferError'
    this.code = code
    this.remedy = options.remedy ?? ERRORS[code].remedy
    this.details = options.details ?? {}
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get exitCode(): number {
    return ERRORS[this.code].exit
  }

  toJSON(): { code: ErrorCode; message: string; remedy: string; details: CofferError['details'] } {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details }
  }
}

export const isCofferError = (error: unknown, code?: ErrorCode): error is CofferError =>
  error instanceof CofferError && (code === undefined || error.code === code)

/** What is told of whatever was thrown. Foreign text is never passed on. */
export function describeError(error: unknown): Pick<CofferError, 'code' | 'message' | 'remedy'> {
  if (error instanceof CofferError) {
    return { code: error.code, message: error.message, remedy: error.remedy }
  }
  const message = 'It failed in a way that should have been translated.'
  return { code: 'internal', message, remedy: ERRORS.internal.remedy }
}
