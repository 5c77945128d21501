import { isDeepStrictEqual } from 'node:util'
import { PENDING } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, permitted, refuse } from '../change.ts'
import { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'
import { functionOf } from '../rotation/functions.ts'
import { aimed } from '../rotation/due.ts'
import { unfinishedOf } from '../rotation/rotations.ts'
import { windowAfter } from '../rotation/schedule.ts'
import type { Rotation, Rules } from '../kept.ts'
import { keptOf, withKept } from '../kept.ts'
import { identityOf } from '../secret.ts'
import { ClientRequestToken, Flag, RotationRules, SecretId } from '../shapes/members.ts'
import { list, struct, text } from '../shapes/shape.ts'
import { AWSPENDING, versionAt } from '../staging/stages.ts'
import { versionById, versionIdOf } from '../staging/version-ids.ts'

interface RotateInput {
  readonly SecretId: string
  readonly ClientRequestToken?: string
  readonly RotationLambdaARN?: string
  readonly RotationRules?: Rules
  readonly RotateImmediately?: boolean
  readonly ExternalSecretRotationMetadata?: NonNullable<Rotation['externalMetadata']>
  readonly ExternalSecretRotationRoleArn?: string
}

export const rotateSecret: Operation = {
  kind: 'write',
  input: struct(
    {
      SecretId,
      ClientRequestToken,
      RotationLambdaARN: text({ min: 0, max: 2_048 }),
      RotationRules,
      ExternalSecretRotationMetadata: list(
        struct({ Key: text({ min: 1, max: 256 }), Value: text({ min: 1, max: 2_048 }) }),
      ),
      ExternalSecretRotationRoleArn: text({ min: 20, max: 2_048 }),
      RotateImmediately: Flag,
    },
    'SecretId',
  ),
  async run(call: Call, input: RotateInput) {
    const { ClientRequestToken: token, RotationRules: rules } = input
    if (token === undefined) throw faults.noRotationToken()
    if (rules !== undefined) windowAfter(rules, call.now)
    return changeLiveSecret(call, input.SecretId, 'write', async (record) => {
      const refused = (fault: AwsFault) =>
        refuse(call, record.path, 'write', 'invalid_argument', fault)
      const before = keptOf(record).rotation
      const functionArn = input.RotationLambdaARN ?? before?.functionArn
      if (functionArn === undefined || functionArn === '') return refused(faults.noFunction())
      const allowed = call.server.options.aws.rotationCommands ?? []
      const target = await functionOf(call.platform.settings, functionArn, allowed)
      if (target === undefined) return refused(faults.cannotInvoke())
      const pending = pendingElsewhere(record, token)
      if (pending !== undefined) {
        const unfinished = { call, record, token: pending, target }
        return refused(faults.request(INCOMPLETE)).catch((error: unknown) => {
          if (error instanceof AwsFault && before?.enabled === true) {
            call.dialect.rotations.start(unfinished)
          }
          throw error
        })
      }
      const known = versionById(record, token)
      // Nothing is written for a version that is there: nothing else would ask.
      if (known !== undefined) await permitted(call, record, 'write', PENDING)
      if (known !== undefined && versionAt(record, AWSPENDING) !== known.number) {
        // The same request once more, after its rotation has ended.
        return { ...identityOf(call, record), VersionId: token }
      }
      const { path, revision } = record
      const rotation = enabled(before, functionArn, input, call)
      const dialects = withKept(record, { rotation })
      const tried = input.RotateImmediately === false ? await call.coffer.read({ path }) : undefined
      if (known === undefined) {
        await call.coffer.write(path, {
          ...(tried === undefined ? {} : { value: tried.secret.reveal() }),
          token,
          ids: { aws: token },
          labels: [PENDING],
          dialects,
          ifRevision: revision,
        })
      } else if (!isDeepStrictEqual(arranged(before), arranged(rotation))) {
        await call.coffer.update(path, { dialects }, { ifRevision: revision })
      }
      const started = { call, record, token, target }
      if (input.RotateImmediately === false) call.dialect.rotations.tryOut(started)
      else call.dialect.rotations.start(started)
      return {
        ...identityOf(call, record),
        ...(input.RotateImmediately === false ? {} : { VersionId: token }),
      }
    })
  },
}

/** What was started and not finished stays to be seen: its version's id is answered. */
export const cancelRotateSecret: Operation = {
  kind: 'write',
  input: struct({ SecretId }, 'SecretId'),
  run: (call: Call, input: { SecretId: string }) =>
    changeLiveSecret(call, input.SecretId, 'update', async (record) => {
      const { rotation } = keptOf(record)
      if (rotation === undefined) {
        const fault = faults.request(
          "You can't cancel the rotation of a secret that isn't configured for rotation.",
        )
        return refuse(call, record.path, 'update', 'conflict', fault)
      }
      const dialects = withKept(record, { rotation: { ...rotation, enabled: false } })
      await call.coffer.update(record.path, { dialects }, { ifRevision: record.revision })
      const pending = record.versions.find((v) => v.number === versionAt(record, AWSPENDING))
      return {
        ...identityOf(call, record),
        ...(pending === undefined ? {} : { VersionId: versionIdOf(record.id, pending) }),
      }
    }),
}

const INCOMPLETE = "A previous rotation isn't complete. That rotation will be reattempted."

/** The id of the version that is pending, when it is neither current nor this request's. */
function pendingElsewhere(record: SecretRecord, token: string): string | undefined {
  const id = unfinishedOf(record)
  return id === token ? undefined : id
}

/** What a request can say of a rotation. */
const arranged = (rotation: Rotation | undefined) =>
  rotation && {
    enabled: rotation.enabled,
    functionArn: rotation.functionArn,
    rules: rotation.rules,
    externalMetadata: rotation.externalMetadata,
    externalRoleArn: rotation.externalRoleArn,
  }

function enabled(
  before: Rotation | undefined,
  functionArn: string,
  input: RotateInput,
  { now, region }: Call,
): Rotation {
  const { opensAt: anchor, ...rest } = before ?? { enabled: true }
  const rules = input.RotationRules
  const goesOn = rules === undefined && anchor !== undefined
  const metadata = input.ExternalSecretRotationMetadata
  const roleArn = input.ExternalSecretRotationRoleArn
  const rotation = {
    ...rest,
    // Windows of other rules are no measure for those of new ones.
    ...(goesOn ? { opensAt: anchor } : {}),
    ...(rules === undefined ? {} : { rules }),
    enabled: true,
    functionArn,
    region,
    ...(metadata === undefined ? {} : { externalMetadata: metadata }),
    ...(roleArn === undefined ? {} : { externalRoleArn: roleArn }),
  }
  return aimed(rotation, now)
}
