import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { readFile, writeFile } from '../files.ts'
import type { Syncing } from './open.ts'
import { planDocument } from './planned.ts'
import type { Planned } from './planned.ts'

/** Writes a plan for `apply --plan`. There is no value in it. @throws CofferError `unavailable` */
export function keepPlan(file: string, syncing: Syncing, planned: readonly Planned[]): void {
  const text = textOf(syncing, planned)
  writeFile(file, text, 0o600)
}

/**
 * Returns when what would be done now is what the kept plan says, to the letter.
 * @throws CofferError `conflict` when it is not, `too_large`, `not_found`
 */
export function checkKeptPlan(file: string, syncing: Syncing, planned: readonly Planned[]): void {
  const kept = Buffer.from(readFile(file, LIMITS.documentBytesMax)).toString('utf8')
  if (kept === textOf(syncing, planned)) return
  throw new CofferError('conflict', `${file} is not what would be done now; nothing was done.`, {
    remedy: 'Make the plan again, with the same --env, --only and --adopt, and look at it.',
  })
}

function textOf({ env, owner }: Syncing, planned: readonly Planned[]): string {
  const destinations = planDocument(planned).map((place) => ({ ...place, warnings: undefined }))
  const document = { format: 1, environment: env, owner, destinations }
  return `${JSON.stringify(document, null, 2)}\n`
}
