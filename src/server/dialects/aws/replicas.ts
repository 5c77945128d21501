import { faults } from './errors/faults.ts'

/** A region that a client wants a copy in. There are none yet: it is kept and reported as failed. */
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

export const replicationStatus = (replicas: readonly Replica[]) =>
  replicas.map((replica) => ({
    ...replica,
    Status: 'Failed',
    StatusMessage: 'Replication failed: this server has no other regions.',
  }))
