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
  const dataDir = resolve(options.dataDir ?? (env['COFFER_DATA_DIR'] || '/data/secrets'))
  const random = options.random ?? pooledRandom()
  return {
    dataDir,
    auditDir: resolve(options.auditDir ?? (env['COFFER_AUDIT_DIR'] || join(dataDir, 'audit'))),
    env,
    clock: credible(options.clock ?? Date.now),
    random,
    auditRetentionDays: days(env['COFFER_AUDIT_RETENTION_DAYS']),
    sealContext: (sealOptions) => ({
      env,
      options: sealOptions ?? options.sealOptions ?? {},
      dataDir,
      get configDir() {
        return configDir(env)
      },
      random,
      ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    }),
  }
}

const YEAR_9999_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** What no audit line can say must not get into a change that waits for one. */
function credible(clock: Clock): Clock {
  return () => {
    const now = clock()
    if (now >= 0 && now <= YEAR_9999_MS) return now
    throw new CofferError('invalid_argument', 'The clock is not between the years 1970 and 9999.')
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

/** @throws CofferError `sealed` where nothing says, which only a key file that must be found minds */
function configDir(env: Place['env']): string {
  const { COFFER_CONFIG_DIR: own, XDG_CONFIG_HOME: shared } = env
  return own ?? join(shared ?? join(home(), '.config'), 'coffer')
}

function home(): string {
  try {
    return homedir()
  } catch {
    throw new CofferError('sealed', 'This user has no home directory, where key files are kept.', {
      remedy: 'Set COFFER_MASTER_KEY, HOME or COFFER_CONFIG_DIR, or name a --key-file.',
    })
  }
}
