import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import {
  Encoding,
  TypeSpec,
  cursor,
  instant,
  jsonObject,
  label,
  numbers,
  objects,
  pageOf,
  path,
  text,
  texts,
  whole,
} from './common.ts'

/** One secret: bodies, queries and answers of `/secrets`, `/metadata`, `/versions` and their like. */

export const ReadQuery = z.strictObject({
  version: whole(1).optional(),
  label: label().optional(),
})

/** A value as it travels: `bytes` as base64 with padding, `json` as itself. */
export const WireValue = z.union([z.string(), jsonObject()])

export const VersionAnswer = z.strictObject({
  path: path(),
  id: z.string(),
  version: whole(1),
  labels: z.array(label()),
  encoding: Encoding,
  type: TypeSpec,
  createdAt: instant(),
  expiresAt: instant().optional(),
  envName: z.string().optional(),
  value: WireValue,
})

export const RotationRule = z.strictObject({
  everyDays: whole(1, LIMITS.rotateEveryDaysMax),
  automatic: z.boolean(),
})

const METADATA = {
  type: TypeSpec.optional(),
  description: text(LIMITS.descriptionCharsMax).nullable().optional(),
  owner: text(LIMITS.ownerCharsMax).nullable().optional(),
  classification: text(LIMITS.classificationCharsMax).nullable().optional(),
  tags: texts({ maxProperties: LIMITS.tagsMax, charsMax: LIMITS.tagValueCharsMax })
    .nullable()
    .optional(),
  maxVersions: whole(1, LIMITS.versionsMax).nullable().optional(),
  envName: text(255).nullable().optional(),
  rotation: RotationRule.nullable().optional(),
  spellings: texts({ maxProperties: LIMITS.dialectsMax, charsMax: LIMITS.spellingCharsMax })
    .nullable()
    .optional(),
  dialects: objects(LIMITS.dialectsMax).nullable().optional(),
}

/** `null` removes a field; what is left out stays. */
export const MetadataBody = z.strictObject({ ...METADATA, ifRevision: whole(0).optional() })

export const WriteBody = z.strictObject({
  ...METADATA,
  encoding: Encoding.optional().meta({
    description: 'How `value` is written. Default: text for a string, json for an object.',
  }),
  value: WireValue.optional().meta({
    description: 'Left out: a version without a value, to be filled later.',
  }),
  mergePatch: jsonObject().optional().meta({
    description: 'Instead of a value: what changes in the current JSON object (RFC 7396).',
  }),
  keepVersions: whole(1, LIMITS.versionsMax).optional(),
  ifRevision: whole(0).optional(),
  ifVersion: whole(0).optional(),
  labels: z.array(label()).max(LIMITS.labelsPerSecretMax).optional(),
  fills: whole(1).optional(),
  token: text(LIMITS.tokenCharsMax).optional(),
  notBefore: instant().optional(),
  expiresAt: instant().optional(),
  ids: texts({ maxProperties: LIMITS.dialectsMax, charsMax: LIMITS.versionIdCharsMax }).optional(),
})

export const WriteReceipt = z.strictObject({
  path: path(),
  id: z.string(),
  version: whole(1),
  revision: whole(1),
  written: z.boolean(),
})

export const RotateBody = z.strictObject({
  length: whole(1).optional(),
  labels: z.array(label()).max(LIMITS.labelsPerSecretMax).optional(),
  token: text(LIMITS.tokenCharsMax).optional(),
})

export const VersionRecord = z.strictObject({
  number: whole(1),
  state: z.enum(['live', 'empty', 'destroyed']),
  createdAt: instant(),
  createdBy: z.string(),
  encoding: Encoding,
  disabled: z.literal(true).optional(),
  notBefore: instant().optional(),
  expiresAt: instant().optional(),
  deletedAt: instant().optional(),
  destroyedAt: instant().optional(),
  token: z.string().optional(),
  ids: texts().optional(),
})

/** Everything that is known of a secret but its values. */
export const SecretRecord = z.strictObject({
  id: z.string(),
  path: path(),
  revision: whole(1),
  generation: whole(1),
  createdAt: instant(),
  updatedAt: instant(),
  nextVersion: whole(1),
  versions: z.array(VersionRecord),
  labels: numbers(),
  type: TypeSpec,
  formerTypes: z.array(z.strictObject({ type: TypeSpec, before: whole(1) })).optional(),
  description: z.string().optional(),
  owner: z.string().optional(),
  classification: z.string().optional(),
  tags: texts().optional(),
  maxVersions: whole(1).optional(),
  envName: z.string().optional(),
  rotation: RotationRule.optional(),
  spellings: texts().optional(),
  dialects: objects(LIMITS.dialectsMax).optional(),
  deletedAt: instant().optional(),
  purgeAt: instant().optional(),
})

export const DeleteQuery = z.strictObject({
  recoveryDays: whole(LIMITS.recoveryWindowDaysMin, LIMITS.recoveryWindowDaysMax).optional(),
})

export const VersionQuery = z.strictObject({ version: whole(1) })

export const VersionBody = z.strictObject({
  enabled: z.boolean().optional(),
  notBefore: instant().nullable().optional(),
  expiresAt: instant().nullable().optional(),
  deleted: z.boolean().optional(),
})

export const LabelBody = z.strictObject({
  label: label(),
  to: whole(1).optional(),
  from: whole(0).optional(),
})

export const RollbackBody = z.strictObject({ to: whole(1) })

export const DestroyBody = z.strictObject({
  versions: z.array(whole(1)).meta({ minItems: 1, maxItems: LIMITS.versionsMax }),
})

/** `ListQuery` with the members of its `where` beside the others. */
export const ListSecretsQuery = z.strictObject({
  prefix: z.string().optional(),
  cursor: cursor().optional(),
  limit: whole(1, LIMITS.pageSizeMax).optional(),
  deleted: z.boolean().optional(),
  folders: z.boolean().optional(),
  tag: z.string().optional(),
  owner: z.string().optional(),
  type: z.string().optional(),
  classification: z.string().optional(),
  olderThanDays: z.number().optional(),
  expiresWithinDays: z.number().optional(),
  due: z.boolean().optional(),
})

export const SecretPage = pageOf(SecretRecord).extend({
  folders: z.array(z.string()).optional(),
})
