import { CURRENT } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, permitted, refuse } from '../change.ts'
import type { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'
import { identityOf } from '../secret.ts'
import { SecretId, VersionId, VersionStage } from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'
import { labelOfStage, versionAt } from '../staging/stages.ts'
import { versionById, versionIdOf } from '../staging/version-ids.ts'

interface StageInput {
  readonly SecretId: string
  readonly VersionStage: string
  readonly RemoveFromVersionId?: string
  readonly MoveToVersionId?: string
}

export const updateSecretVersionStage: Operation = {
  kind: 'write',
  input: struct(
    { SecretId, VersionStage, RemoveFromVersionId: VersionId, MoveToVersionId: VersionId },
    'SecretId',
    'VersionStage',
  ),
  run: (call: Call, input: StageInput) =>
    changeLiveSecret(call, input.SecretId, 'label', async (record) => {
      const fault = faultOfMove(record, input)
      const label = labelOfStage(input.VersionStage)
      if (fault !== undefined) return refuse(call, record.path, 'label', 'conflict', fault, [label])
      const { VersionStage: stage, MoveToVersionId: moveTo } = input
      const at = versionAt(record, stage)
      const to = moveTo === undefined ? undefined : versionById(record, moveTo)?.number
      // A stage that is there already, or already gone, is left in peace.
      if (to === at) await permitted(call, record, 'label', label)
      else await call.coffer.label(record.path, { label, from: at ?? 0, to })
      return identityOf(call, record)
    }),
}

/** What AWS refuses; undefined when the move may be made. */
function faultOfMove(record: SecretRecord, input: StageInput): AwsFault | undefined {
  const { VersionStage: stage, RemoveFromVersionId: from, MoveToVersionId: to } = input
  const attached = record.versions.find((v) => v.number === versionAt(record, stage))
  const attachedId = attached === undefined ? undefined : versionIdOf(record.id, attached)
  for (const id of [from, to]) {
    if (id !== undefined && versionById(record, id) === undefined) {
      return faults.noValue(`VersionId: ${id}`)
    }
  }
  if (from === undefined && to === undefined) {
    return faults.parameter(
      'You must specify at least one of RemoveFromVersionId and MoveToVersionId.',
    )
  }
  if (from !== undefined && from !== attachedId) {
    return faults.parameter(`Staging label ${stage} isn't currently attached to version ${from}.`)
  }
  if (from === undefined && attachedId !== undefined && attachedId !== to) {
    return faults.parameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${attachedId}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
  }
  if (to === undefined && labelOfStage(stage) === CURRENT) {
    return faults.parameter(
      `You can only move staging label ${stage} to a different secret version. It can't be completely removed.`,
    )
  }
  return undefined
}
