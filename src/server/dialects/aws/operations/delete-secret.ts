import { isCofferError } from '../../../../core/errors.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, changeSecret, refuse } from '../change.ts'
import { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'
import { arnOf, arnOfAbsent } from '../names/arn.ts'
import { targetOf } from '../names/target.ts'
import { keptOf } from '../kept.ts'
import { epoch, identityOf } from '../secret.ts'
import { Flag, SecretId } from '../shapes/members.ts'
import { number, struct } from '../shapes/shape.ts'

interface DeleteInput {
  readonly SecretId: string
  readonly RecoveryWindowInDays?: number
  readonly ForceDeleteWithoutRecovery?: boolean
}

export const deleteSecret: Operation = {
  kind: 'write',
  input: struct(
    { SecretId, RecoveryWindowInDays: number(), ForceDeleteWithoutRecovery: Flag },
    'SecretId',
  ),
  async run(call: Call, input: DeleteInput) {
    const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input
    if (days !== undefined && (days < DAYS_MIN || days > DAYS_MAX)) throw faults.recoveryWindow()
    if (force !== true) {
      return changeLiveSecret(call, input.SecretId, 'delete', async (record) => {
        await refuseReplicated(call, record, 'delete')
        const { purgeAt } = await call.coffer.delete(record.path, {
          recoveryDays: days ?? DAYS_MAX,
        })
        return { ...identityOf(call, record), DeletionDate: epoch(purgeAt) }
      })
    }
    if (days !== undefined) throw faults.forceWithWindow()
    return deletedByForce(call, input.SecretId)
  },
}

/** Also of what is not there: it is gone either way. */
async function deletedByForce(call: Call, secretId: string) {
  const DeletionDate = epoch(call.now)
  try {
    return await changeSecret(call, secretId, 'destroy', async (record) => {
      await refuseReplicated(call, record, 'destroy')
      await call.coffer.purge(record.path)
      return { ...identityOf(call, record), DeletionDate }
    })
  } catch (error) {
    const gone =
      isCofferError(error, 'not_found') ||
      (error instanceof AwsFault && error.type === 'ResourceNotFoundException')
    if (!gone) throw error
    const { name } = targetOf(secretId, call)
    return { ARN: arnOfAbsent(call, name), Name: name, DeletionDate }
  }
}

async function refuseReplicated(
  call: Call,
  record: SecretRecord,
  action: 'delete' | 'destroy',
): Promise<void> {
  const { replicas = [] } = keptOf(record)
  if (replicas.length === 0) return
  const regions = replicas.map(({ Region }) => Region).join(', ')
  const fault = faults.parameter(
    `You can't delete secret ${arnOf(call, record)} that still has replica regions [${regions}]`,
  )
  await refuse(call, record.path, action, 'conflict', fault)
}

const DAYS_MIN = 7
const DAYS_MAX = 30
