import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LoadOrder, LoadReport } from './load.ts'

/** A server in a process of its own, on the first core; the load comes from the second. */
export interface Served<T> {
  /** What it said in its first line. */
  readonly said: T
  /** Resident memory now. */
  memoryMiB(): number
  stop(): Promise<void>
}

const PINS = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined
/** As `bin/coffer.js` starts it; docs/adr/0040. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  'coffer.ts': ['--max-semi-space-size=64'],
}
const SERVER_CORE = '0'
const LOAD_CORE = '1'

function start(core: string, script: string, args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const argv = [process.execPath, ...(FLAGS[script] ?? []), file, ...args]
  const [command = '', ...rest] = PINS ? ['taskset', '-c', core, ...argv] : argv
  const stderr = process.env['BENCH_STDERR'] === undefined ? 'ignore' : 'inherit'
  return spawn(command, rest, { stdio: ['pipe', 'pipe', stderr] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line
  throw new Error('A process of the benchmark ended early; see it with BENCH_STDERR=1.')
}

export async function serve<T>(script: string, order: unknown): Promise<Served<T>> {
  const child = start(SERVER_CORE, script, [JSON.stringify(order)])
  const line = await firstLine(child).catch((error: unknown) => {
    child.kill()
    throw error
  })
  return {
    said: JSON.parse(line) as T,
    memoryMiB() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
    },
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** @throws Error when anything but success was answered */
export async function load(order: LoadOrder): Promise<LoadReport> {
  const child = start(LOAD_CORE, 'load.ts', [])
  child.stdin!.end(JSON.stringify(order))
  const report = JSON.parse(await firstLine(child)) as LoadReport
  if (report.refused > 0) throw new Error(`${report.refused} requests were not answered with 2xx.`)
  return report
}

/** A request as bytes, ready for the generator. */
export function requestOf(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): string {
  const all = {
    host: 'localhost',
    ...headers,
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body}`).toString('base64')
}
