import { CofferError } from '../../core/errors.ts'
import { CURRENT, PREVIOUS, checkLabel } from '../../core/label.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Action } from '../../core/policy/policy.ts'
import { kindOf } from '../../core/policy/pattern.ts'
import type { Manner } from '../../core/policy/vault/addresses.ts'
import type { MetadataChange, WriteInput, WriteReceipt } from '../../core/ports/coffer.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import { checkValue } from '../../core/types/validate.ts'
import type { EncodedValue } from '../../core/value.ts'
import { sealEnvelope } from '../../crypto/envelope.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import { refuseByOrigin } from '../access.ts'
import type { EngineContext, Origin } from '../context.ts'
import type { Transaction } from '../transaction.ts'
import { changeMetadata, checkIds } from './metadata.ts'
import { patchedValue } from './merge.ts'
import { checkedValidity, instant, wholeNumber } from './numbers.ts'
import { openVersion } from './open.ts'
import { keepingTypes } from './types.ts'
import { labelTarget } from './usable.ts'

/** A write whose value is known only in the transaction: a rotation generates it by type. */
export interface NewVersion extends Omit<WriteInput, 'value'> {
  readonly action: 'write' | 'rotate'
  readonly value: (record: SecretRecord) => EncodedValue | undefined
}

/**
 * Adds a version inside a transaction: checks expectations, type and limits, seals the value under
 * the active term, moves labels, destroys what is past `maxVersions`.
 * @throws `denied`, `deleted`, `conflict`, `token_reused`, `invalid_value`, `too_large`, …
 */
export async function addVersion(
  tx: Transaction,
  context: EngineContext,
  origin: Origin,
  path: string,
  input: NewVersion,
): Promise<WriteReceipt> {
  const manner = { exists: await tx.has(path), patches: input.mergePatch !== undefined }
  requireEach(tx, input.action, path, input.labels ?? [CURRENT], manner)
  refuseKind(path)
  const old = await tx.secret(path)
  if (old !== undefined) refuseByOrigin(origin, input.action, old)
  if (old?.deletedAt !== undefined) {
    throw new CofferError('deleted', `The secret ${path} was deleted.`, {
      remedy:
        'Bring it back with `coffer undelete`, or erase it with `coffer destroy --all` first.',
    })
  }
  const filled = input.fills === undefined ? undefined : emptyVersion(old, path, input.fills)
  const first = filled === undefined ? versionOfToken(old, input.token) : undefined
  if (old !== undefined && first !== undefined) {
    return repeatedWrite(tx, context, old, first, input)
  }
  checkExpectations(old, path, input)
  const changed = changeMetadata(old ?? newRecord(path, tx.now, context), input)
  const { value, type } = await valueToWrite(tx, context, old, changed, input)
  const base = { ...changed, type }
  if (value !== undefined) {
    checkSize(value, context.valueBytesMax)
    await checkValue(base.type, value)
  }

  const number = filled?.number ?? base.nextVersion
  const { id } = base
  if (value !== undefined) {
    const { keyring } = context.keys
    const { term, kek } = activeTerm(keyring)
    const binding = { storeId: keyring.storeId, id, version: number, path }
    const envelope = sealEnvelope(kek, term, binding, value.bytes, context.random)
    await tx.rows.putVersion({ id, version: number, path, term, envelope })
  }
  const generation = await tx.record({ action: input.action, resource: path, version: number })
  const labelled = moveLabels(base, number, input.labels ?? [CURRENT])
  const made = { ...filled, ...versionRecord(number, tx.now, origin, value, input) }
  const next = {
    ...base,
    labels: labelled,
    versions:
      filled === undefined
        ? [...base.versions, made]
        : base.versions.map((version) => (version.number === number ? made : version)),
    nextVersion: filled === undefined ? number + 1 : base.nextVersion,
    revision: base.revision + 1,
    generation,
    updatedAt: tx.now,
  }
  const kept = base.maxVersions ?? versionsKept(input.keepVersions)
  const pruned = await prune(tx, next, number, kept)
  const record = old === undefined ? pruned : keepingTypes(old, pruned, number)
  await tx.putSecret(record)
  return { path, id, version: number, revision: record.revision, written: true }
}

