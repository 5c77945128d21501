/** Minutes of load on one server: its memory in the last third over the middle third. */
import { ACTOR, withPlatform } from './fixture.ts'
import { median, percent } from './measure.ts'
import type { Row } from './measure.ts'
import type { CofferOrder, CofferSaid } from './server/coffer.ts'
import { load, serve } from './server/processes.ts'
import { requestsOf } from './server/requests.ts'

const MINUTES = Number(process.env['BENCH_SOAK_MINUTES'] ?? 10)
const LOOK_MS = 1_000

export async function measure(): Promise<Row[]> {
  return withPlatform(1_000, async (platform, options) => {
    const { native } = await requestsOf(platform, 1_000)
    const server = await serve<CofferSaid>('coffer.ts', {
      dataDir: options.dataDir,
      key: options.env?.['COFFER_MASTER_KEY'] ?? '',
    } satisfies CofferOrder)
    const seen: number[] = []
    const timer = setInterval(() => seen.push(server.memoryMiB()), LOOK_MS)
    const { perSecond } = await load({
      port: server.said.port,
      requests: native,
      connections: 128,
      warmMs: 0,
      durationMs: MINUTES * 60_000,
    })
    clearInterval(timer)
    await server.stop()
    const third = Math.floor(seen.length / 3)
    const middle = median(seen.slice(third, 2 * third))
    const last = median(seen.slice(2 * third))
    const grown = last / middle - 1
    return [
      {
        what: `memory over ${MINUTES} minutes of load as ${ACTOR}, last third over middle third`,
        measured: `${grown >= 0 ? '+' : ''}${(grown * 100).toFixed(1)} % (${middle.toFixed(0)} to ${last.toFixed(0)} MiB, ${Math.round(perSecond).toLocaleString('en')}/s)`,
        reach: `within ${percent(0.05)}`,
        ok: Math.abs(grown) <= 0.05,
      },
    ]
  })
}
