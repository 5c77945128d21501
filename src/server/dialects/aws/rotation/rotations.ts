import { randomUUID } from 'node:crypto'
import { isCofferError } from '../../../../core/errors.ts'
import { PENDING } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call } from '../call.ts'
import { arnOf } from '../names/arn.ts'
import { keptOf, withKept } from '../kept.ts'
import { AWSCURRENT, AWSPENDING, versionAt } from '../staging/stages.ts'
import { versionById, versionIdOf } from '../staging/version-ids.ts'
import { aimed } from './due.ts'
import type { RotationFunction } from './functions.ts'
import type { RotationEvent } from './invoke.ts'
import { STEPS, invoke } from './invoke.ts'

/** Rotations that run after their request was answered. */
export interface Rotations {
  /** All four steps; what a failure or `CancelRotateSecret` leaves behind is the pending version. */
  start(rotation: Started): void
  /** The same for who waits for it; never rejects. */
  run(rotation: Started): Promise<Ending>
  /** Only `testSecret`; the pending version it was made with is let go of. */
  tryOut(rotation: Started): void
  /** Ends those that are running, and waits for them. */
  close(): Promise<void>
}

/** `stopped` by `close`, and to be taken up again. */
export type Ending = 'rotated' | 'failed' | 'stopped'

export interface Started {
  readonly call: Pick<Call, 'region' | 'accountId' | 'platform' | 'coffer' | 'server'>
  readonly record: SecretRecord
  /** The request's, which is the new version's id. */
  readonly token: string
  readonly target: RotationFunction
}

/** The id of the version that is pending and not current: of a rotation that has not ended. */
export function unfinishedOf(record: SecretRecord): string | undefined {
  const number = versionAt(record, AWSPENDING)
  if (number === undefined || number === versionAt(record, AWSCURRENT)) return undefined
  const pending = record.versions.find((v) => v.number === number)
  return pending === undefined ? undefined : versionIdOf(record.id, pending)
}

/** Each may be a process of its own; whoever may write secrets may ask for one for each of them. */
const AT_ONCE_MAX = 32

/** At most `atOnceMax` run, the others wait for their turn. */
export function createRotations(atOnceMax = AT_ONCE_MAX): Rotations {
  const running = new Map<string, Promise<Ending>>()
  const waiting: (() => void)[] = []
  const stop = new AbortController()
  let free = atOnceMax
  const turn = async (): Promise<void> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const next = () => {
    const first = waiting.shift()
    if (first === undefined) free += 1
    else first()
  }
  const track = (rotation: Started, work: typeof rotate) => {
    const name = `${rotation.record.id} ${rotation.token}`
    // The same request once more joins the rotation that it began.
    const before = running.get(name)
    if (before !== undefined) return before
    // The failure of a rotation is seen in the secret: its pending version stays.
    const settled = turn()
      .then(() => work(rotation, stop.signal))
      .then(
        (rotated): Ending => (rotated ? 'rotated' : 'failed'),
        (): Ending => (stop.signal.aborted ? 'stopped' : 'failed'),
      )
      .finally(() => {
        running.delete(name)
        next()
      })
    running.set(name, settled)
    return settled
  }
  return {
    start: (rotation) => void track(rotation, rotate),
    run: (rotation) => track(rotation, rotate),
    tryOut: (rotation) => void track(rotation, tryOut),
    async close() {
      stop.abort()
      await Promise.all(running.values())
    },
  }
}

async function rotate(rotation: Started, signal: AbortSignal): Promise<boolean> {
  const step = stepper(rotation)
  for (const name of STEPS) {
    if (!(await isWanted(rotation))) return false
    await invoke(rotation.target, step(name), signal)
  }
  return noteRotated(rotation)
}

/** False once it was cancelled, by whatever process, or the secret has gone. */
async function isWanted({ call, record }: Started): Promise<boolean> {
  const now = await call.platform.peek(record.path)
  return now?.id === record.id && keptOf(now).rotation?.enabled === true
}

/** Says that the version of this token is the current one, and when the next is due; false if it is not. */
export const noteRotated = ({ call, record, token }: Omit<Started, 'target'>): Promise<boolean> =>
  retried(async () => {
    const now = await call.platform.peek(record.path)
    if (now === undefined || now.id !== record.id) return false
    const version = versionById(now, token)
    if (version === undefined || versionAt(now, AWSCURRENT) !== version.number) return false
    const kept = keptOf(now).rotation
    if (kept === undefined) return true
    const at = call.server.clock()
    const dialects = withKept(now, { rotation: { ...aimed(kept, at), lastRotatedAt: at } })
    await call.coffer.update(now.path, { dialects }, { ifRevision: now.revision })
    return true
  })

async function tryOut(rotation: Started, signal: AbortSignal): Promise<boolean> {
  const { call, record, token, target } = rotation
  try {
    await invoke(target, stepper(rotation)('testSecret'), signal)
    return true
  } finally {
    const now = await call.platform.peek(record.path)
    const version = now === undefined ? undefined : versionById(now, token)
    if (now !== undefined && version !== undefined && now.labels[PENDING] === version.number) {
      await call.coffer.label(now.path, { label: PENDING, from: version.number })
    }
  }
}

function stepper({
  call,
  record,
  token,
}: Started): (step: (typeof STEPS)[number]) => RotationEvent {
  const RotationToken = randomUUID()
  return (Step) => ({
    Step,
    SecretId: arnOf(call, record),
    ClientRequestToken: token,
    RotationToken,
  })
}

/** The last word on a rotation is said again when another change was faster. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isCofferError(error, 'conflict') || tries === TRIES_MAX) throw error
    }
  }
}

const TRIES_MAX = 10
