import type { SecretRecord } from '../../../core/record.ts'
import type { JsonObject } from '../../../core/value.ts'
import type { Call } from './call.ts'
import { arnOf, nameOf } from './names/arn.ts'
import type { Replica } from './replicas.ts'
import { versionIdOf } from './staging/version-ids.ts'
import { stageOfLabel } from './staging/stages.ts'

/** What AWS keeps with a secret and Coffer has no field for: `record.dialects.aws`. */
export interface Kept {
  readonly kmsKeyId?: string
  readonly type?: string
  /** The resource policy, as it was written. */
  readonly policy?: string
  readonly primaryRegion?: string
  readonly replicas?: readonly Replica[]
  readonly rotation?: Rotation
}

export interface Rotation {
  readonly enabled: boolean
  readonly functionArn?: string
  readonly rules?: Rules
  readonly lastRotatedAt?: number
  readonly nextAt?: number
  readonly externalMetadata?: readonly { Key?: string; Value?: string }[]
  readonly externalRoleArn?: string
}

export interface Rules {
  readonly AutomaticallyAfterDays?: number
  readonly Duration?: string
  readonly ScheduleExpression?: string
}

export const keptOf = (record: SecretRecord): Kept => record.dialects?.['aws'] ?? {}

/** All dialects' things with ours changed: what `update` and `write` take. Absent members go. */
export function withKept(
  record: SecretRecord | undefined,
  change: { readonly [M in keyof Kept]?: Kept[M] | undefined },
): Record<string, JsonObject> {
  const kept = { ...(record === undefined ? {} : keptOf(record)), ...change }
  const rest = Object.entries(kept).filter(([, value]) => value !== undefined)
  return { ...record?.dialects, aws: Object.fromEntries(rest) as JsonObject }
}

export const identityOf = (call: Call, record: SecretRecord) => ({
  ARN: arnOf(call, record),
  Name: nameOf(record),
})

/** What `DescribeSecret` and `ListSecrets` both say of a secret. Members without a value are left out. */
export function factsOf(call: Call, record: SecretRecord): Record<string, unknown> {
  const { kmsKeyId, type, primaryRegion, replicas = [], rotation } = keptOf(record)
  const { description, tags } = record
  return {
    ...identityOf(call, record),
    ...(type === undefined ? {} : { Type: type }),
    ...(description === undefined || description === '' ? {} : { Description: description }),
    ...(kmsKeyId === undefined || kmsKeyId === '' ? {} : { KmsKeyId: kmsKeyId }),
    ...(rotation === undefined ? {} : rotationFacts(rotation)),
    LastChangedDate: epoch(record.updatedAt),
    LastAccessedDate: epoch(call.dialect.accessTimes.last(record.id)),
    DeletedDate: epoch(record.deletedAt),
    ...(tags === undefined
      ? {}
      : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
    CreatedDate: epoch(record.createdAt),
    ...(replicas.length === 0 ? {} : { PrimaryRegion: primaryRegion }),
  }
}

/** Every version that has a stage, also one without a value. */
export function stagesByVersion(record: SecretRecord): Record<string, string[]> | undefined {
  const ids = new Map(record.versions.map((v) => [v.number, versionIdOf(record.id, v)]))
  const stages: Record<string, string[]> = {}
  for (const [label, number] of Object.entries(record.labels)) {
    const id = ids.get(number)
    if (id !== undefined) (stages[id] ??= []).push(stageOfLabel(label))
  }
  for (const list of Object.values(stages)) list.sort()
  return Object.keys(stages).length === 0 ? undefined : stages
}

/** Seconds since 1970 UTC, as AWS writes instants. */
export const epoch = (at: number | undefined): number | undefined =>
  at === undefined ? undefined : at / 1_000

function rotationFacts(rotation: Rotation): Record<string, unknown> {
  const { enabled, functionArn, rules, externalMetadata, externalRoleArn } = rotation
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: functionArn,
    RotationRules: rules,
    ExternalSecretRotationMetadata: externalMetadata,
    ExternalSecretRotationRoleArn: externalRoleArn,
    LastRotatedDate: epoch(rotation.lastRotatedAt),
    NextRotationDate: enabled ? epoch(rotation.nextAt) : undefined,
  }
}
