/**
 * A server over loopback: reads in every protocol over a bare `node:http` that answers a constant of
 * that size, TLS over plain, latency at half of the greatest rate, writes, and a store of many secrets,
 * policies and tokens over one of few. Server and load are processes of their own, each on its core.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { PlatformOptions } from '../src/compose.ts'
import type { Platform } from '../src/core/ports/platform.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import { median, percent } from './measure.ts'
import type { Row } from './measure.ts'
import type { CofferOrder, CofferSaid } from './server/coffer.ts'
import type { LoadOrder, LoadReport } from './server/load.ts'
import { load, requestOf, serve } from './server/processes.ts'
import { type Requests, requestsOf } from './server/requests.ts'

const SECRETS = 1_000
const FEW = 10
const MANY = Number(process.env['BENCH_SCALE'] ?? 100_000)
const MANY_POLICIES = 1_000
const MANY_TOKENS = 10_000
const CONNECTIONS = 128
const WRITERS = 16
const ROUNDS = 5
const WARM_MS = 1_000
const COUNTED_MS = 3_000
/** Of one answer to a native read of the fixture's values. */
const ANSWER_BYTES = 290

type Options = PlatformOptions & { readonly dataDir: string }

export async function measure(): Promise<Row[]> {
  const rows = await withServer({}, (durable) =>
    withServer({ lazyFlush: true }, (lazy) =>
      withServer({ tls: true }, (tls) => protocols(durable, lazy, tls)),
    ),
  )
  return [...rows, await scale()]
}

/** A server with a store of its own: what others append to a log, each of its processes reads. */
interface Store {
  readonly said: CofferSaid
  readonly requests: Requests
}

const withServer = <T>(order: Partial<CofferOrder>, work: (store: Store) => Promise<T>) =>
  withPlatform(SECRETS, async (platform, options) => {
    const requests = await requestsOf(platform, SECRETS)
    const server = await coffer(options, order)
    const result = await work({ said: server.said, requests })
    await server.stop()
    return result
  })

async function protocols(durable: Store, lazy: Store, tls: Store): Promise<Row[]> {
  const bare = await serve<CofferSaid>('bare.ts', ANSWER_BYTES)
  const { requests } = durable
  const ca = readFileSync(tls.said.caFile ?? '', 'utf8')
  const secure = { port: tls.said.port, ca }
  const rates = await alternate({
    bare: { port: bare.said.port, requests: requests.native },
    durable: { port: durable.said.port, requests: requests.native },
    lazy: { port: lazy.said.port, requests: lazy.requests.native },
    tls: { ...secure, requests: tls.requests.native },
    vault: { port: durable.said.port, requests: requests.vault },
    aws: { port: durable.said.port, requests: requests.aws },
  })
  const half = await typical({
    port: durable.said.port,
    requests: requests.native,
    connections: CONNECTIONS,
    warmMs: WARM_MS,
    durationMs: 2 * COUNTED_MS,
    perSecond: rates.durable / 2,
  })
  const writes = await typical({
    port: durable.said.port,
    requests: requests.writes,
    connections: WRITERS,
    warmMs: WARM_MS,
    durationMs: COUNTED_MS,
  })
  await bare.stop()
  return [
    ratio(
      'audited durable read over HTTP, 128 connections, over bare node:http',
      rates.durable,
      rates.bare,
      0.2,
    ),
    ratio('the same with the flush left to the system', rates.lazy, rates.bare, 0.28),
    ratio('the same over TLS, over plain', rates.tls, rates.durable, 0.7),
    ratio('Vault dialect read over native read', rates.vault, rates.durable, 0.7),
    ratio('AWS dialect read over native read', rates.aws, rates.durable, 0.7),
    latency('read at half of the greatest rate', half, 10),
    latency('durable write, 16 in flight', writes, 25),
  ]
}

