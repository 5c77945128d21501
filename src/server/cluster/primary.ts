import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { createGate } from '../gate/gate.ts'
import type { OwnGate } from '../gate/gate.ts'
import { createLocalAuthority } from '../guard/local-authority.ts'
import { createRefusals } from '../guard/refusals.ts'
import type { ServerLog } from '../log/log.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { Gate, SealStatus } from '../server.ts'
import type { ServeOptions, Serving } from '../serve.ts'
import { addressForWorkers } from './address.ts'
import type { PrimaryMethods, StorePlace, WorkerMethods } from './methods.ts'
import type { Peer } from './peer.ts'
import { createPeer, errorOf } from './peer.ts'
import { createSupervisor } from './supervisor.ts'

/** The program that a worker is: it must call `runWorker`. */
export interface WorkerProgram {
  readonly exec: string
  readonly args: readonly string[]
}

interface Member {
  readonly worker: Worker
  readonly peer: Peer<WorkerMethods>
  /** It has its orders: it knows what was so when it asked, and is told what comes later. */
  begun: boolean
}

/**
 * A server of `workers` processes behind one port. This one answers no request itself: it holds the
 * gate, limits, lockouts and counts of refusals for all, hands the root key to its workers in memory
 * only, replaces those that die, and sweeps. Resolves when all of them answer.
 */
export async function serveWithWorkers(
  options: ServeOptions,
  log: ServerLog,
  { workers: count, program }: { readonly workers: number; readonly program: WorkerProgram },
): Promise<Serving> {
  const { clock, random, rates } = options
  const start = await addressForWorkers(options.start)
  const members = new Map<number, Member>()
  const metrics = createMetrics(() => gate.status().sealed)
  const refusals = createRefusals(async (events) => gate.platform().record(events))
  const authority = createLocalAuthority({
    rates,
    refusals,
    clock: () => performance.now(),
    workers: () => count,
  })
  let rootKey: Uint8Array | undefined
  const ended = Promise.withResolvers<void>()
  // Whoever serves may not look at it.
  ended.promise.catch(() => {})

  /** Each that has its orders; one that does not do it is ended, and its successor will know. */
  const each = async (work: (member: Member) => Promise<unknown>): Promise<void> => {
    await Promise.all(
      [...members.values()]
        .filter(({ begun }) => begun)
        .map(async (member) => {
          try {
            await work(member)
          } catch (error) {
            log.warn('a worker failed and is replaced', error, { worker: member.worker.id })
            member.worker.process.kill('SIGKILL')
          }
        }),
    )
  }
  const gate: OwnGate = await createGate({
    store: options.store,
    clock,
    random,
    async opened(platform, key) {
      platform.startSweeping()
      rootKey = Uint8Array.from(key)
      await each(({ peer }) => peer.ask('open', Uint8Array.from(key)))
    },
    async closing() {
      rootKey?.fill(0)
      rootKey = undefined
      await each(({ peer }) => peer.ask('close'))
    },
    troubled: (error) => log.warn('the store could not be opened, and is tried again', error),
  })
  const toldToAll = async (status: SealStatus): Promise<SealStatus> => {
    await each(async ({ peer }) => peer.ask('status', status))
    return status
  }
  const shared: Gate = {
    ...gate,
    submit: async (share, from) => toldToAll(await gate.submit(share, from)),
    reset: async (from) => toldToAll(await gate.reset(from)),
    async seal(by) {
      await gate.seal(by)
      await toldToAll(gate.status())
    },
  }

  const first = Promise.withResolvers<{ url: string; caFile: string | undefined }>()
  let listening = 0
  const all = Promise.withResolvers<void>()
  all.promise.catch(() => {})

  const methodsFor = (member: () => Member): PrimaryMethods => ({
    begin() {
      member().begun = true
      const { dataDir, auditDir, auditRetentionDays, valueBytesMax, checkpoint } = options.store
      const place = { dataDir, auditDir, auditRetentionDays, valueBytesMax, checkpoint }
      return {
        store: place satisfies StorePlace,
        server: options.server,
        start,
        rates,
        openMetrics: options.openMetrics,
        log: options.log,
        version: options.version,
        status: gate.status(),
        rootKey,
      }
    },
    listening(url, caFile) {
      supervisor.healthy(member().worker)
      first.resolve({ url, caFile })
      listening += 1
      if (listening === count) all.resolve()
    },
    failed(failure) {
      const error = errorOf(failure)
      first.reject(error)
      log.warn('a worker could not start', error, { worker: member().worker.id })
    },
    lease: (name, key, want) => authority.buckets.lease(member().worker.id, name, key, want),
    lockedMs: (login) => authority.lockedMs(login),
    loginEnded: (login, good) => authority.loginEnded(login, good),
    refused: (counts) => {
      for (const { refusal, times } of counts) refusals.count(refusal, times)
    },
    submit: (share, from) => shared.submit(share, from),
    reset: (from) => shared.reset(from),
    seal: (by) => shared.seal(by),
    async otherMetrics() {
      const others = [...members.values()].filter((other) => other !== member() && other.begun)
      const asked = others.map(({ peer }) => within(SNAPSHOT_MS_MAX, peer.ask('snapshot')))
      const found = await Promise.all([metrics.snapshot(), ...asked])
      return found.filter((snapshot) => snapshot !== undefined)
    },
  })

  cluster.setupPrimary({ exec: program.exec, args: [...program.args], serialization: 'advanced' })
  const supervisor = createSupervisor({
    clock: () => performance.now(),
    fork() {
      const worker = cluster.fork()
      const peer = createPeer<WorkerMethods>(
        {
          send: (message) => {
            if (worker.isConnected()) worker.send(message as object)
          },
          onMessage: (listener) => void worker.on('message', listener),
        },
        methodsFor(() => member),
      )
      const member: Member = { worker, peer, begun: false }
      members.set(worker.id, member)
      worker.on('error', () => {})
      return worker
    },
    ended(worker, signal) {
      members.get(worker.id)?.peer.end()
      members.delete(worker.id)
      authority.buckets.forget(worker.id)
      if (closing) return
      const error = new CofferError('unavailable', `It ended (${signal}).`)
      log.warn('a worker ended', error, { worker: worker.id })
    },
    giveUp: () => {
      const error = new CofferError('unavailable', 'Workers end as soon as they start.', {
        remedy: 'See what the server logged; `coffer doctor` checks the store.',
      })
      first.reject(error)
      all.reject(error)
      ended.reject(error)
    },
  })
  let closing = false
  const close = async (): Promise<void> => {
    closing = true
    supervisor.stop()
    await Promise.all(
      [...members.values()].map(async ({ worker, peer, begun }) => {
        const gone = new Promise((resolve) => worker.once('exit', resolve))
        if (begun) await within(LIMITS.stopTimeoutMs + STOP_GRACE_MS, peer.ask('stop'))
        worker.process.kill('SIGKILL')
        await gone
      }),
    )
    await refusals.stop()
    await gate.close()
    metrics.stop()
    log.flush()
    ended.resolve()
  }

  try {
    // One alone makes what all of them use: certificates, the port.
    supervisor.start()
    const { url, caFile } = await first.promise
    for (let more = 1; more < count; more++) supervisor.start()
    await all.promise
    return {
      url,
      caFile,
      gate: shared,
      log,
      reload: () => each(({ peer }) => peer.ask('reload')),
      close,
      ended: ended.promise,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const SNAPSHOT_MS_MAX = 2_000
const STOP_GRACE_MS = 2_000

/** Its answer, or nothing when there is none in time. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([answer.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