/** With the type that it makes of the secret. */
async function valueToWrite(
  tx: Transaction,
  context: EngineContext,
  old: SecretRecord | undefined,
  changed: SecretRecord,
  input: NewVersion,
): Promise<{ readonly value: EncodedValue | undefined; readonly type: TypeSpec }> {
  const { path, type } = changed
  if (input.mergePatch !== undefined) {
    return patchedValue(tx, context, old, path, type, input.mergePatch)
  }
  const value = input.value(changed)
  const isSaid = old !== undefined || input.type !== undefined || value === undefined
  return { value, type: isSaid ? type : TYPE_OF[value.encoding] }
}

/**
 * Makes a secret without versions.
 * @throws `denied`, `conflict` when there is one, `invalid_path`, `invalid_argument`, `too_large`
 */
export async function addSecret(
  tx: Transaction,
  context: EngineContext,
  path: string,
  metadata: MetadataChange,
): Promise<SecretRecord> {
  tx.require('update', path, undefined, { exists: await tx.has(path) })
  refuseKind(path)
  const old = await tx.secret(path)
  if (old !== undefined) throw conflict(path, 'revision', 0, old.revision)
  const changed = changeMetadata(newRecord(path, tx.now, context), metadata)
  const generation = await tx.record({ action: 'update', resource: path })
  const record = { ...changed, revision: 1, generation }
  await tx.putSecret(record)
  return record
}

/** Every label that a new version would take must be allowed; none is a question of its own. */
export function requireEach(
  tx: Transaction,
  action: Action,
  path: string,
  labels: readonly string[],
  manner?: Manner,
): void {
  if (labels.length === 0) tx.require(action, path, [], manner)
  for (const label of labels) tx.require(action, path, [label], manner)
}

/** `current` takes `previous` to where it was; the labels come back as a new object. */
export function moveLabels(
  record: SecretRecord,
  to: number,
  labels: readonly string[],
): Record<string, number> {
  const moved: Record<string, number> = { ...record.labels }
  for (const label of labels) {
    checkLabel(label)
    const from = labelTarget(record, label)
    if (label === CURRENT && from !== undefined && from !== to) moved[PREVIOUS] = from
    moved[label] = to
  }
  if (Object.keys(moved).length > LIMITS.labelsPerSecretMax) {
    throw new CofferError(
      'limit_exceeded',
      `A secret has at most ${LIMITS.labelsPerSecretMax} labels.`,
    )
  }
  return moved
}

function refuseKind(path: string): void {
  if (kindOf(path) === undefined) return
  throw new CofferError('invalid_path', `${path} is how another kind of thing is called.`, {
    remedy: 'Begin the path of a secret with another word than policy:, role:, actor: and so on.',
  })
}

const versionsKept = (given: number | undefined): number =>
  given === undefined
    ? LIMITS.versionsDefault
    : wholeNumber('keepVersions', given, 1, LIMITS.versionsMax)

function newRecord(path: string, now: number, context: EngineContext): SecretRecord {
  return {
    id: newId(now, context),
    path,
    revision: 0,
    generation: 0,
    createdAt: now,
    updatedAt: now,
    nextVersion: 1,
    versions: [],
    labels: {},
    type: { name: 'string' },
  }
}

/** What a new secret is when nobody says: what its first value is. */
const TYPE_OF: Readonly<Record<EncodedValue['encoding'], TypeSpec>> = {
  text: { name: 'string' },
  bytes: { name: 'binary' },
  json: { name: 'json' },
}

/** 48 bits of time, so that ids made together lie together in the store, and 80 random bits. */
function newId(now: number, context: EngineContext): string {
  const time = now.toString(16).padStart(12, '0').slice(-12)
  return time + Buffer.from(context.random(10)).toString('hex')
}

function versionRecord(
  number: number,
  now: number,
  origin: Origin,
  value: EncodedValue | undefined,
  input: NewVersion,
): VersionRecord {
  return checkedValidity({
    number,
    state: value === undefined ? 'empty' : 'live',
    createdAt: now,
    createdBy: origin.actor,
    encoding: value?.encoding ?? 'text',
    ...(input.notBefore === undefined ? {} : { notBefore: instant('notBefore', input.notBefore) }),
    ...(input.expiresAt === undefined ? {} : { expiresAt: instant('expiresAt', input.expiresAt) }),
    ...(input.token === undefined ? {} : { token: input.token }),
    ...(input.ids === undefined ? {} : { ids: checkIds(input.ids) }),
  })
}

