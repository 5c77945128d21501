import { randomUUID } from 'node:crypto'
import { isCofferError } from '../../../../core/errors.ts'
import { PENDING } from '../../../../core/label.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call } from '../call.ts'
import { arnOf } from '../names/arn.ts'
import { keptOf, withKept } from '../kept.ts'
import { AWSCURRENT, versionAt } from '../staging/stages.ts'
import { versionById } from '../staging/version-ids.ts'
import type { RotationFunction } from './functions.ts'
import type { RotationEvent } from './invoke.ts'
import { STEPS, invoke } from './invoke.ts'
import { nextRotation } from './schedule.ts'

/** Rotations that run after their request was answered. */
export interface Rotations {
  /** All four steps; what a failure leaves behind is the pending version, for the next try. */
  start(rotation: Started): void
  /** Only `testSecret`; the pending version it was made with is let go of. */
  tryOut(rotation: Started): void
  /** Ends those that are running, and waits for them. */
  close(): Promise<void>
}

export interface Started {
  readonly call: Call
  readonly record: SecretRecord
  /** The request's, which is the new version's id. */
  readonly token: string
  readonly target: RotationFunction
}

/** Each may be a process of its own; whoever may write secrets may ask for one for each of them. */
const AT_ONCE_MAX = 32

/** At most `atOnceMax` run, the others wait for their turn. */
export function createRotations(atOnceMax = AT_ONCE_MAX): Rotations {
  const running = new Map<string, Promise<void>>()
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
    if (running.has(name)) return
    // The failure of a rotation is seen in the secret: its pending version stays.
    const settled = turn()
      .then(() => work(rotation, stop.signal))
      .catch(() => {})
      .finally(() => {
        running.delete(name)
        next()
      })
    running.set(name, settled)
  }
  return {
    start: (rotation) => track(rotation, rotate),
    tryOut: (rotation) => track(rotation, tryOut),
    async close() {
      stop.abort()
      await Promise.all(running.values())
    },
  }
}

async function rotate(rotation: Started, signal: AbortSignal): Promise<void> {
  const { call, record, token, target } = rotation
  const step = stepper(rotation)
  for (const name of STEPS) await invoke(target, step(name), signal)
  await retried(async () => {
    const now = await call.platform.peek(record.path)
    if (now === undefined || now.id !== record.id) return
    const version = versionById(now, token)
    if (version === undefined || versionAt(now, AWSCURRENT) !== version.number) return
    const kept = keptOf(now).rotation
    if (kept === undefined) return
    const at = call.server.clock()
    const nextAt = kept.rules === undefined ? undefined : nextRotation(kept.rules, at)
    const { nextAt: _before, ...rest } = kept
    const done = { ...rest, lastRotatedAt: at, ...(nextAt === undefined ? {} : { nextAt }) }
    const dialects = withKept(now, { rotation: done })
    await call.coffer.update(now.path, { dialects }, { ifRevision: now.revision })
  })
}

async function tryOut(rotation: Started, signal: AbortSignal): Promise<void> {
  const { call, record, token, target } = rotation
  try {
    await invoke(target, stepper(rotation)('testSecret'), signal)
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
async function retried(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isCofferError(error, 'conflict')) throw error
    }
  }
}
