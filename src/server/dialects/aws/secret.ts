import type { SecretRecord } from '../../../core/record.ts'
import type { Call } from './call.ts'
import type { Rotation } from './kept.ts'
import { keptOf } from './kept.ts'
import { arnOf, nameOf } from './names/arn.ts'
import { dueOf } from './rotation/due.ts'
import { versionIdOf } from './staging/version-ids.ts'
import { stageOfLabel } from './staging/stages.ts'

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
    ...(rotation === undefined ? {} : rotationFacts(record, rotation)),
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

function rotationFacts(record: SecretRecord, rotation: Rotation): Record<string, unknown> {
  const { enabled, functionArn, rules, externalMetadata, externalRoleArn } = rotation
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: functionArn,
    RotationRules: rules,
    ExternalSecretRotationMetadata: externalMetadata,
    ExternalSecretRotationRoleArn: externalRoleArn,
    LastRotatedDate: epoch(rotation.lastRotatedAt),
    NextRotationDate: epoch(dueOf(record)?.closesAt),
  }
}
