import { randomBytes } from 'node:crypto'
import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { ratesOf } from '../guard/rates.ts'
import type { Serving } from '../serve.ts'
import { serve } from '../serve.ts'
import { runWorker } from './worker.ts'

/** What a test tells the primary that it forks. */
export interface Orders {
  readonly dataDir: string
  readonly workers: number
  readonly limits: readonly string[]
}

/** A primary and its workers as real processes, which a test talks to over its own channel. */
async function primary(orders: Orders): Promise<void> {
  const served = await serve(
    {
      store: { dataDir: orders.dataDir },
      server: {
        dialects: ['native'],
        trustedProxies: [],
        aws: { accountId: '123456789012' },
      },
      start: { listen: { host: '127.0.0.1', port: 0 } },
      rates: ratesOf(orders.limits),
      openMetrics: false,
      log: { level: 'warn', text: true },
      version: '0.0.0-test',
      clock: Date.now,
      random: (bytes) => randomBytes(bytes),
    },
    {
      workers: orders.workers,
      program: { exec: fileURLToPath(import.meta.url), args: [] },
    },
  )
  process.on('message', (message: string) => void obey(served, message))
  process.on('disconnect', () => process.exit(0))
  served.ended.catch(() => process.send?.({ gaveUp: true }))
  process.send?.({ url: served.url, pids: pids() })
}

const pids = () => Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid ?? 0)

async function obey(served: Serving, message: string): Promise<void> {
  if (message === 'pids') return void process.send?.({ pids: pids() })
  if (message === 'stop') {
    await served.close()
    process.send?.({ stopped: true }, () => process.exit(0))
    return
  }
  await served.gate.submit(message)
  process.send?.({ status: served.gate.status() })
}

if (cluster.isWorker) await runWorker()
else await primary(JSON.parse(process.argv[2] ?? '') as Orders)
