import { CURRENT } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeSecret } from '../change.ts'
import { faults } from '../errors/faults.ts'
import {
  ClientRequestToken,
  SecretBinary,
  SecretId,
  SecretString,
  VersionStage,
} from '../shapes/members.ts'
import { list, struct, text } from '../shapes/shape.ts'
import { AWSCURRENT, labelOfStage, stagesOf } from '../staging/stages.ts'
import { identityOf } from '../secret.ts'
import { writeVersion } from './new-version.ts'
import type { ValueInput } from './value.ts'
import { valueOf } from './value.ts'

interface PutInput extends ValueInput {
  readonly SecretId: string
  readonly ClientRequestToken?: string
  readonly VersionStages?: readonly string[]
}

export const putSecretValue: Operation = {
  kind: 'write',
  input: struct(
    {
      SecretId,
      ClientRequestToken,
      SecretBinary,
      SecretString,
      VersionStages: list(VersionStage, 1, 20),
      RotationToken: text({ min: 36, max: 256, pattern: /^[a-zA-Z0-9-]+$/, sensitive: true }),
    },
    'SecretId',
  ),
  async run(call: Call, input: PutInput) {
    const { ClientRequestToken: token, VersionStages: stages = [AWSCURRENT] } = input
    if (token === undefined) throw faults.noToken()
    const value = valueOf(input)
    if (value === undefined) throw faults.noSecretValue()
    return changeSecret(call, input.SecretId, 'write', async (record) => {
      const labels = [...new Set(stages.map(labelOfStage))]
      const { version, written } = await writeVersion(call, record, { token, value, labels })
      // What is there already may have been written, by another process, after it was looked at.
      const VersionStages = written
        ? attached(record, [...new Set(stages)])
        : stagesOf((await call.platform.peek(record.path)) ?? record, version)
      return { ...identityOf(call, record), VersionId: token, VersionStages }
    })
  },
}

/** In the order they were given; the first version of all becomes the current one too. */
const attached = ({ labels }: SecretRecord, stages: readonly string[]): readonly string[] =>
  labels[CURRENT] === undefined && !stages.includes(AWSCURRENT) ? [...stages, AWSCURRENT] : stages
