import { LIMITS } from '../../../../core/limits.ts'
import type { Jobs } from '../../../../core/ports/jobs.ts'
import type { Server } from '../../../server.ts'
import { dueOf } from './due.ts'
import type { Rotations } from './rotations.ts'
import { rotateIfDue } from './scheduled.ts'

/** Begins rotations when their schedules say so, in one process of all that serve a store. */
export interface Clockwork {
  /** Looks now; every `scheduledRotationsEveryMs` it does so by itself. */
  look(): Promise<void>
  /** Resolves when nothing that was due is under way. */
  idle(): Promise<void>
  /** Begins nothing more. What is under way is ended by who runs it. */
  close(): Promise<void>
}

/**
 * At most `scheduledRotationsMax` are under way, the others wait. As long as a holder lives it renews
 * its lease; after two misses another process takes over what is due and what was begun.
 */
export function createClockwork(server: Server, rotations: Rotations): Clockwork {
  const holder = Buffer.from(server.random(16)).toString('hex')
  const underWay = new Map<string, Promise<void>>()
  let waiting: string[] = []
  let heldUntil = 0
  /** Nothing is to be looked for before it is due, or the store has another generation. */
  let seen = { generation: -1, firstAt: 0 }
  let looking: Promise<void> | undefined

  const lookOnce = async (): Promise<void> => {
    const jobs = await server.gate.platform().jobs()
    const now = server.clock()
    if (!(await jobs.lease('aws-rotation', holder, LEASE_MS))) {
      heldUntil = 0
      return
    }
    heldUntil = now + LEASE_MS
    if (waiting.length > 0) return fill()
    const generation = await jobs.generation()
    if (generation === seen.generation && now < seen.firstAt) return
    const { due, firstAt } = await findDue(jobs, now)
    seen = { generation, firstAt }
    waiting = due.filter((path) => !underWay.has(path))
    fill()
  }

  const fill = (): void => {
    while (underWay.size < LIMITS.scheduledRotationsMax && server.clock() < heldUntil) {
      const path = waiting.shift()
      if (path === undefined) return
      const rotating = begin(path)
        // It is due still, and looked at again.
        .catch(() => {})
        .finally(() => {
          underWay.delete(path)
          fill()
        })
      underWay.set(path, rotating)
    }
  }

  const begin = async (path: string): Promise<void> => {
    const platform = server.gate.platform()
    const jobs = await platform.jobs()
    await rotateIfDue({ server, platform, jobs, rotations }, path)
  }

  const look = () => (looking ??= lookOnce().finally(() => (looking = undefined)))
  // Sealed, or the store is in trouble: the next look may find it otherwise.
  const timer = setInterval(() => void look().catch(() => {}), LIMITS.scheduledRotationsEveryMs)
  timer.unref()

  return {
    look,
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values())
    },
    async close() {
      clearInterval(timer)
      await looking?.catch(() => {})
      heldUntil = 0
      waiting = []
    },
  }
}

/** Paths of what is due, the longest first; and when the first of all is, or was. */
async function findDue(jobs: Jobs, now: number): Promise<{ due: string[]; firstAt: number }> {
  const found: { readonly path: string; readonly at: number }[] = []
  let firstAt = Infinity
  for await (const record of jobs.secretsWith(KEPT)) {
    const due = dueOf(record)
    if (due === undefined) continue
    firstAt = Math.min(firstAt, due.at)
    if (due.at <= now) found.push({ path: record.path, at: due.at })
  }
  return { due: found.toSorted((a, b) => a.at - b.at).map(({ path }) => path), firstAt }
}

/** Every secret with a rotation has one, as `JSON.stringify` writes it. */
const KEPT = '"functionArn":'
const LEASE_MS = 2 * LIMITS.scheduledRotationsEveryMs
