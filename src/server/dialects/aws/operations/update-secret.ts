import { CURRENT } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, changeSecret } from '../change.ts'
import { faults } from '../errors/faults.ts'
import { withKept } from '../kept.ts'
import { identityOf } from '../secret.ts'
import {
  ClientRequestToken,
  Description,
  KmsKeyId,
  ManagedType,
  SecretBinary,
  SecretId,
  SecretString,
} from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'
import { writeVersion } from './new-version.ts'
import type { ValueInput } from './value.ts'
import { valueOf } from './value.ts'

interface UpdateInput extends ValueInput {
  readonly SecretId: string
  readonly ClientRequestToken?: string
  readonly Description?: string
  readonly KmsKeyId?: string
  readonly Type?: string
}

export const updateSecret: Operation = {
  kind: 'write',
  input: struct(
    {
      SecretId,
      ClientRequestToken,
      Description,
      KmsKeyId,
      SecretBinary,
      SecretString,
      Type: ManagedType,
    },
    'SecretId',
  ),
  async run(call: Call, input: UpdateInput) {
    const value = valueOf(input)
    const { ClientRequestToken: token } = input
    if (value === undefined) {
      return changeLiveSecret(call, input.SecretId, 'update', async (record) => {
        const options = { ifRevision: record.revision }
        await call.coffer.update(record.path, metadata(record, input), options)
        return identityOf(call, record)
      })
    }
    if (token === undefined) throw faults.noToken()
    return changeSecret(call, input.SecretId, 'write', async (record) => {
      const version = { ...metadata(record, input), token, value, labels: [CURRENT] }
      await writeVersion(call, record, version)
      return { ...identityOf(call, record), VersionId: token }
    })
  },
}

function metadata(record: SecretRecord, { Description, KmsKeyId, Type }: UpdateInput) {
  const kept = {
    ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
    ...(Type === undefined ? {} : { type: Type }),
  }
  return {
    description: Description,
    ...(Object.keys(kept).length === 0 ? {} : { dialects: withKept(record, kept) }),
  }
}
