import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { CofferError } from '../core/errors.ts'
import type { Clock, Random } from '../core/ports/ambient.ts'
import type { SealContext } from '../core/ports/seal.ts'
import type { PlatformOptions } from './options.ts'
import { pooledRandom } from './random.ts'

/** The options with the process's own defaults filled in: the one place that reads them. */
export interface Place {
  readonly dataDir: string
  readonly auditDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
  /** From `COFFER_AUDIT_RETENTION_DAYS`; absent: segments are kept for ever. */
  readonly auditRetentionDays: number | undefined
  sealContext(options?: Readonly<Record<string, string | undefined>>): SealContext
}

export function placeOf(options: PlatformOptions): Place {
  const env = options.env ?? process.env
  const dataDir = resolve(options.dataDir ?? env['COFFER_DATA_DIR'] ?? '/data/secrets')
  const random = options.random ?? pooledRandom()
  return {
    dataDir,
    auditDir: resolve(options.auditDir ?? env['COFFER_AUDIT_DIR'] ?? join(dataDir, 'audit')),
    env,
    clock: options.clock ?? Date.now,
    random,
    auditRetentionDays: days(env['COFFER_AUDIT_RETENTION_DAYS']),
    sealContext: (sealOptions) => ({
      env,
      options: sealOptions ?? options.sealOptions ?? {},
      dataDir,
      configDir: configDir(env),
      random,
      ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    }),
  }
}

/** `local:<os user>`; by number where the account has no name. */
export function localActor(): string {
  try {
    return `local:${userInfo().username}`
  } catch {
    return `local:uid-${process.getuid?.() ?? 'unknown'}`
  }
}

function days(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^[1-9][0-9]{0,4}$/.test(text)) return Number(text)
  throw new CofferError(
    'invalid_argument',
    'COFFER_AUDIT_RETENTION_DAYS is a whole number of days from 1.',
  )
}

const configDir = (env: Place['env']): string =>
  env['COFFER_CONFIG_DIR'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'coffer')
