import { faults } from './errors/faults.ts'

/**
 * A region that a client wants a replica in. There is one store, which every region shows: a replica
 * is in sync as soon as it is named, is changed from elsewhere only, and is no second copy.
 */
export interface Replica {
  readonly Region: string
  readonly KmsKeyId?: string
}

export interface ReplicaInput {
  readonly Region?: string
  readonly KmsKeyId?: string
}

/** The replicas with these added. @throws AwsFault `InvalidParameterException` for the own region */
export function withReplicas(
  kept: readonly Replica[],
  added: readonly ReplicaInput[],
  ownRegion: string,
): Replica[] {
  const byRegion = new Map(kept.map((replica) => [replica.Region, replica]))
  for (const { Region, KmsKeyId } of added) {
    if (Region === undefined || Region === ownRegion) throw faults.replicaRegion()
    byRegion.set(Region, { Region, ...(KmsKeyId === undefined ? {} : { KmsKeyId }) })
  }
  return [...byRegion.values()]
}

/** Whether a region is one that a secret is replicated to, where it is only read. */
export const isReplicaIn = (replicas: readonly Replica[], region: string): boolean =>
  replicas.some(({ Region }) => Region === region)

export const replicationStatus = (replicas: readonly Replica[]) =>
  replicas.map((replica) => ({
    ...replica,
    Status: 'InSync',
    StatusMessage: 'Replication succeeded',
  }))
