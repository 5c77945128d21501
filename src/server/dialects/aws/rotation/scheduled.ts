import { hash } from 'node:crypto'
import { isCofferError } from '../../../../core/errors.ts'
import { PENDING } from '../../../../core/label.ts'
import type { Coffer } from '../../../../core/ports/coffer.ts'
import type { Jobs } from '../../../../core/ports/jobs.ts'
import type { Platform } from '../../../../core/ports/platform.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Server } from '../../../server.ts'
import { AwsFault } from '../errors/fault.ts'
import { keptOf, withKept } from '../kept.ts'
import type { Due } from './due.ts'
import { dueOf, failedOnce } from './due.ts'
import { functionOf } from './functions.ts'
import type { Ending, Rotations } from './rotations.ts'
import { noteRotated, retried, unfinishedOf } from './rotations.ts'

export interface Rotating {
  readonly server: Server
  readonly platform: Platform
  readonly jobs: Jobs
  readonly rotations: Rotations
}

/**
 * Rotates a secret as `RotateSecret` does, if it is due. One due date makes one version: its token is
 * made of it, and its staging is a compare-and-set. What was begun and has not ended, here or by a
 * process that is gone, is taken up again. A failure is audited, and kept with the secret: when it is
 * tried again.
 */
export async function rotateIfDue(rotating: Rotating, path: string): Promise<Ending | undefined> {
  const { server, platform, jobs, rotations } = rotating
  const record = await platform.peek(path)
  const due = record && dueOf(record)
  if (record === undefined || due === undefined || due.at > server.clock()) return undefined
  const { functionArn = '', region = ANY_REGION, tries = 0 } = keptOf(record).rotation ?? {}
  const { accountId, rotationCommands = [] } = server.options.aws
  const call = { region, accountId, platform, coffer: jobs.coffer(JOB), server }
  const own = tokenOf(record.id, due.opensAt, tries)
  // The process that did it ended before it said so.
  if (await noteRotated({ call, record, token: own })) return 'rotated'
  const target = await functionOf(platform.settings, functionArn, rotationCommands)
  if (target === undefined) {
    await noteFailure(rotating, record, due, 'nothing stands for its function, or nothing that may')
    return 'failed'
  }
  const token = unfinishedOf(record) ?? (await staged(call.coffer, record, own))
  if (token === undefined) return undefined
  const ending = await rotations.run({ call, record, token, target })
  if (ending === 'failed') await noteFailure(rotating, record, due, 'its function failed')
  return ending
}

/** Absent: somebody was faster, and it is looked at again. */
async function staged(
  coffer: Coffer,
  { path, revision }: SecretRecord,
  token: string,
): Promise<string | undefined> {
  try {
    const staging = { token, ids: { aws: token }, labels: [PENDING], ifRevision: revision }
    await coffer.write(path, staging)
    return token
  } catch (error) {
    if (isCofferError(error, 'conflict')) return undefined
    throw error
  }
}

async function noteFailure(
  { server, platform, jobs }: Rotating,
  { id, path }: SecretRecord,
  due: Due,
  reason: string,
): Promise<void> {
  const event = { action: 'rotate', outcome: 'failed', resource: path } as const
  await platform.record([
    { ...event, code: 'unavailable', reason: `scheduled rotation: ${reason}`, via: JOB },
  ])
  await retried(async () => {
    const record = await platform.peek(path)
    const rotation = record && keptOf(record).rotation
    if (record?.id !== id || rotation?.enabled !== true) return
    const dialects = withKept(record, { rotation: after(rotation, due, server.clock()) })
    await jobs.coffer(JOB).update(path, { dialects }, { ifRevision: record.revision })
  })
}

/** Rules that somebody wrote by another way in, and that are none, rotate nothing any more. */
function after(...[rotation, due, at]: Parameters<typeof failedOnce>) {
  try {
    return failedOnce(rotation, due, at)
  } catch (error) {
    if (error instanceof AwsFault) return { ...rotation, enabled: false }
    throw error
  }
}

/** A UUID of the secret, the due date and the try: who stages it twice, staged it once. */
function tokenOf(id: string, opensAt: number, tries: number): string {
  const digest = hash('sha256', `coffer aws rotation\n${id}\n${opensAt}\n${tries}`)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `4${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}

const JOB = 'job'
/** Of what was turned on before this was kept: an ARN of any region is understood. */
const ANY_REGION = 'us-east-1'
