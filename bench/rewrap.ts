/** A KEK rotation's re-wrap and an audit verification, in rows a second. */
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { median } from './measure.ts'

const VERSIONS = 100_000
const EVENTS = 200_000

export async function measure(): Promise<Row[]> {
  const rewrap = await withPlatform(VERSIONS, async (platform) => {
    const perSecond: number[] = []
    for (let i = 0; i < 3; i++) {
      const { rewrapped, seconds } = await platform.keys.rotate({ actor: ACTOR })
      perSecond.push(rewrapped / seconds)
    }
    return median(perSecond)
  })
  const verify = await withPlatform(500, async (platform) => {
    const coffer = platform.as(ACTOR)
    const refs = Array.from({ length: 500 }, (_, i) => ({ path: pathOf(i) }))
    for (let events = 0; events < EVENTS; events += refs.length) await coffer.readMany(refs)
    const perSecond: number[] = []
    const before = process.memoryUsage().rss
    let peak = before
    for (let i = 0; i < 3; i++) {
      const start = performance.now()
      const { events, ok } = await coffer.audit.verify({
        progress: () => {
          peak = Math.max(peak, process.memoryUsage().rss)
        },
      })
      if (!ok) throw new Error('the log does not verify')
      perSecond.push(events / ((performance.now() - start) / 1_000))
    }
    return { perSecond: median(perSecond), growthMiB: (peak - before) / 1_048_576 }
  })
  const rows = (perSecond: number) => `${Math.round(perSecond).toLocaleString('en')}/s`
  return [
    {
      what: `KEK rotation, ${VERSIONS.toLocaleString('en')} versions re-wrapped`,
      measured: rows(rewrap),
      reach: '>= 40,000/s',
      ok: rewrap >= 40_000,
    },
    {
      what: `audit verify, ${EVENTS.toLocaleString('en')} events`,
      measured: `${rows(verify.perSecond)}, memory + ${verify.growthMiB.toFixed(0)} MiB`,
      reach: '>= 200,000/s, bounded memory',
      ok: verify.perSecond >= 200_000 && verify.growthMiB < 64,
    },
  ]
}
