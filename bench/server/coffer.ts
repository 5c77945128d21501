/**
 * A Coffer server over a store that exists, as `coffer serve` makes it: guard, metrics, log of
 * requests (to nowhere) and all dialects. Only the flush of the audit log can be left to the system,
 * which no option of the product does. Told by one JSON argument.
 */
import { randomBytes } from 'node:crypto'
import { nodeFs } from '../../src/adapters/logs/log-fs.ts'
import { openPlatform } from '../../src/compose/open.ts'
import { createGuard } from '../../src/server/guard/guard.ts'
import { createLocalAuthority } from '../../src/server/guard/local-authority.ts'
import { DEFAULT_RATES } from '../../src/server/guard/rates.ts'
import { createRefusals } from '../../src/server/guard/refusals.ts'
import { createLog } from '../../src/server/log/log.ts'
import { createMetrics } from '../../src/server/metrics/metrics.ts'
import { startServer } from '../../src/server/start.ts'

export interface CofferOrder {
  readonly dataDir: string
  readonly key: string
  readonly lazyFlush?: boolean
  readonly tls?: boolean
}

export interface CofferSaid {
  readonly port: number
  readonly caFile?: string | undefined
}

const order = JSON.parse(process.argv[2] ?? '{}') as CofferOrder
const left = { ...nodeFs, sync: () => {}, syncLater: async () => {} }
const platform = await openPlatform(
  { dataDir: order.dataDir, env: { COFFER_MASTER_KEY: order.key } },
  order.lazyFlush === true ? { logFs: left } : {},
)
const status = () => ({
  initialized: true,
  sealed: false,
  kind: 'environment',
  threshold: 1,
  shares: 1,
  progress: 0,
  nonce: '',
  storeId: platform.storeId,
})
const metrics = createMetrics(() => false)
const refusals = createRefusals((batch) => platform.record(batch))
const unlimited = Object.fromEntries(
  Object.keys(DEFAULT_RATES).map((name) => [name, { perSecond: 1e9, burst: 1e9 }]),
)
const rates = { ...DEFAULT_RATES, ...unlimited }
const guard = createGuard(
  createLocalAuthority({ rates, refusals, clock: () => performance.now() }),
  metrics,
)
const log = createLog({ level: 'info', text: false })
const running = await startServer(
  {
    gate: {
      platform: () => platform,
      shareLook: () => platform.shareLook(),
      status,
      submit: async () => status(),
      reset: async () => status(),
      seal: async () => {},
    },
    guard,
    options: {
      dialects: ['native', 'aws', 'vault'],
      trustedProxies: [],
      aws: { accountId: '123456789012' },
    },
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    version: 'bench',
  },
  {
    listen: { host: '127.0.0.1', port: 0 },
    ...(order.tls === true ? { tls: { dataDir: order.dataDir, names: [] } } : {}),
  },
  { watchers: [metrics, log] },
)
const said: CofferSaid = { port: running.port, caFile: running.caFile }
console.log(JSON.stringify(said))
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume()
async function stop(): Promise<void> {
  await running.close()
  await platform.close()
  process.exit(0)
}

process.once('SIGTERM', () => {
  stop().catch(() => process.exit(1))
})
