import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, refuse } from '../change.ts'
import { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'
import { arnOf } from '../names/arn.ts'
import type { Replica, ReplicaInput } from '../replicas.ts'
import { replicationStatus, withReplicas } from '../replicas.ts'
import { keptOf, withKept } from '../kept.ts'
import { Flag, Region, ReplicaRegions, SecretId } from '../shapes/members.ts'
import { list, struct } from '../shapes/shape.ts'

export const replicateSecretToRegions: Operation = {
  kind: 'write',
  input: struct(
    { SecretId, AddReplicaRegions: ReplicaRegions, ForceOverwriteReplicaSecret: Flag },
    'SecretId',
    'AddReplicaRegions',
  ),
  run: (call: Call, input: { SecretId: string; AddReplicaRegions: readonly ReplicaInput[] }) =>
    replicated(call, input.SecretId, (replicas, primaryRegion) =>
      withReplicas(replicas, input.AddReplicaRegions, primaryRegion),
    ),
}

/** Removing a region that is none of its replicas changes nothing. */
export const removeRegionsFromReplication: Operation = {
  kind: 'write',
  input: struct(
    { SecretId, RemoveReplicaRegions: list(Region, 1) },
    'SecretId',
    'RemoveReplicaRegions',
  ),
  run: (call: Call, input: { SecretId: string; RemoveReplicaRegions: readonly string[] }) =>
    replicated(call, input.SecretId, (replicas) =>
      replicas.filter((replica) => !input.RemoveReplicaRegions.includes(replica.Region)),
    ),
}

/** To be called for a replica in its region: there is none. */
export const stopReplicationToReplica: Operation = {
  kind: 'write',
  input: struct({ SecretId }, 'SecretId'),
  run: (call: Call, input: { SecretId: string }) =>
    changeLiveSecret(call, input.SecretId, 'update', (record) =>
      refuse(
        call,
        record.path,
        'update',
        'conflict',
        faults.parameter('Operation not permitted on a secret that is no replica.'),
      ),
    ),
}

const replicated = (
  call: Call,
  secretId: string,
  change: (replicas: readonly Replica[], primaryRegion: string) => Replica[],
) =>
  changeLiveSecret(call, secretId, 'update', async (record) => {
    const { replicas: before = [], primaryRegion = call.region } = keptOf(record)
    let replicas: Replica[]
    try {
      replicas = change(before, primaryRegion)
    } catch (error) {
      if (!(error instanceof AwsFault)) throw error
      return refuse(call, record.path, 'update', 'invalid_argument', error)
    }
    await setReplicas(call, record, replicas, primaryRegion)
    return { ARN: arnOf(call, record), ReplicationStatus: replicationStatus(replicas) }
  })

async function setReplicas(
  { coffer }: Call,
  record: SecretRecord,
  replicas: readonly Replica[],
  primaryRegion: string | undefined,
): Promise<void> {
  const kept = replicas.length === 0 ? { replicas: undefined } : { replicas, primaryRegion }
  const dialects = withKept(record, { primaryRegion: undefined, ...kept })
  await coffer.update(record.path, { dialects }, { ifRevision: record.revision })
}
