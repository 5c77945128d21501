import type { PlatformOptions } from '../compose.ts'
import type { Clock, Random } from '../core/ports/ambient.ts'
import type { WorkerProgram } from './cluster/primary.ts'
import { createGate } from './gate/gate.ts'
import type { OwnGate } from './gate/gate.ts'
import { createGuard } from './guard/guard.ts'
import { createLocalAuthority } from './guard/local-authority.ts'
import type { Rates } from './guard/rates.ts'
import { countingRefusals } from './guard/refused-requests.ts'
import { createRefusals } from './guard/refusals.ts'
import { createLog } from './log/log.ts'
import type { LogOptions, ServerLog } from './log/log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { serveMetrics } from './metrics/route.ts'
import type { Gate, Server, ServerOptions } from './server.ts'
import { startServer } from './start.ts'
import type { StartOptions } from './start.ts'

/** Everything that a server is told. */
export interface ServeOptions {
  /** Where the store is, and what its seal may use. */
  readonly store: PlatformOptions
  readonly server: ServerOptions
  readonly start: StartOptions
  readonly rates: Rates
  /** `GET /metrics` without a token. */
  readonly openMetrics: boolean
  readonly log: LogOptions
  readonly version: string
  readonly clock: Clock
  readonly random: Random
}

export interface Serving {
  readonly url: string
  /** What clients check it with; absent for plain HTTP and for given files. */
  readonly caFile?: string | undefined
  /** Of the process that was asked to serve: the first credential is made through it. */
  readonly gate: Gate
  /** For what its operator wants to know; flushed by `close`. */
  readonly log: ServerLog
  /** Reads its certificate again. */
  reload(): Promise<void>
  /** Takes nothing more, finishes what is under way within `stopTimeoutMs`, closes the store. */
  close(): Promise<void>
  /** Rejects when it cannot go on serving; else resolves after `close`. */
  readonly ended: Promise<void>
}

/**
 * A server in this process, or with `workers` in so many others: see `serveWithWorkers`.
 * @throws what opening the store and listening throw
 */
export async function serve(options: ServeOptions, workers?: Workers): Promise<Serving> {
  const log = createLog(options.log)
  try {
    if (workers === undefined || workers.workers < 2) return await serveHere(options, log)
    const { serveWithWorkers } = await import('./cluster/primary.ts')
    return await serveWithWorkers(options, log, workers)
  } catch (error) {
    log.flush()
    throw error
  }
}

export interface Workers {
  /** How many processes answer requests. */
  readonly workers: number
  /** What a worker runs: it must call `runWorker` of cluster/worker.ts. */
  readonly program: WorkerProgram
}

/** The store's gate, limits, metrics, logs and the background sweep, behind a port. */
async function serveHere(options: ServeOptions, log: ServerLog): Promise<Serving> {
  const { clock, random, version, rates } = options
  const metrics = createMetrics(() => gate.status().sealed)
  const refusals = createRefusals(async (events) => server.gate.platform().record(events))
  const authority = createLocalAuthority({ rates, refusals, clock: () => performance.now() })
  const gate: OwnGate = await createGate({
    store: { ...options.store, auditFlushed: metrics.auditFlushed },
    clock,
    random,
    opened: (platform) => void platform.startSweeping(),
    troubled: (error) => log.warn('the store could not be opened, and is tried again', error),
  })
  const guard = createGuard(authority, metrics)
  const server: Server = { gate, guard, options: options.server, clock, random, version }
  const ended = Promise.withResolvers<void>()
  try {
    const running = await startServer(server, options.start, {
      watchers: [metrics, log, countingRefusals(guard)],
      observers: [serveMetrics(server, metrics, { open: options.openMetrics })],
      warn: (error) => log.warn('the certificate could not be read', error),
      note: (what) => log.note(what),
    })
    return {
      url: running.url,
      caFile: running.caFile,
      gate,
      log,
      reload: () => running.reload(),
      async close() {
        await running.close()
        await refusals.stop()
        await gate.close()
        metrics.stop()
        log.flush()
        ended.resolve()
      },
      ended: ended.promise,
    }
  } catch (error) {
    await refusals.stop()
    await gate.close()
    throw error
  }
}
