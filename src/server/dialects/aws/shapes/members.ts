import type { BlobShape } from './shape.ts'
import { flag, list, number, struct, text } from './shape.ts'

/** Members that several operations have, with the service's limits. */
export const SecretId = text({ min: 1, max: 2_048 })
export const ClientRequestToken = text({ min: 32, max: 64 })
export const VersionId = text({ min: 32, max: 64 })
export const VersionStage = text({ min: 1, max: 256 })
export const Description = text({ max: 2_048 })
export const KmsKeyId = text({ min: 0, max: 2_048 })
export const SecretString = text({ min: 1, max: 65_536, sensitive: true })
export const SecretBinary: BlobShape = { kind: 'blob', min: 1, max: 65_536 }
export const ManagedType = text({ min: 0, max: 256 })
export const NextToken = text({ min: 1, max: 4_096 })
export const ResourcePolicy = text({ min: 1, max: 20_480 })

export const TagKey = text({ min: 1, max: 128 })
export const Tags = list(struct({ Key: TagKey, Value: text({ min: 0, max: 256 }) }))

export const Region = text({ min: 1, max: 128, pattern: /^([a-z]+-)+\d+$/ })
export const ReplicaRegions = list(struct({ Region, KmsKeyId }), 1)

/** Also those that a filter may have; shown when another one is given. */
export const FILTER_KEYS = [
  'description',
  'name',
  'tag-key',
  'tag-value',
  'primary-region',
  'owning-service',
  'all',
] as const

/** As the service writes it in its messages. */
const FILTER_PATTERN = String.raw`^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`

export const Filters = list(
  struct({
    Key: text({ oneOf: FILTER_KEYS }),
    Values: list(
      text({ max: 512, pattern: /^!?[a-zA-Z0-9 :_@/+=.\-!]*$/, patternText: FILTER_PATTERN }),
      1,
      10,
    ),
  }),
  undefined,
  10,
)

export const RotationRules = struct({
  AutomaticallyAfterDays: number(1, 1_000),
  Duration: text({ min: 2, max: 3, pattern: /^[0-9]+h$/ }),
  ScheduleExpression: text({ min: 1, max: 256, pattern: /^[0-9A-Za-z()#?*\-/, ]+$/ }),
})

export const Flag = flag
