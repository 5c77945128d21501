/** A store of 1,000,000 secrets beside one of 1,000: reads, first list pages, opening, memory. */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { openPlatform } from '../src/compose.ts'
import type { PlatformOptions } from '../src/compose.ts'
import type { Coffer } from '../src/core/ports/coffer.ts'
import type { Platform } from '../src/core/ports/platform.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { median } from './measure.ts'

const SMALL = 1_000
const LARGE = Number(process.env['BENCH_SCALE'] ?? 1_000_000)
/** Reads of each, a tenth at a time in turn: what else the machine does changes both sides. */
const READS = 3_000
const ROUNDS = 10
const RESTRICTED = 'service:restricted'

export async function measure(): Promise<Row[]> {
  return withPlatform(SMALL, (_, smallOptions) =>
    withPlatform(LARGE, async (platform, largeOptions) => {
      const access = platform.as(ACTOR).access
      const paths = Array.from({ length: 10 }, (__, i) =>
        pathOf(Math.floor((LARGE / 11) * (i + 1))),
      )
      const rules = [{ effect: 'allow', actions: ['list', 'read'], paths }] as const
      await access.putPolicy({ name: 'ten-paths', rules })
      await access.putActor({ name: RESTRICTED, policies: ['ten-paths'], roles: [] })
      const small = lookerAt(smallOptions, SMALL)
      const large = lookerAt(largeOptions, LARGE)
      try {
        return await rowsOf(small, large)
      } finally {
        small.end()
        large.end()
      }
    }),
  )
}

async function rowsOf(small: Looker, large: Looker): Promise<Row[]> {
  await small.ask('open')
  const openMs = await large.ask<number>('open')
  const timesUs: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    timesUs[0].push(...(await small.ask<number[]>('read')))
    timesUs[1].push(...(await large.ask<number[]>('read')))
  }
  const [smallUs, largeUs] = [median(timesUs[0]), median(timesUs[1])]
  const memoryMiB = await large.ask<number>('memory')
  const [pageMs, restrictedMs] = await large.ask<[number, number]>('pages')
  const ratio = largeUs / smallUs
  const size = LARGE.toLocaleString('en')
  return [
    {
      what: `read median, ${size} secrets over ${SMALL.toLocaleString('en')}`,
      measured: `${ratio.toFixed(2)} x (${largeUs.toFixed(0)} µs over ${smallUs.toFixed(0)} µs)`,
      reach: '<= 1.3 x',
      ok: ratio <= 1.3,
    },
    {
      what: `first list page of ${size}; for an actor allowed 10 paths`,
      measured: `${pageMs.toFixed(1)} ms; ${restrictedMs.toFixed(1)} ms`,
      reach: '<= 5 ms',
      ok: pageMs <= 5 && restrictedMs <= 5,
    },
    {
      what: `open ${size}; memory after ${READS.toLocaleString('en')} reads`,
      measured: `${openMs.toFixed(0)} ms; ${memoryMiB.toFixed(0)} MiB`,
      reach: '<= 1 s; <= 250 MB',
      ok: openMs <= 1_000 && memoryMiB <= 250,
    },
  ]
}

/** A store that is opened in a process of its own, so that its memory is what a reader needs. */
interface Looker {
  ask<T>(question: Question): Promise<T>
  end(): void
}

type Question = 'open' | 'read' | 'memory' | 'pages'

function lookerAt(options: PlatformOptions, secrets: number): Looker {
  const child = fork(fileURLToPath(import.meta.url), ['look'])
  child.send({ options, secrets })
  return {
    ask: <T>(question: Question) =>
      new Promise<T>((resolve, reject) => {
        const ended = () => reject(new Error(`It ended at the question ${question}.`))
        child.once('exit', ended)
        child.once('message', (answer) => {
          child.off('exit', ended)
          resolve(answer as T)
        })
        child.send(question)
      }),
    end: () => child.disconnect(),
  }
}

interface Looked {
  readonly options: PlatformOptions
  readonly secrets: number
}

if (process.argv[2] === 'look') process.once('message', (looked) => look(looked as Looked))

function look({ options, secrets }: Looked): void {
  let platform: Platform | undefined
  const answers: Readonly<Record<Question, () => Promise<unknown>>> = {
    async open() {
      const start = performance.now()
      platform = await openPlatform(options)
      return performance.now() - start
    },
    read: () => readTimes(platform!.as(ACTOR), secrets),
    memory: async () => process.memoryUsage().rss / 1_048_576,
    pages: async () => [
      await pageMedian(platform!.as(ACTOR), 100),
      await pageMedian(platform!.as(RESTRICTED), 10),
    ],
  }
  process.on('message', (question: Question) => {
    answers[question]().then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.once('disconnect', () => void platform?.close())
}

/** Microseconds of reads of random paths, one after the other, audited and durable as any read. */
async function readTimes(coffer: Coffer, secrets: number): Promise<number[]> {
  const timesUs: number[] = []
  for (let i = 0; i < READS / ROUNDS; i++) {
    const path = pathOf(randomBytes(4).readUInt32BE() % secrets)
    const start = performance.now()
    if ((await coffer.read({ path })) === undefined) throw new Error('absent')
    timesUs.push((performance.now() - start) * 1_000)
  }
  return timesUs
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
