import { CofferError, isCofferError } from '../../core/errors.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { KEYS } from './holder.ts'

const WHAT = {
  'key.rotate': 'The key was not rotated.',
  'key.reseal': 'The keyring was not re-sealed.',
} as const

/**
 * Nothing writes a keyring into a file that contradicts itself. Where an index leads to another row
 * than it says, a walk over all versions passes one by, and what is put for one takes the place of
 * another, or stands beside it. @throws CofferError `corrupt`
 */
export async function refuseUnsound(
  context: EngineContext,
  origin: Origin,
  action: keyof typeof WHAT,
): Promise<void> {
  try {
    await context.checkStore()
  } catch (found) {
    const error = isCofferError(found, 'corrupt') ? unsound(WHAT[action], found) : found
    await auditFailure(context, origin, { action, resource: KEYS }, error)
    throw error
  }
}

const unsound = (what: string, cause: CofferError): CofferError =>
  new CofferError(cause.code, `${what} ${cause.message}`, {
    remedy: 'Nothing was changed. See docs/runbooks/damage.md: the store file itself.',
    details: cause.details,
    cause,
  })
