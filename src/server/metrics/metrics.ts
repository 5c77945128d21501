import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client'
import { ERRORS } from '../../core/errors.ts'
import type { GuardWatcher } from '../guard/guard.ts'
import type { RequestFacts, RequestWatcher } from '../observe.ts'

/** What this process counts. No path, actor, token or address is ever a label (docs/metrics.md). */
export interface Metrics extends RequestWatcher, GuardWatcher {
  auditFlushed(seconds: number): void
  /** For a sum over processes. */
  snapshot(): Promise<MetricsSnapshot>
  /** Prometheus' text of this process, together with what others have counted. */
  text(others?: readonly MetricsSnapshot[]): Promise<string>
  readonly contentType: string
  stop(): void
}

/** Plain data: it can be sent to another process. */
export type MetricsSnapshot = readonly object[]

/** `sealed` is asked when somebody looks. */
export function createMetrics(sealed: () => boolean): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'coffer_requests_total',
    help: 'Requests answered, by way in, operation and class of status.',
    labelNames: ['via', 'operation', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'coffer_request_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labelNames: ['via', 'operation'],
    buckets: LATENCY_BUCKETS,
    registers,
  })
  let inFlight = 0
  registry.registerMetric(
    new Gauge({
      name: 'coffer_requests_in_flight',
      help: 'Requests that are not answered yet.',
      registers: [],
      collect() {
        this.set(inFlight)
      },
    }),
  )
  const errors = new Counter({
    name: 'coffer_errors_total',
    help: 'Failures of our own (status 500 and above), by code: store_busy, audit_unavailable.',
    labelNames: ['code'],
    registers,
  })
  const throttled = new Counter({
    name: 'coffer_throttled_total',
    help: 'Requests refused by a limit, by limit.',
    labelNames: ['limit'],
    registers,
  })
  const refused = new Counter({
    name: 'coffer_refused_total',
    help: 'Bad or missing credentials and requests that make no sense, by way in.',
    labelNames: ['via'],
    registers,
  })
  const flushes = new Histogram({
    name: 'coffer_audit_flush_seconds',
    help: 'Until a batch of audit events was durable in the log and every required sink.',
    buckets: LATENCY_BUCKETS,
    registers,
  })
  registry.registerMetric(
    new Gauge({
      name: 'coffer_sealed',
      help: '1 while no secret can be handed out.',
      registers: [],
      aggregator: 'max',
      collect() {
        this.set(sealed() ? 1 : 0)
      },
    }),
  )

  /** What is counted at every request, with its labels looked up once. */
  const ways = new Map<string, Map<string, Counted[]>>()
  const countedOf = (way: string, operation: string, statusClass: number): Counted => {
    let operations = ways.get(way)
    if (operations === undefined) ways.set(way, (operations = new Map()))
    let classes = operations.get(operation)
    if (classes === undefined) operations.set(operation, (classes = []))
    return (classes[statusClass] ??= {
      requests: requests.labels(way, operation, `${statusClass}xx`),
      seconds: seconds.labels(way, operation),
    })
  }

  return {
    contentType: registry.contentType,
    began: () => void inFlight++,
    ended({ via, operation, status, ms, code }: RequestFacts) {
      inFlight--
      const counted = countedOf(wayIn(via), operation, Math.floor(status / 100))
      counted.requests.inc()
      counted.seconds.observe(ms / 1_000)
      if (status >= 500 && code !== undefined) errors.inc({ code: known(code) })
    },
    throttled: (limit) => throttled.inc({ limit }),
    refused: (via) => refused.inc({ via: wayIn(via) }),
    auditFlushed: (took) => flushes.observe(took),
    snapshot: () => registry.getMetricsAsJSON(),
    async text(others = []) {
      if (others.length === 0) return registry.metrics()
      const all = [await registry.getMetricsAsJSON(), ...others]
      return AggregatorRegistry.aggregate(all.map((each) => [...each])).metrics()
    },
    stop: () => registry.clear(),
  }
}

interface Counted {
  readonly requests: Counter.Internal
  readonly seconds: Histogram.Internal<string>
}

const LATENCY_BUCKETS = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** A label has few values, whatever comes in. */
const WAYS_IN: ReadonlySet<string> = new Set(['http', 'vault', 'aws', 'malformed', 'none'])
const wayIn = (via: string): string => (WAYS_IN.has(via) ? via : 'other')
const known = (code: string): string => (Object.hasOwn(ERRORS, code) ? code : 'other')
