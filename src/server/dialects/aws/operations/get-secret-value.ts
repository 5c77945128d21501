import { isCofferError } from '../../../../core/errors.ts'
import { labelsOf } from '../../../../core/label.ts'
import type { ReadRef, SecretVersion } from '../../../../core/ports/coffer.ts'
import type { Call, Operation } from '../call.ts'
import { refuse } from '../change.ts'
import type { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'
import { arnOf, nameOf } from '../names/arn.ts'
import { isMeant, notFound, targetOf } from '../names/target.ts'
import type { Target } from '../names/target.ts'
import { SecretId, VersionId, VersionStage } from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'
import { AWSCURRENT, labelOfStage, stagesOf, stagesOfLabels } from '../staging/stages.ts'
import { versionById } from '../staging/version-ids.ts'
import { epoch } from '../secret.ts'
import { wireValue } from './value.ts'

export interface GetInput {
  readonly SecretId: string
  readonly VersionId?: string
  readonly VersionStage?: string
}

export const getSecretValue: Operation = {
  kind: 'read',
  input: struct({ SecretId, VersionId, VersionStage }, 'SecretId'),
  async run(call: Call, input: GetInput) {
    const target = targetOf(input.SecretId, call)
    const ref =
      input.VersionId === undefined ? byStage(target, input) : await byId(call, target, input)
    let found: SecretVersion | undefined
    try {
      found = await call.coffer.read(ref)
    } catch (error) {
      throw await readFault(call, target, input, error)
    }
    return answer(call, target, input, found)
  },
}

/**
 * What a version that was read looks like in AWS; without a promise where it is there.
 * @throws AwsFault where there is none
 */
export function answer(
  call: Call,
  target: Target,
  input: Omit<GetInput, 'SecretId'>,
  found: SecretVersion | undefined,
): object | Promise<never> {
  if (found !== undefined && isMeant(target, found.id)) {
    const { id, version } = found
    const { accessTimes, names } = call.dialect
    accessTimes.touch(id, version, call.now)
    return {
      ARN: arnOf(call, found, names.suffix(id)),
      Name: nameOf(found),
      VersionId: names.versionId(id, { number: version, ids: found.ids }),
      ...wireValue(found),
      VersionStages: stagesOfLabels(found.labels),
      CreatedDate: epoch(found.createdAt),
    }
  }
  found?.secret.erase()
  return absent(call, target, input).then((fault) => {
    throw fault
  })
}

/** Why a secret has no such value; a deletion is told before anything of its versions. */
async function absent(
  call: Call,
  target: Target,
  input: Omit<GetInput, 'SecretId'>,
): Promise<AwsFault> {
  const record = await call.platform.peek(target.path)
  if (record === undefined || !isMeant(target, record.id)) return notFound(target)
  return record.deletedAt === undefined ? faults.noValue(wanted(input)) : faults.markedForDeletion()
}

/** A version that is there and cannot be had is, in AWS, a value that cannot be found. */
export async function readFault(
  call: Call,
  target: Target,
  input: Omit<GetInput, 'SecretId'>,
  error: unknown,
): Promise<unknown> {
  return UNREADABLE.some((code) => isCofferError(error, code)) ? absent(call, target, input) : error
}

const UNREADABLE = ['empty_version', 'destroyed', 'deleted'] as const

const byStage = ({ path }: Target, { VersionStage: stage }: { VersionStage?: string }): ReadRef =>
  stage === undefined || stage === AWSCURRENT ? { path } : { path, label: labelOfStage(stage) }

/** The version's number. What is wrong is told to those only who may read there. */
async function byId(
  call: Call,
  target: Target,
  { VersionId: id = '', VersionStage: stage }: GetInput,
): Promise<ReadRef> {
  const record = await call.platform.peek(target.path)
  if (record === undefined || !isMeant(target, record.id)) {
    return refuse(call, target.path, 'read', 'not_found', notFound(target))
  }
  const version = versionById(record, id)
  if (version === undefined) {
    const fault =
      record.deletedAt === undefined
        ? faults.noValue(`VersionId: ${id}`)
        : faults.markedForDeletion()
    return refuse(call, target.path, 'read', 'not_found', fault)
  }
  if (stage !== undefined && !stagesOf(record, version.number).includes(stage)) {
    const labels = labelsOf(record, version.number)
    return refuse(call, target.path, 'read', 'conflict', faults.stageElsewhere(), labels)
  }
  return { path: target.path, version: version.number }
}

const wanted = ({ VersionId: id, VersionStage: stage }: Omit<GetInput, 'SecretId'>): string =>
  id === undefined ? `staging label: ${stage ?? AWSCURRENT}` : `VersionId: ${id}`
