import { isCofferError } from '../../../../core/errors.ts'
import { LIMITS } from '../../../../core/limits.ts'
import type { SecretRecord, VersionRecord } from '../../../../core/record.ts'
import { refuse } from '../errors.ts'
import { listField } from '../fields.ts'
import type { VaultContext, VaultHandler } from '../route.ts'
import { deletionAt, mountSettings, secretSettings } from './config.ts'
import { requiredPath } from './place.ts'
import { currentNumber, isGone, labelsAt, versionNumbered, versionsMeant } from './version.ts'

/** `DELETE data/PATH`: the current version. */
export const deleteCurrent: VaultHandler = (context) =>
  eachVersion(context, (record) => new Set([currentNumber(record)]), softDelete)

/** `POST delete/PATH`. */
export const deleteVersions: VaultHandler = (context) =>
  eachVersion(context, named(context, 'No version number provided'), softDelete)

/** `POST undelete/PATH`. A secret that was deleted as a whole comes back as a whole. */
export const undeleteVersions: VaultHandler = (context) =>
  eachVersion(context, named(context, 'No version number provided'), undelete)

/** `POST destroy/PATH`. */
export const destroyVersions: VaultHandler = async (context) => {
  const path = requiredPath(context)
  const wanted = named(context, 'no version number provided')()
  const { coffer } = await context.caller()
  const record = await context.server.gate.platform().peek(path)
  // With none there, the Coffer still says whether the caller may, and then that there is none.
  await absentIsDone(() => coffer.destroy(path, versionsMeant(record, wanted)))
  return undefined
}

/** What is done to one version; false when there is nothing to do. */
type Step = (
  context: VaultContext,
  path: string,
  record: SecretRecord,
  version: VersionRecord,
) => Promise<unknown>

const softDelete: Step = async (context, path, record, version) => {
  const { coffer } = await context.caller()
  if (record.deletedAt !== undefined || isGone(record, version, context.server.clock())) {
    return mayOnly(context, 'delete', path, record, version.number)
  }
  return coffer.updateVersion(path, version.number, { deleted: true })
}

const undelete: Step = async (context, path, record, version) => {
  const { coffer } = await context.caller()
  if (record.deletedAt !== undefined) {
    await absentIsDone(() => coffer.undelete(path), 'failed_precondition')
  }
  const mayUndelete = () => mayOnly(context, 'undelete', path, record, version.number)
  if (version.state === 'destroyed') return mayUndelete()
  const again = deletionAt(
    mountSettings(context.mount),
    secretSettings(record),
    context.server.clock(),
  )
  if (version.expiresAt !== undefined || again !== undefined) {
    const change = { deleted: false, expiresAt: again ?? null }
    return coffer.updateVersion(path, version.number, change)
  }
  if (version.deletedAt === undefined) return mayUndelete()
  return coffer.updateVersion(path, version.number, { deleted: false })
}

async function eachVersion(
  context: VaultContext,
  numbers: (record: SecretRecord | undefined) => ReadonlySet<number>,
  step: Step,
): Promise<undefined> {
  const path = requiredPath(context)
  const looked = await context.server.gate.platform().peek(path)
  const wanted = versionsMeant(looked, numbers(looked))
  await context.caller()
  for (const number of wanted) {
    const record = await context.server.gate.platform().peek(path)
    const version = versionNumbered(record, number)
    if (record === undefined || version === undefined) {
      await mayOnly(context, step === undelete ? 'undelete' : 'delete', path, record, number)
    } else {
      await absentIsDone(() => step(context, path, record, version))
    }
  }
  return undefined
}

/** Nothing is to be done, and that is told to those only who might have done it. */
async function mayOnly(
  context: VaultContext,
  action: 'delete' | 'undelete',
  path: string,
  record: SecretRecord | undefined,
  number: number,
): Promise<void> {
  const { by } = await context.caller()
  const labels = labelsAt(record, number)
  await context.server.gate.platform().permit(by, action, path, action, undefined, labels)
}

/** Somebody else was faster: what was to be done is done. */
async function absentIsDone(
  work: () => Promise<unknown>,
  code: 'not_found' | 'failed_precondition' = 'not_found',
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isCofferError(error, code) && !isCofferError(error, 'destroyed')) throw error
  }
}

/** @throws VaultRefusal 400 */
function named({ body }: VaultContext, missing: string): () => ReadonlySet<number> {
  const given = listField(body, 'versions') ?? []
  if (given.length === 0) throw refuse(400, missing)
  if (given.length > LIMITS.versionsMax) {
    throw refuse(400, `at most ${LIMITS.versionsMax} versions at once`)
  }
  const numbers = given.map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN))
  if (numbers.some(Number.isNaN)) throw refuse(400, 'versions are whole numbers')
  return () => new Set(numbers.filter((number) => number > 0))
}
