import { CofferError } from '../../core/errors.ts'
import type {
  ApplyAnswer,
  DestinationChange,
  DestinationEntry,
} from '../../core/ports/destination.ts'

/**
 * Whether a change still holds of what is there now: undefined when it is to be made, otherwise the
 * answer for it. For places that cannot check it in the step of the change.
 */
export function judge(
  change: DestinationChange,
  found: DestinationEntry | undefined,
): ApplyAnswer | undefined {
  const { kind, name, expected } = change
  if (kind === 'remove' && found === undefined) return { done: true }
  if (expected === 'any') return undefined
  if (expected === 'absent') {
    return found === undefined ? undefined : conflict(`There is a ${name} by now.`)
  }
  if (found === undefined) return conflict(`${name} has gone since it was listed.`)
  const changed =
    found.revision !== expected.revision ||
    found.fingerprint !== expected.fingerprint ||
    found.owner !== expected.owner
  return changed ? conflict(`${name} has changed since it was listed.`) : undefined
}

const conflict = (says: string): ApplyAnswer => ({
  done: false,
  error: new CofferError('conflict', `${says} Nothing was written over it.`, {
    remedy: 'Make a new plan; it shows what is there now.',
  }),
})
