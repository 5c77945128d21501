import { isCofferError } from '../../../../core/errors.ts'
import { parseExactly } from '../../../../core/exact-json.ts'
import { valueOfObject } from '../../../../core/object-value.ts'
import type { WriteInput } from '../../../../core/ports/coffer.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { refuse } from '../errors.ts'
import { objectField } from '../fields.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../route.ts'
import { MADE_HERE, deletionAt, isMadeHere, mountSettings, secretSettings } from './config.ts'
import { requiredPath } from './place.ts'
import { currentNumber, isGoneError, versionMetadata, versionNumbered } from './version.ts'

/** How many versions Vault keeps of a secret when nobody says. */
const VERSIONS_DEFAULT = 10
const TRIES_MAX = 5

/** `POST data/PATH`. */
export const writeData: VaultHandler = (context) =>
  written(context, (record, data) => {
    const { value, type } = valueOfObject(data, record?.type)
    return type === undefined ? { value } : { value, type }
  })

/** `PATCH data/PATH`, a merge patch. */
export const patchData: VaultHandler = async (context) => {
  refuseOtherPatches(context)
  try {
    return await written(context, (_record, mergePatch) => ({ mergePatch }))
  } catch (error) {
    if (isGoneError(error)) return goneAnswer(context)
    throw error
  }
}

/** @throws VaultRefusal 415 */
export function refuseOtherPatches({ request }: VaultContext): void {
  const given = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (given === MERGE_PATCH) return
  throw refuse(415, `PATCH requires Content-Type of ${MERGE_PATCH}`)
}

const MERGE_PATCH = 'application/merge-patch+json'

async function written(
  context: VaultContext,
  inputOf: (record: SecretRecord | undefined, data: JsonObject) => WriteInput,
): Promise<VaultAnswer> {
  const path = requiredPath(context)
  const data = dataOf(context)
  const cas = casOf(context.body)
  const { coffer } = await context.caller()
  const { gate, clock } = context.server
  const mount = mountSettings(context.mount)
  for (let tries = 1; ; tries++) {
    const record = await gate.platform().peek(path)
    const secret = secretSettings(record)
    const expectation = cas ?? (mount.casRequired || secret.casRequired ? NO_VERSION : undefined)
    const expiresAt = deletionAt(mount, secret, clock())
    const isNew = record === undefined && context.operation === 'update'
    try {
      const receipt = await coffer.write(path, {
        ...inputOf(record, data),
        ...(expectation === undefined ? {} : { ifVersion: expectation }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...keptOf(mount.maxVersions, record),
        ...(isNew ? { ifRevision: 0, dialects: { vault: MADE_HERE } } : {}),
      })
      const after = await gate.platform().peek(path)
      const version = versionNumbered(after, receipt.version)
      return after === undefined || version === undefined
        ? { data: { version: receipt.version } }
        : { data: versionMetadata(after, version) }
    } catch (error) {
      if (isCofferError(error, 'deleted') && context.operation === 'update') throw deletedAsAWhole()
      if (!isCofferError(error, 'conflict')) throw error
      const now = isNew ? await gate.platform().peek(path) : undefined
      if (now === undefined || tries === TRIES_MAX) throw casRefusal(cas)
    }
  }
}

/** No version is called that: the Coffer refuses it, after it has asked whether the caller may write. */
const NO_VERSION = -1

const casRefusal = (cas: number | undefined) =>
  refuse(
    400,
    cas === undefined
      ? 'check-and-set parameter required for this call'
      : 'check-and-set parameter did not match the current version',
  )

const deletedAsAWhole = () => refuse(400, 'the secret is deleted as a whole: undelete it first')

/** What was made by clients of Vault keeps as many versions as they expect; nothing else loses any. */
function keptOf(mountMax: number | undefined, record: SecretRecord | undefined) {
  if (mountMax !== undefined) return { keepVersions: mountMax }
  const theirs = record === undefined || isMadeHere(record)
  return theirs ? { keepVersions: VERSIONS_DEFAULT } : {}
}

/** With its numbers as they came. @throws VaultRefusal 400 */
function dataOf({ body, bodyText }: VaultContext): JsonObject {
  if (objectField(body, 'data') === undefined) throw refuse(400, 'no data provided')
  const { data } = parseExactly(bodyText) as { data: JsonObject | readonly [] }
  return Array.isArray(data) ? {} : (data as JsonObject)
}

/** @throws VaultRefusal 400 */
function casOf(body: JsonObject): number | undefined {
  const options = objectField(body, 'options')
  const cas = options !== undefined && Object.hasOwn(options, 'cas') ? options['cas'] : undefined
  if (cas === undefined) return undefined
  const number = typeof cas === 'string' && /^\d+$/.test(cas) ? Number(cas) : (cas ?? 0)
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw refuse(400, 'error parsing check-and-set parameter')
}

async function goneAnswer(context: VaultContext): Promise<VaultAnswer> {
  const record = await context.server.gate.platform().peek(requiredPath(context))
  const version = versionNumbered(record, currentNumber(record))
  if (record === undefined || version === undefined) return 'absent'
  return { status: 404, data: versionMetadata(record, version) }
}
