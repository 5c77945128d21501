/**
 * A load generator for one HTTP server on loopback, in a process of its own: keep-alive connections
 * with one request in flight each. The requests are whole, prepared bytes; answers are counted by
 * their `Content-Length`. Told by one JSON argument, tells by one JSON line.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { json } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'

export interface LoadOrder {
  readonly port: number
  /** PEM; TLS when it is there. */
  readonly ca?: string
  /** Whole requests, base64; each connection goes round them. */
  readonly requests: readonly string[]
  readonly connections: number
  /** Not counted at the start. */
  readonly warmMs: number
  readonly durationMs: number
  /** Requests a second at a steady pace; absent: as many as there are answers. */
  readonly perSecond?: number
}

export interface LoadReport {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Answers that were not 2xx, and connections that broke. */
  readonly refused: number
  /** Of one core, while it was counted. Near 1 the generator is what was measured. */
  readonly generatorBusy: number
}

/** One connection; resolves each request with its status. */
interface Lane {
  ask(request: Buffer): Promise<number>
  close(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

async function openLane({ port, ca }: LoadOrder): Promise<Lane> {
  const socket: Socket =
    ca === undefined
      ? connect({ port, host: '127.0.0.1' })
      : connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' })
  await new Promise<void>((resolve, reject) => {
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve())
    socket.once('error', reject)
  })
  socket.setNoDelay(true)
  let waiting: ((status: number) => void) | undefined
  let pending: Buffer | undefined
  socket.on('error', () => waiting?.(0))
  socket.on('close', () => waiting?.(0))
  socket.on('data', (chunk: Buffer) => {
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk])
    const headEnd = bytes.indexOf(HEAD_END)
    pending = bytes
    if (headEnd === -1) return
    const head = bytes.toString('latin1', 0, headEnd)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length < headEnd + 4 + length) return
    pending = undefined
    waiting?.(Number(head.slice(9, 12)))
  })
  return {
    ask: (request) =>
      new Promise((resolve) => {
        waiting = resolve
        socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}

async function run(order: LoadOrder): Promise<LoadReport> {
  const requests = order.requests.map((text) => Buffer.from(text, 'base64'))
  const lanes = await Promise.all(Array.from({ length: order.connections }, () => openLane(order)))
  const begin = performance.now()
  const counted = begin + order.warmMs
  const end = counted + order.durationMs
  const latencies: number[] = []
  let refused = 0
  let cpu = process.cpuUsage()
  setTimeout(() => (cpu = process.cpuUsage()), order.warmMs)
  /** With a pace, each lane has turns of its own; time spent waiting for a late one counts. */
  const gapMs = order.perSecond === undefined ? 0 : (1_000 * order.connections) / order.perSecond
  await Promise.all(
    lanes.map(async (lane, index) => {
      let turn = begin + (gapMs * index) / order.connections
      for (let next = index; ; next++) {
        if (gapMs > 0) {
          turn += gapMs
          const early = turn - performance.now()
          if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
        }
        const asked = gapMs > 0 ? turn : performance.now()
        if (asked >= end) return
        const status = await lane.ask(requests[next % requests.length]!)
        const now = performance.now()
        if (now < counted || now > end) continue
        if (status >= 200 && status < 300) latencies.push(now - asked)
        else refused += 1
        if (status === 0) return
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpu)
  for (const lane of lanes) lane.close()
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return {
    perSecond: (latencies.length * 1_000) / order.durationMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    refused,
    generatorBusy: (user + system) / 1_000 / order.durationMs,
  }
}

console.log(JSON.stringify(await run((await json(process.stdin)) as LoadOrder)))
