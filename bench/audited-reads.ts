/**
 * Reads whose audit events are durable before the value is handed out, 64 in flight, over a serial
 * write + fdatasync, and over themselves with the flush left to the operating system.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFs } from '../src/adapters/logs/log-fs.ts'
import { openPlatform } from '../src/compose/open.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { alternate, percent, rate } from './measure.ts'

const SECRETS = 1_000
const IN_FLIGHT = 64
/** The floor is slow: it does its work this many times less often. */
const FLOOR_SHARE = 16

export async function measure(): Promise<Row[]> {
  return withPlatform(SECRETS, async (platform, options) => {
    const left = { ...nodeFs, sync: () => {}, syncLater: async () => {} }
    const lazy = await openPlatform(options, { logFs: left })
    const reads = (coffer = platform.as(ACTOR)) => {
      return async (operations: number) => {
        let next = 0
        const lane = async () => {
          while (next < operations) await coffer.read({ path: pathOf(next++ % SECRETS) })
        }
        await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
      }
    }
    const fd = openSync(join(options.dataDir, 'floor'), 'a')
    const line = Buffer.alloc(400, 0x41)
    const rates = await alternate(
      {
        floor: (operations) => {
          for (let i = 0; i < operations / FLOOR_SHARE; i++) {
            writeSync(fd, line)
            fdatasyncSync(fd)
          }
        },
        durable: reads(),
        lazy: reads(lazy.as(ACTOR)),
      },
      { operations: 8_000 },
    )
    closeSync(fd)
    await lazy.close()
    const floor = rates.floor!.perSecond / FLOOR_SHARE
    const overFloor = rates.durable!.perSecond / floor
    const overLazy = rates.durable!.perSecond / rates.lazy!.perSecond
    return [
      {
        what: 'audited durable reads, 64 in flight, over serial write + fdatasync',
        measured: `${overFloor.toFixed(1)} x (${rate(rates.durable!)} over ${Math.round(floor)}/s)`,
        reach: '>= 4 x',
        ok: overFloor >= 4,
      },
      {
        what: 'the same over the flush left to the system',
        measured: `${percent(overLazy)} (${rate(rates.lazy!)})`,
        reach: '>= 55 %',
        ok: overLazy >= 0.55,
      },
    ]
  })
}
