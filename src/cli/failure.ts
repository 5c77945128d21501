import { CofferError, isCofferError } from '../core/errors.ts'
import { safeJson, safeText } from './safe-text.ts'
import type { World } from './world.ts'

/**
 * Says on stderr what went wrong and what to do, and returns the exit code. Never a value; never
 * text of an unknown error; a stack's frames only with COFFER_DEBUG=1.
 */
export function report(error: unknown, world: World, json: boolean): number {
  const known = isCofferError(error) ? error : unexpected(error)
  const text = json ? `${safeJson({ error: document(known) })}\n` : human(known)
  world.stderr.write(text)
  if (world.env.COFFER_DEBUG === '1') world.stderr.write(frames(error))
  return known.exitCode
}

/** One failure of several, by what failed. */
export interface Problem {
  readonly subject: string
  readonly error: unknown
}

/** One error that lists all problems; alone, a problem stays itself and says what failed. */
export function combine(problems: readonly Problem[], headline: string): CofferError {
  const known = problems.map(({ subject, error }) => ({
    subject,
    error: isCofferError(error) ? error : unexpected(error),
  }))
  const first = known[0]?.error ?? new CofferError('internal', headline)
  if (known.length === 1) return naming(first, known[0]?.subject ?? '')
  const same = known.every(({ error }) => error.code === first.code)
  return new CofferError(same ? first.code : 'invalid_config', headline, {
    ...(same ? { remedy: first.remedy } : { remedy: 'Correct what is listed.' }),
    details: {
      problems: known.map(({ subject, error }) => `${subject}: ${error.code}: ${error.message}`),
    },
  })
}

function naming(error: CofferError, subject: string): CofferError {
  const { code, message, remedy, details } = error
  if (message.includes(subject)) return error
  return new CofferError(code, `${subject}: ${message}`, { remedy, details, cause: error })
}

/** With the problems of a configuration, which its message lists for people. */
function document(error: CofferError): object {
  const { problems } = error as { problems?: unknown }
  return Array.isArray(problems) ? { ...error.toJSON(), problems } : error.toJSON()
}

function human(error: CofferError): string {
  const lines = error.message.split('\n').map(safeText)
  const listed = Array.isArray(error.details.problems) ? error.details.problems : []
  const shown = new Set(lines.join('\n').split('\n'))
  const problems = listed
    .map((line: string) => `  - ${safeText(line)}`)
    .filter((line) => !shown.has(line))
  const more = problems.length - PROBLEMS_SHOWN
  return [
    `error: ${lines.join('\n')}`,
    ...(more > 1
      ? [...problems.slice(0, PROBLEMS_SHOWN), `  and ${more} more: see --json`]
      : problems),
    `  code: ${error.code}`,
    `  try: ${safeText(error.remedy)}`,
    '',
  ].join('\n')
}

/** More would push what to do out of sight. */
const PROBLEMS_SHOWN = 20

const unexpected = (error: unknown): CofferError =>
  new CofferError('internal', `Coffer failed unexpectedly (${nameOf(error)}).`, { cause: error })

/** The class and system code of an unknown error: never its message, which may hold anything. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = (error as NodeJS.ErrnoException).code
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)
    ? code
    : /^[A-Za-z]{1,40}$/.test(error.name)
      ? error.name
      : 'Error'
}

function frames(error: unknown): string {
  let text = ''
  for (
    let at: unknown = error, depth = 0;
    at instanceof Error && depth < 5;
    at = at.cause, depth++
  ) {
    const stack = typeof at.stack === 'string' ? at.stack : ''
    const lines = stack.split('\n').filter((line) => /^\s+at /.test(line))
    text += `  ${nameOf(at)}\n${lines.map((line) => `  ${safeText(line)}\n`).join('')}`
  }
  return text
}