/** The version that is to get its value. @throws CofferError `not_found`, `conflict` */
function emptyVersion(
  record: SecretRecord | undefined,
  path: string,
  number: number,
): VersionRecord {
  const version = record?.versions.find((v) => v.number === number)
  if (version?.state === 'empty' && version.deletedAt === undefined) return version
  if (version === undefined) {
    throw new CofferError('not_found', `${path} has no version ${number}.`, { details: { path } })
  }
  throw new CofferError('conflict', `${path} v${number} has its value already.`)
}

function checkExpectations(old: SecretRecord | undefined, path: string, input: NewVersion): void {
  const { ifRevision, ifVersion } = input
  const revision = old?.revision ?? 0
  const current = old === undefined ? 0 : (labelTarget(old, CURRENT) ?? 0)
  if (ifRevision !== undefined && ifRevision !== revision) {
    throw conflict(path, 'revision', ifRevision, revision)
  }
  if (ifVersion !== undefined && ifVersion !== current) {
    throw conflict(path, 'current version', ifVersion, current)
  }
}

export const conflict = (path: string, what: string, expected: number, found: number) =>
  new CofferError('conflict', `The ${what} of ${path} is ${found}, not ${expected}.`, {
    details: { path, expected, found },
  })

/** @throws CofferError `invalid_argument` for what is no token */
function versionOfToken(
  record: SecretRecord | undefined,
  token: string | undefined,
): VersionRecord | undefined {
  if (token === undefined) return undefined
  const { tokenCharsMin, tokenCharsMax } = LIMITS
  if (typeof token !== 'string' || token.length < tokenCharsMin || token.length > tokenCharsMax) {
    throw new CofferError(
      'invalid_argument',
      `An idempotency token has ${tokenCharsMin} to ${tokenCharsMax} characters.`,
    )
  }
  return record?.versions.find((version) => version.token === token)
}

/**
 * The receipt of the first write with this token, when it wrote the same value. What the first
 * expected is not asked again: it may have changed by that very write. A rotation and a patch have no
 * value to compare.
 */
async function repeatedWrite(
  tx: Transaction,
  context: EngineContext,
  record: SecretRecord,
  first: VersionRecord,
  input: NewVersion,
): Promise<WriteReceipt> {
  const { id, path, revision } = record
  if (input.action === 'write' && input.mergePatch === undefined) {
    const value = input.value(record)
    const row = await tx.rows.version(id, first.number)
    const same =
      value === undefined
        ? first.state === 'empty'
        : row !== undefined &&
          first.encoding === value.encoding &&
          sameBytes(openVersion(context, path, id, first.number, row.envelope), value.bytes)
    if (!same) {
      throw new CofferError(
        'token_reused',
        `The idempotency token was used before for another value of ${path} (v${first.number}).`,
      )
    }
  }
  return { path, id, version: first.number, revision, written: false }
}

/** Zeroes the first, which was decrypted for this alone. */
function sameBytes(decrypted: Uint8Array, bytes: Uint8Array): boolean {
  const same = Buffer.compare(decrypted, bytes) === 0
  decrypted.fill(0)
  return same
}

function checkSize(value: EncodedValue, bytesMax: number): void {
  if (value.bytes.length <= bytesMax) return
  throw new CofferError(
    'too_large',
    `The value has ${value.bytes.length} bytes; this store takes at most ${bytesMax}.`,
    {
      remedy: `A program that opens the store may allow up to ${LIMITS.valueBytesCeiling} bytes (valueBytesMax); keep larger things elsewhere, and their key here.`,
      details: { valueBytesMax: bytesMax },
    },
  )
}

/** The oldest versions without a label leave when there are more than the secret keeps. */
async function prune(
  tx: Transaction,
  record: SecretRecord,
  written: number,
  kept: number,
): Promise<SecretRecord> {
  const surplus = record.versions.length - kept
  if (surplus <= 0) return record
  const labelled = new Set(Object.values(record.labels))
  const leaving = new Set(
    record.versions
      .filter((v) => !labelled.has(v.number))
      .slice(0, surplus)
      .map((v) => v.number),
  )
  // The version that was just written stays, whatever its labels are.
  leaving.delete(written)
  for (const number of leaving) await tx.rows.removeVersion(record.id, number)
  return { ...record, versions: record.versions.filter((v) => !leaving.has(v.number)) }
}
