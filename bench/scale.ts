/** A store of 1,000,000 secrets beside one of 1,000: reads, first list pages, opening, memory. */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { openPlatform } from '../src/compose.ts'
import type { PlatformOptions } from '../src/compose.ts'
import type { Coffer } from '../src/core/ports/coffer.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { median } from './measure.ts'

const SMALL = 1_000
const LARGE = Number(process.env['BENCH_SCALE'] ?? 1_000_000)
const READS = 3_000
const RESTRICTED = 'service:restricted'

export async function measure(): Promise<Row[]> {
  const small = await withPlatform(SMALL, (_platform, options) => lookApart(options, SMALL))
  const large = await withPlatform(LARGE, async (platform, options) => {
    await platform.as(ACTOR).access.putPolicy({
      name: 'ten-paths',
      rules: [
        {
          effect: 'allow',
          actions: ['list', 'read'],
          paths: Array.from({ length: 10 }, (_, i) => pathOf(Math.floor((LARGE / 11) * (i + 1)))),
        },
      ],
    })
    await platform
      .as(ACTOR)
      .access.putActor({ name: RESTRICTED, policies: ['ten-paths'], roles: [] })
    return lookApart(options, LARGE)
  })
  const ratio = large.readUs / small.readUs
  const size = LARGE.toLocaleString('en')
  return [
    {
      what: `read median, ${size} secrets over ${SMALL.toLocaleString('en')}`,
      measured: `${ratio.toFixed(2)} x (${large.readUs.toFixed(0)} µs over ${small.readUs.toFixed(0)} µs)`,
      reach: '<= 1.3 x',
      ok: ratio <= 1.3,
    },
    {
      what: `first list page of ${size}; for an actor allowed 10 paths`,
      measured: `${large.pageMs.toFixed(1)} ms; ${large.restrictedPageMs.toFixed(1)} ms`,
      reach: '<= 5 ms',
      ok: large.pageMs <= 5 && large.restrictedPageMs <= 5,
    },
    {
      what: `open ${size}; memory after ${READS.toLocaleString('en')} reads`,
      measured: `${large.openMs.toFixed(0)} ms; ${large.memoryMiB.toFixed(0)} MiB`,
      reach: '<= 1 s; <= 250 MB',
      ok: large.openMs <= 1_000 && large.memoryMiB <= 250,
    },
  ]
}

interface Look {
  readonly openMs: number
  readonly readUs: number
  readonly pageMs: number
  readonly restrictedPageMs: number
  readonly memoryMiB: number
}

/** In a process of its own, so that its memory is what a reader needs. */
function lookApart(options: PlatformOptions, secrets: number): Promise<Look> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['look'])
    child.once('message', (found) => resolve(found as Look))
    child.once('exit', (code) => code !== 0 && reject(new Error(`look ended with ${code}`)))
    child.send({ options, secrets })
  })
}

if (process.argv[2] === 'look') {
  process.once('message', (message) => {
    const { options, secrets } = message as { options: PlatformOptions; secrets: number }
    look(options, secrets)
      .then((found) => {
        process.send?.(found)
        process.disconnect?.()
      })
      .catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      })
  })
}

async function look(options: PlatformOptions, secrets: number): Promise<Look> {
  const start = performance.now()
  const platform = await openPlatform(options)
  const openMs = performance.now() - start
  try {
    const coffer = platform.as(ACTOR)
    const readUs = await readMedian(coffer, secrets)
    return {
      openMs,
      readUs,
      pageMs: await pageMedian(coffer, 100),
      restrictedPageMs: await pageMedian(platform.as(RESTRICTED), 10),
      memoryMiB: process.memoryUsage().rss / 1_048_576,
    }
  } finally {
    await platform.close()
  }
}

/** Random paths, one after the other, audited and durable as any read. */
async function readMedian(coffer: Coffer, secrets: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < READS; i++) {
    const path = pathOf(randomBytes(4).readUInt32BE() % secrets)
    const start = performance.now()
    if ((await coffer.read({ path })) === undefined) throw new Error('absent')
    times.push((performance.now() - start) * 1_000)
  }
  return median(times)
}

async function pageMedian(coffer: Coffer, expected: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 21; i++) {
    const start = performance.now()
    const { items } = await coffer.list({ limit: 100 })
    times.push(performance.now() - start)
    if (items.length > expected) throw new Error('more than the actor may see')
  }
  return median(times)
}
