import { CofferError, isCofferError } from '../core/errors.ts'
import { auditFailure } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import { KEYS } from './keys/holder.ts'

const RUNBOOK = 'See docs/runbooks/damage.md: the store file itself.'
const UNCHANGED = `Nothing was changed. ${RUNBOOK}`

const REFUSALS = {
  'key.rotate': { resource: KEYS, what: 'The key was not rotated.', remedy: UNCHANGED },
  'key.reseal': { resource: KEYS, what: 'The keyring was not re-sealed.', remedy: UNCHANGED },
  backup: {
    resource: 'store:backup',
    what: 'No backup was written, since a restore might refuse it.',
    remedy: `${RUNBOOK} What can be read is taken along with --with-damaged, into another file than the last whole backup.`,
  },
} as const

/**
 * Nothing writes a keyring into a file that contradicts itself, nor a backup of one. Where an index leads
 * to another row than it says, a walk over all versions passes one by, or meets it under another name, and
 * what is put for one takes the place of another, or stands beside it. @throws CofferError `corrupt`
 */
export async function refuseUnsound(
  context: EngineContext,
  origin: Origin,
  action: keyof typeof REFUSALS,
): Promise<void> {
  const { resource, what, remedy } = REFUSALS[action]
  try {
    await context.checkStore()
  } catch (found) {
    const error = isCofferError(found, 'corrupt')
      ? new CofferError(found.code, `${what} ${found.message}`, {
          remedy,
          details: found.details,
          cause: found,
        })
      : found
    await auditFailure(context, origin, { action, resource }, error)
    throw error
  }
}
