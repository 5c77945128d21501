import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { isMeant, notFound, targetOf } from '../names/target.ts'
import { replicationStatus } from '../replicas.ts'
import { keptOf } from '../kept.ts'
import { factsOf, stagesByVersion } from '../secret.ts'
import { SecretId } from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'

export const describeSecret: Operation = {
  kind: 'read',
  input: struct({ SecretId }, 'SecretId'),
  async run(call: Call, input: { SecretId: string }) {
    const record = await described(call, input.SecretId)
    const { replicas = [] } = keptOf(record)
    return {
      ...factsOf(call, record),
      VersionIdsToStages: stagesByVersion(record),
      ...(replicas.length === 0 ? {} : { ReplicationStatus: replicationStatus(replicas) }),
    }
  },
}

/** Everything but values. @throws AwsFault `ResourceNotFoundException` */
export async function described(call: Call, secretId: string): Promise<SecretRecord> {
  const target = targetOf(secretId, call)
  const record = await call.coffer.describe(target.path)
  if (record !== undefined && isMeant(target, record.id)) return record
  throw notFound(target)
}
