import { pooledRandom } from '../../compose.ts'
import { createGuard } from '../guard/guard.ts'
import { createLeasedAuthority } from '../guard/leased-authority.ts'
import { countingRefusals } from '../guard/refused-requests.ts'
import { createLog } from '../log/log.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { serveMetrics } from '../metrics/route.ts'
import type { Server } from '../server.ts'
import type { RunningServer } from '../start.ts'
import { startServer } from '../start.ts'
import type { PrimaryMethods, WorkerMethods, WorkerOrders } from './methods.ts'
import type { Methods, Peer } from './peer.ts'
import { createPeer, failureOf } from './peer.ts'
import { createWorkerGate } from './worker-gate.ts'

/**
 * This process as a worker of the primary that forked it. It ends when the primary says so, or is
 * gone; signals are the primary's business.
 */
export async function runWorker(): Promise<never> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  const ready = Promise.withResolvers<WorkerMethods>()
  const primary = createPeer<PrimaryMethods>(
    {
      send: (message) => void process.send?.(message),
      onMessage: (listener) => void process.on('message', listener),
    },
    whenReady(ready.promise),
  )
  try {
    await begin(primary, ready.resolve, await primary.ask('begin'))
    return await new Promise<never>(() => {})
  } catch (error) {
    await primary.ask('failed', failureOf(error)).catch(() => {})
    return process.exit(1)
  }
}

const METHODS = ['open', 'close', 'status', 'snapshot', 'reload', 'stop'] as const

/** What the primary asks before the worker has begun waits for that. */
const whenReady = (ready: Promise<Methods>): Methods =>
  Object.fromEntries(
    METHODS.map((name) => [name, async (...given: never[]) => (await ready)[name]?.(...given)]),
  )

async function begin(
  primary: Peer<PrimaryMethods>,
  ready: (methods: WorkerMethods) => void,
  orders: WorkerOrders,
): Promise<void> {
  const { rates, version } = orders
  const log = createLog({ ...orders.log, shared: true })
  const metrics = createMetrics(() => gate.status().sealed)
  const store = { ...orders.store, auditFlushed: metrics.auditFlushed }
  const gate = createWorkerGate(primary, store, orders.status)
  const authority = createLeasedAuthority(
    {
      lease: (...given) => primary.ask('lease', ...given),
      lockedMs: (login) => primary.ask('lockedMs', login),
      loginEnded: (...given) => primary.tell('loginEnded', ...given),
      refused: (counts) => primary.tell('refused', counts),
    },
    { rates, clock: () => performance.now() },
  )
  const server: Server = {
    gate,
    guard: createGuard(authority, metrics),
    options: orders.server,
    clock: Date.now,
    random: pooledRandom(),
    version,
  }
  const sum = {
    contentType: metrics.contentType,
    text: async () => metrics.text(await primary.ask('otherMetrics')),
  }
  let running: RunningServer | undefined
  ready({
    open: (rootKey) => gate.open(rootKey),
    close: () => gate.close(),
    status: (status) => gate.told(status),
    snapshot: () => metrics.snapshot(),
    reload: async () => running?.reload(),
    async stop() {
      await running?.close()
      authority.stop()
      await gate.close()
      log.flush()
    },
  })
  if (orders.rootKey !== undefined) await gate.open(orders.rootKey)
  running = await startServer(server, orders.start, {
    watchers: [metrics, log, countingRefusals(server.guard)],
    observers: [serveMetrics(server, sum, { open: orders.openMetrics })],
    warn: (error) => log.warn('the certificate could not be read', error),
    note: (what) => log.note(what),
  })
  await primary.ask('listening', running.url, running.caFile)
}