async function scale(): Promise<Row> {
  const few = await withPlatform(FEW, (platform, options) =>
    crowd(platform, options, FEW, FEW, FEW),
  )
  const many = await withPlatform(MANY, (platform, options) =>
    crowd(platform, options, MANY, MANY_POLICIES, MANY_TOKENS),
  )
  const sizes = [MANY, MANY_POLICIES, MANY_TOKENS].map((n) => n.toLocaleString('en'))
  return ratio(
    `read with ${sizes[0]} secrets, ${sizes[1]} policies, ${sizes[2]} tokens, over ${FEW} of each`,
    many,
    few,
    0.8,
  )
}

/** Reads a second by tokens that have a policy each, of the secrets that it names. */
async function crowd(
  platform: Platform,
  options: Options,
  secrets: number,
  policies: number,
  tokens: number,
): Promise<number> {
  const { access, identities } = platform.as(ACTOR)
  for (let i = 0; i < policies; i++) {
    const paths = [pathOf(Math.floor((i * secrets) / policies))]
    await access.putPolicy({
      name: `p${i}`,
      rules: [{ effect: 'allow', actions: ['read'], paths }],
    })
  }
  const requests: string[] = []
  for (let i = 0; i < tokens; i++) {
    const { token } = await identities.createToken({ policies: [`p${i % policies}`], orphan: true })
    const path = pathOf(Math.floor(((i % policies) * secrets) / policies))
    const headers = { authorization: `Bearer ${token.reveal()}` }
    requests.push(requestOf('GET', `/api/v1/secrets/${path}`, headers))
  }
  const server = await coffer(options, {})
  const rates = await alternate({ crowd: { port: server.said.port, requests } })
  await server.stop()
  return rates.crowd
}

const coffer = (options: Options, order: Partial<CofferOrder>) =>
  serve<CofferSaid>('coffer.ts', {
    dataDir: options.dataDir,
    key: options.env?.['COFFER_MASTER_KEY'] ?? '',
    ...order,
  } satisfies CofferOrder)

interface Target {
  readonly port: number
  readonly ca?: string
  readonly requests: readonly string[]
}

/**
 * Requests a second, in turn, so that a slower minute slows all of them; after a round that is not
 * counted, in which code is compiled.
 */
async function alternate<K extends string>(targets: Record<K, Target>): Promise<Record<K, number>> {
  const seen = new Map<string, number[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, target] of Object.entries<Target>(targets)) {
      const { perSecond } = await load({
        ...target,
        connections: CONNECTIONS,
        warmMs: WARM_MS,
        durationMs: COUNTED_MS,
      })
      if (round > 0) seen.set(name, [...(seen.get(name) ?? []), perSecond])
      // The lazy server leaves its log to the system, which would write it while the next is measured.
      spawnSync('sync')
    }
  }
  return Object.fromEntries([...seen].map(([name, all]) => [name, median(all)])) as Record<
    K,
    number
  >
}

/**
 * Of five runs the one in the middle, after one that is not counted: another pace has V8 compile anew,
 * on the server's own core, and a disk that holds one flush up for long is in one of them.
 */
async function typical(order: LoadOrder): Promise<LoadReport> {
  const runs: LoadReport[] = []
  for (let round = 0; round <= ROUNDS; round++) runs.push(await load(order))
  const middle = runs.slice(1).toSorted((a, b) => a.p99Ms - b.p99Ms)[ROUNDS >> 1]
  if (middle === undefined) throw new Error('There was no run.')
  return middle
}

const thousands = (perSecond: number) => `${Math.round(perSecond).toLocaleString('en')}/s`

const ratio = (what: string, mine: number, floor: number, reach: number): Row => ({
  what,
  measured: `${percent(mine / floor)} (${thousands(mine)} over ${thousands(floor)})`,
  reach: `>= ${percent(reach)}`,
  ok: mine / floor >= reach,
})

const latency = (what: string, { p99Ms, p50Ms, perSecond }: LoadReport, reachMs: number): Row => ({
  what: `p99 of a ${what}`,
  measured: `${p99Ms.toFixed(1)} ms (median ${p50Ms.toFixed(1)} ms, ${thousands(perSecond)})`,
  reach: `<= ${reachMs} ms`,
  ok: p99Ms <= reachMs,
})
