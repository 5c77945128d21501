import type { SecretRecord } from '../../../core/record.ts'
import type { JsonObject, JsonValue } from '../../../core/value.ts'
import type { Replica } from './replicas.ts'

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
  /** The window of the next one: from `opensAt` on, until `nextAt`. */
  readonly opensAt?: number
  readonly nextAt?: number
  /** Of tries that failed in this window, and when the next one is. */
  readonly tries?: number
  readonly retryAt?: number
  /** Where the request came from that turned it on: part of the ARN that the function is told. */
  readonly region?: string
  readonly externalMetadata?: readonly { Key?: string; Value?: string }[]
  readonly externalRoleArn?: string
}

export interface Rules {
  readonly AutomaticallyAfterDays?: number
  readonly Duration?: string
  readonly ScheduleExpression?: string
}

/** Whoever may update a secret can write anything there by another way in: what does not fit is absent. */
export function keptOf(record: SecretRecord): Kept {
  const kept = record.dialects?.['aws']
  if (kept === undefined) return {}
  const { replicas, rotation } = kept
  return {
    ...texts(kept, 'kmsKeyId', 'type', 'policy', 'primaryRegion'),
    ...(Array.isArray(replicas) ? { replicas: replicas.flatMap(replicaOf) } : {}),
    ...(isObject(rotation) ? { rotation: rotationOf(rotation) } : {}),
  }
}

/** All dialects' things with ours changed: what `update` and `write` take. Absent members go. */
export function withKept(
  record: SecretRecord | undefined,
  change: { readonly [M in keyof Kept]?: Kept[M] | undefined },
): Record<string, JsonObject> {
  const kept = { ...(record === undefined ? {} : keptOf(record)), ...change }
  const rest = Object.entries(kept).filter(([, value]) => value !== undefined)
  return { ...record?.dialects, aws: Object.fromEntries(rest) as JsonObject }
}

function rotationOf(kept: JsonObject): Rotation {
  const { enabled, rules, externalMetadata } = kept
  return {
    enabled: enabled === true,
    ...texts(kept, 'functionArn', 'externalRoleArn', 'region'),
    ...numbers(kept, 'lastRotatedAt', 'opensAt', 'nextAt', 'tries', 'retryAt'),
    ...(isObject(rules)
      ? {
          rules: {
            ...numbers(rules, 'AutomaticallyAfterDays'),
            ...texts(rules, 'Duration', 'ScheduleExpression'),
          },
        }
      : {}),
    ...(Array.isArray(externalMetadata)
      ? {
          externalMetadata: externalMetadata
            .filter(isObject)
            .map((one) => texts(one, 'Key', 'Value')),
        }
      : {}),
  }
}

function replicaOf(kept: JsonValue): Replica[] {
  if (!isObject(kept)) return []
  const { Region, ...rest } = texts(kept, 'Region', 'KmsKeyId')
  return Region === undefined ? [] : [{ Region, ...rest }]
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const texts = <M extends string>(from: JsonObject, ...names: M[]): { [N in M]?: string } =>
  picked(from, names, 'string')

const numbers = <M extends string>(from: JsonObject, ...names: M[]): { [N in M]?: number } =>
  picked(from, names, 'number')

function picked<T>(from: JsonObject, names: readonly string[], kind: 'string' | 'number'): T {
  const found = names.flatMap((name) => (typeof from[name] === kind ? [[name, from[name]]] : []))
  return Object.fromEntries(found) as T
}
