import { readFileSync } from 'node:fs'
import { CofferError } from '../../core/errors.ts'
import { OWN_KEYS } from '../../core/own-keys.ts'
import { decodeText, type Secret } from '../../core/secret.ts'
import type { Problem } from '../failure.ts'
import { checkVariable } from './variable.ts'

/** One secret on its way into the environment. */
export interface Wanted {
  readonly name: string
  /** What it is called in messages. */
  readonly subject: string
  readonly secret: Secret<unknown>
}

/** The environment of the command, with every problem found on the way. */
export interface ChildEnvironment {
  readonly env: Record<string, string>
  readonly problems: readonly Problem[]
}

/** One string of the environment, its name, `=` and final NUL included. Linux: MAX_ARG_STRLEN. */
export const STRING_BYTES_MAX = 131_072

/**
 * What is inherited, less Coffer's own keys and `withheld`, plus what is wanted. A secret replaces
 * an inherited variable of its name.
 */
export function childEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  wanted: readonly Wanted[],
  options: { readonly allowed: ReadonlySet<string>; readonly withheld: readonly string[] },
): ChildEnvironment {
  const env = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) env[name] = value
  for (const name of [...OWN_KEYS, ...options.withheld]) delete env[name]
  const problems: Problem[] = []
  const takenBy = new Map<string, string>()
  for (const { name, subject, secret } of wanted) {
    try {
      checkVariable(name, options.allowed)
      const other = takenBy.get(name)
      if (other !== undefined) throw collision(name, other)
      takenBy.set(name, subject)
      env[name] = variableText(name, secret)
    } catch (error) {
      problems.push({ subject, error })
    }
  }
  return { env, problems }
}

/**
 * Refuses what the system would not start: `execve` has a limit on arguments and environment
 * together. @throws CofferError `too_large`
 */
export function checkSize(argv: readonly string[], env: Readonly<Record<string, string>>): void {
  const pointerBytes = 8
  let total = 2 * pointerBytes
  for (const argument of argv) total += Buffer.byteLength(argument) + 1 + pointerBytes
  for (const name in env) {
    total += Buffer.byteLength(name) + Buffer.byteLength(env[name] ?? '') + 2 + pointerBytes
  }
  if (total <= STRING_BYTES_MAX) return
  const limit = argumentBytesMax()
  if (total <= limit) return
  throw new CofferError(
    'too_large',
    `The environment and arguments have ${total} bytes; this system starts a command with at most ${limit}.`,
    { remedy: 'Pass large secrets as files: --files DIR.', details: { total, limit } },
  )
}

const SLACK_BYTES = 8_192
const LINUX_CAP_BYTES = 6 * 1_048_576
const OTHER_SYSTEM_BYTES = 1_048_576

/** Linux: a quarter of the stack's soft limit, at most 6 MiB (execve(2)). */
function argumentBytesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    const soft = /^Max stack size\s+(\S+)/m.exec(limits)?.[1]
    const quarter = soft === 'unlimited' ? LINUX_CAP_BYTES : Number(soft) / 4
    if (Number.isFinite(quarter)) {
      return Math.max(STRING_BYTES_MAX, Math.min(quarter, LINUX_CAP_BYTES)) - SLACK_BYTES
    }
  } catch {
    // Not Linux.
  }
  return OTHER_SYSTEM_BYTES - SLACK_BYTES
}

function variableText(name: string, secret: Secret<unknown>): string {
  const bytes = secret.revealBytes()
  try {
    if (bytes.length + name.length + 2 > STRING_BYTES_MAX) {
      throw new CofferError(
        'too_large',
        `The value is too large for a variable (${STRING_BYTES_MAX} bytes with its name).`,
        { remedy: 'Pass it as a file: --files DIR.' },
      )
    }
    if (bytes.includes(0)) throw notText('The value holds a NUL, which no variable can.')
    return decodeText(bytes)
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw notText('The value is bytes and not text.')
  } finally {
    bytes.fill(0)
  }
}

const notText = (why: string) =>
  new CofferError('invalid_value', why, { remedy: 'Pass it as a file: --files DIR.' })

const collision = (name: string, other: string) =>
  new CofferError('env_collision', `${name} is also the variable of ${other}.`, {
    remedy: 'Give one of them another name with `coffer update PATH --env-name NAME`.',
  })
