import { CofferError, isCofferError } from '../../core/errors.ts'
import type { SecretVersion } from '../../core/ports/coffer.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import { Secret } from '../../core/secret.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import type { SecretValue } from '../../core/value.ts'
import { decoderOf } from '../../core/value.ts'
import { openEnvelope } from '../../crypto/envelope.ts'
import type { Binding } from '../../crypto/envelope.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { kekOf } from '../../crypto/keyring.ts'
import type { EngineContext } from '../context.ts'
import { openState } from '../state.ts'
import { typeOf } from './types.ts'
import { labelsOf } from '../../core/label.ts'

/**
 * The value of a version, checked by its type; without a promise where nothing has to be waited for.
 * @throws CofferError `corrupt`, `sealed`, `invalid_value`
 */
export function openVersionRow(
  context: EngineContext,
  envelope: Uint8Array | undefined,
  record: SecretRecord,
  version: VersionRecord,
): SecretVersion | Promise<SecretVersion> {
  if (envelope === undefined) throw gone(record, version)
  let bytes: Uint8Array | Promise<Uint8Array>
  try {
    bytes = decrypt(context, context.keys.keyring, envelope, record, version)
  } catch (error) {
    if (!isCofferError(error, 'sealed')) throw error
    bytes = decryptAfterKeyRotation(context, record, version)
  }
  return bytes instanceof Promise || narrows(typeOf(record, version), version)
    ? openChecked(record, version, bytes)
    : secretVersion(record, version, bytes)
}

async function openChecked(
  record: SecretRecord,
  version: VersionRecord,
  coming: Uint8Array | Promise<Uint8Array>,
): Promise<SecretVersion> {
  const bytes = await coming
  const type = typeOf(record, version)
  if (narrows(type, version)) {
    const { checkValue } = await import('../../core/types/validate.ts')
    await checkValue(type, { encoding: version.encoding, bytes })
  }
  return secretVersion(record, version, bytes)
}

function secretVersion(
  record: SecretRecord,
  version: VersionRecord,
  bytes: Uint8Array,
): SecretVersion {
  const { path } = record
  return {
    path,
    id: record.id,
    version: version.number,
    labels: labelsOf(record, version.number),
    encoding: version.encoding,
    type: typeOf(record, version),
    createdAt: version.createdAt,
    expiresAt: version.expiresAt,
    envName: record.envName,
    tags: record.tags,
    ids: version.ids,
    spellings: record.spellings,
    secret: new Secret<SecretValue>({
      name: path,
      version: version.number,
      bytes,
      decode: decoderOf(version.encoding),
    }),
  }
}

/** Types whose every text of the right encoding is valid need no second look on the way out. */
const FREE_TEXT = new Set(['string', 'password', 'apiKey', 'token', 'binary'])

/** What was written as an object is JSON, whatever became of the type since. */
const narrows = (spec: TypeSpec, { encoding }: VersionRecord): boolean =>
  !(FREE_TEXT.has(spec.name) || (spec.name === 'json' && encoding === 'json')) ||
  spec.schema !== undefined ||
  spec.pattern !== undefined ||
  spec.min !== undefined ||
  spec.max !== undefined

function decrypt(
  { bindings }: EngineContext,
  keyring: Keyring,
  envelope: Uint8Array,
  record: SecretRecord,
  version: VersionRecord,
): Uint8Array {
  return openEnvelope(envelope, kekOf(keyring), bindingOf(bindings, keyring, record, version))
}

/** Made once for a record that stays. */
function bindingOf(
  bindings: EngineContext['bindings'],
  { storeId }: Keyring,
  { id, path }: SecretRecord,
  version: VersionRecord,
): Binding {
  const made = bindings.get(version)
  if (made?.id === id && made.path === path && made.storeId === storeId) return made
  const binding = { storeId, id, version: version.number, path, known: {} }
  bindings.set(version, binding)
  return binding
}

/** Inside a transaction, whose keyring is as new as its rows. */
export function openVersion(
  context: EngineContext,
  path: string,
  id: string,
  version: number,
  envelope: Uint8Array,
): Uint8Array {
  const { keyring } = context.keys
  return openEnvelope(envelope, kekOf(keyring), { storeId: keyring.storeId, id, version, path })
}

/** Another process made a new term, or retired the one of the row that we hold. */
async function decryptAfterKeyRotation(
  context: EngineContext,
  record: SecretRecord,
  version: VersionRecord,
): Promise<Uint8Array> {
  const { row, keyring } = await context.store.read(async (rows) => {
    const state = await rows.state()
    const { stateKey, storeId, revision } = context.keys.keyring
    const found =
      state === undefined ? revision : openState(stateKey, storeId, state).keyringRevision
    return {
      keyring: await context.keys.catchUp(rows, found),
      row: await rows.version(record.id, version.number),
    }
  })
  if (row === undefined) throw gone(record, version)
  return decrypt(context, keyring, row.envelope, record, version)
}

const gone = ({ path }: SecretRecord, { number }: VersionRecord) =>
  new CofferError('corrupt', `The value of ${path} v${number} is gone.`)
