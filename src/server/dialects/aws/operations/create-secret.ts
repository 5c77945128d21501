import { isCofferError } from '../../../../core/errors.ts'
import { CURRENT } from '../../../../core/label.ts'
import type { MetadataChange } from '../../../../core/ports/coffer.ts'
import type { Call, Operation } from '../call.ts'
import { faults } from '../errors/faults.ts'
import { arnOf } from '../names/arn.ts'
import { checkName, pathOfName } from '../names/name.ts'
import type { ReplicaInput } from '../replicas.ts'
import { replicationStatus, withReplicas } from '../replicas.ts'
import { withKept } from '../kept.ts'
import {
  ClientRequestToken,
  Description,
  Flag,
  KmsKeyId,
  ManagedType,
  ReplicaRegions,
  SecretBinary,
  SecretString,
  Tags,
} from '../shapes/members.ts'
import { struct, text } from '../shapes/shape.ts'
import { versionIdOf } from '../staging/version-ids.ts'
import type { Tag } from './tag-list.ts'
import { tagsOf } from './tag-list.ts'
import type { ValueInput } from './value.ts'
import { valueOf } from './value.ts'

interface CreateInput extends ValueInput {
  readonly Name: string
  readonly ClientRequestToken?: string
  readonly Description?: string
  readonly KmsKeyId?: string
  readonly Tags?: readonly Tag[]
  readonly AddReplicaRegions?: readonly ReplicaInput[]
  readonly Type?: string
}

export const createSecret: Operation = {
  kind: 'write',
  input: struct(
    {
      Name: text({ min: 1, max: 512 }),
      ClientRequestToken,
      Description,
      KmsKeyId,
      SecretBinary,
      SecretString,
      Tags,
      AddReplicaRegions: ReplicaRegions,
      ForceOverwriteReplicaSecret: Flag,
      Type: ManagedType,
    },
    'Name',
  ),
  async run(call: Call, input: CreateInput) {
    const { Name: name, ClientRequestToken: token } = input
    checkName(name)
    if (token === undefined) throw faults.noToken()
    const value = valueOf(input)
    const replicas = withReplicas([], input.AddReplicaRegions ?? [], call.region)
    const path = pathOfName(name)
    const metadata: MetadataChange = {
      description: input.Description,
      ...(input.Tags === undefined ? {} : { tags: tagsOf(input.Tags) }),
      spellings: { aws: name },
      dialects: withKept(undefined, {
        kmsKeyId: input.KmsKeyId,
        type: input.Type,
        ...(replicas.length === 0 ? {} : { replicas, primaryRegion: call.region }),
      }),
    }
    try {
      const { id } =
        value === undefined
          ? await call.coffer.update(path, metadata, { ifRevision: 0 })
          : await call.coffer.write(path, {
              ...metadata,
              value,
              labels: [CURRENT],
              ifRevision: 0,
              token,
              ids: { aws: token },
            })
      return {
        ARN: arnOf(call, { id, path, spellings: { aws: name } }),
        Name: name,
        ...(value === undefined ? {} : { VersionId: token }),
        ...(replicas.length === 0 ? {} : { ReplicationStatus: replicationStatus(replicas) }),
      }
    } catch (error) {
      throw await createFault(call, path, name, token, error)
    }
  },
}

/** After a denial was ruled out: whoever may write there may know what is there. */
async function createFault(
  call: Call,
  path: string,
  name: string,
  token: string,
  error: unknown,
): Promise<unknown> {
  if (!EXISTS.some((code) => isCofferError(error, code))) return error
  const record = await call.platform.peek(path)
  if (record?.deletedAt !== undefined) return faults.nameScheduledForDeletion()
  if (!isCofferError(error, 'token_reused')) return faults.exists(name)
  const known = record?.versions.some((v) => versionIdOf(record.id, v) === token)
  return record !== undefined && known === true
    ? faults.tokenInUse(token, arnOf(call, record))
    : faults.exists(name)
}

const EXISTS = ['deleted', 'conflict', 'token_reused'] as const
